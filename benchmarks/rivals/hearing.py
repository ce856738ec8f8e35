"""Lets our own keeper hear of changes through watchfiles, to know what that would change."""

from __future__ import annotations

import threading
from pathlib import Path

from hitl_vault.vault import watch
from hitl_vault.vault.listener import FOLDERS, SETTINGS_FOLDER, Calls


class WatchfilesListener:
    """A listener on watchfiles, set to tell as soon as it can; see `Listener`."""

    def __init__(self, root: Path, calls: Calls) -> None:
        self._folders = [root / name for name in (*FOLDERS, SETTINGS_FOLDER)]
        self._calls = calls
        self._stop = threading.Event()
        self._began = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin; see `Listener`."""
        self._thread.start()
        self._began.wait()

    def stop(self) -> None:
        """End; see `Listener`."""
        self._stop.set()
        self._thread.join()

    def fault(self) -> str | None:
        """Say why changes may go unheard; see `Listener`."""
        return None

    def _run(self) -> None:
        import watchfiles

        found = watchfiles.watch(
            *self._folders, step=1, debounce=1, rust_timeout=100, yield_on_timeout=True, stop_event=self._stop
        )
        next(found, None)  # the first time-out: by then it watches
        self._began.set()
        for changes in found:
            for _, path in changes:
                self._calls.path(path)


def use_watchfiles() -> None:
    """Replace the listener of every keeper in this process."""
    setattr(watch, "_listener", WatchfilesListener)  # noqa: B010
