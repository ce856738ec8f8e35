"""Wakes the other processes that listen to a ledger, by a named pipe for each of them."""

from __future__ import annotations

import errno
import os
import secrets
import select
from pathlib import Path
from typing import Protocol

from hitl_vault.errors import LedgerUnavailable
from hitl_vault.wakeup import Wakeup


class Bell(Protocol):
    """Rings at every other listener, and waits to be rung at."""

    def ring(self) -> None:
        """Wake every other listener. Never waits, never fails."""
        ...

    def listen(self) -> None:
        """Begin to be woken: whatever is rung from now on ends a `wait`. Raises `LedgerUnavailable`."""
        ...

    def wait(self, timeout: float) -> None:
        """Return when rung at or nudged, or after at most `timeout` seconds."""
        ...

    def nudge(self) -> None:
        """End this process's own `wait`."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...

    def release(self) -> None:
        """In a forked process: let go of what belongs to the one it was forked from."""
        ...


def hang_bell(folder: Path) -> Bell:
    """Return a bell for the ledger whose listeners keep their pipes in `folder`."""
    return PipeBell(folder) if hasattr(os, "mkfifo") else PollBell()


class PipeBell(Bell):
    """A named pipe per listener. One whose reader is gone is removed by whoever rings next."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path: Path | None = None
        self._pipe = -1

    def ring(self) -> None:
        own = self._path.name if self._path else ""
        try:
            names = os.listdir(self._folder)
        except OSError:  # what was committed is committed; listeners look by themselves within a second
            return
        for name in names:
            if name != own and not name.startswith("."):
                _ring(os.path.join(self._folder, name))

    def listen(self) -> None:
        try:
            self._listen()
        except OSError as error:
            raise LedgerUnavailable(f"{self._folder}: cannot listen for changes: {error}") from error

    def _listen(self) -> None:
        name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Under its final name a pipe without a reader would be taken for a dead listener's.
        hidden = self._folder / f".{name}"
        os.mkfifo(hidden, 0o600)
        self._pipe = os.open(hidden, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._path = hidden.rename(self._folder / name)

    def wait(self, timeout: float) -> None:
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        if poll.poll(timeout * 1000):
            _drain(self._pipe)

    def nudge(self) -> None:
        _write(self._pipe)

    def close(self) -> None:
        if self._path is not None:
            _remove(os.fspath(self._path))
        self.release()

    def release(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
        self._pipe, self._path = -1, None


class PollBell(Bell):
    """For systems without named pipes: listeners look five times a second."""

    interval = 0.2

    def __init__(self) -> None:
        self._nudged = Wakeup()

    def ring(self) -> None:
        return

    def listen(self) -> None:
        return

    def wait(self, timeout: float) -> None:
        self._nudged.wait(min(timeout, self.interval))

    def nudge(self) -> None:
        self._nudged.ring()

    def close(self) -> None:
        return

    def release(self) -> None:
        return


def _ring(path: str) -> None:
    try:
        pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:  # nobody reads it any more
            _remove(path)
        return
    try:
        _write(pipe)
    finally:
        os.close(pipe)


def _write(pipe: int) -> None:
    try:
        os.write(pipe, b"!")
    except OSError:
        return  # full of unread rings: it will wake; or broken: it looks by itself within a second


def _drain(pipe: int) -> None:
    try:
        os.read(pipe, 65536)
    except BlockingIOError:
        return


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
