"""Tells of changes in a vault, and never goes deaf without saying so."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias

from hitl_vault.errors import VaultError
from hitl_vault.vault.hearing import best
from hitl_vault.vault.listener import FOLDERS, LIMITS, Calls, Listener, refused, words
from hitl_vault.vault.mounts import silent_filesystem
from hitl_vault.vault.sentinel import Sentinel

State: TypeAlias = Literal["events", "polling", "lost"]

_HEARD_WITHIN = 1.0
_GATHER = 0.05

_log = logging.getLogger(__name__)


class Watcher:
    """Watches one vault from `start` to `stop`.

    `on_path` gets every file that may have changed; it must be quick. `on_rescan` gets the reason
    whenever changes may have gone unheard and everything should be looked at: after lost events and
    after watching anew, every `full_interval`, and every `poll_interval` while polling.
    `on_state` gets a sentence whenever the mode changes or something is wrong or well again. All
    three are called from threads of the watcher; what they raise is reported and does not stop it.

    `mode`: `auto` listens for events and polls where none arrive; `events` listens also on file
    systems that do not report the changes of other machines; `polling` only polls. Where events
    are refused or fail a self-test both of the former poll, and try again every `full_interval`.
    All intervals are in seconds.
    """

    def __init__(
        self,
        root: Path,
        *,
        on_path: Callable[[str], None],
        on_rescan: Callable[[str], None],
        on_state: Callable[[str], None],
        mode: Literal["auto", "events", "polling"] = "auto",
        poll_interval: float = 1.0,
        check_interval: float = 2.0,
        full_interval: float = 60.0,
    ) -> None:
        self.state: State = "lost"
        self._root = root
        self._on_path, self._on_rescan, self._on_state = on_path, on_rescan, on_state
        self._mode = mode
        self._poll, self._check, self._full = poll_interval, check_interval, full_interval
        self._calls = Calls(path=self._heard, stir=self._stir, failed=self._failed)
        self._sentinel = Sentinel(root)
        self._listener: Listener | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._events = 0
        self._failures = 0
        self._failure: Exception | None = None
        self._untested = False
        self._missing: list[str] = []
        self._trouble = ""
        self._lacking = ""
        self._next_full = 0.0

    def start(self) -> None:
        """Begin. Changes made after the return are told of, or `on_state` has said why not."""
        if self._thread is not None:
            return
        self._stopping.clear()
        self._next_full = time.monotonic() + self._full
        self._missing = self._gone()
        if self._root.is_dir():
            self._begin()
        else:
            self._lose()
        self._thread = threading.Thread(target=self._run, name="hitl-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, leaving no thread behind. Harmless if not started."""
        self._stopping.set()
        self._wake.set()
        self._sentinel.give_up()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        self._replace_listener(None)

    # What listeners call, from their own thread.

    def _heard(self, path: str) -> None:
        self._events += 1
        if self._sentinel.notice(path):
            return
        try:
            self._on_path(path)
        except Exception as error:
            self._failed(error)

    def _stir(self) -> None:
        self._wake.set()

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        self._failure = error
        self._wake.set()

    # The supervising thread.

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                pause = self._turn()
            except Exception as error:
                _log.debug("watching stumbled", exc_info=True)
                self._say(f"Watching the vault stumbled and goes on: {words(error)}")
                pause = self._check
            self._wake.wait(pause)
            if self._wake.is_set():
                self._wake.clear()
                self._stopping.wait(_GATHER)  # let what belongs together arrive

    def _turn(self) -> float:
        if not self._root.is_dir():
            return self._lose()
        if self.state == "lost":
            self._trouble = ""
            self._say(f"The vault {self._root} is back.")
            self._begin()
            self._rescan("the vault is back")
        self._report_failure()
        self._report_missing()
        return self._turn_polling() if self.state == "polling" else self._turn_events()

    def _turn_events(self) -> float:
        fault = self._listener.fault() if self._listener else "nothing listens"
        full = self._is_full_due()
        if fault:
            self._listen_anew(fault)
        elif self._untested or full:
            self._test()
        if full:
            self._rescan("routine")
        return self._poll if self.state == "polling" else self._check

    def _turn_polling(self) -> float:
        if self._is_full_due() and self._mode != "polling" and self._refusal() is None:
            self._begin()
            self._test()
        self._rescan("polling")
        return self._poll if self.state == "polling" else self._check

    def _lose(self) -> float:
        self._replace_listener(None)
        self.state = "lost"
        self._say_once(f"The vault {self._root} is gone; looking for it every {self._check:g} s.")
        return self._check

    def _begin(self) -> None:
        """Listen if that is wanted and possible, otherwise poll and say why."""
        refusal = self._refusal()
        if self._mode == "polling":
            self.state = "polling"
        elif refusal:
            self._fall_back(refusal)
        else:
            self._listen()

    def _refusal(self) -> str | None:
        kind = silent_filesystem(self._root) if self._mode == "auto" else None
        return kind and f"The vault lies on {kind}, which does not report what other machines change."

    def _listen(self) -> bool:
        """Put a new listener in the place of the old one, without a gap between them."""
        kind, lacking = best()
        found = kind(self._root, self._calls)
        try:
            found.start()
        except OSError as error:
            self._fall_back(refused(error))
            return False
        self._replace_listener(found)
        self.state, self._untested = "events", True
        if lacking != self._lacking:
            self._lacking = lacking
            self._say(lacking)
        return True

    def _listen_anew(self, fault: str) -> None:
        if not self._root.is_dir() or not self._listen():
            return
        self._say(f"Changes may have been missed: {fault}. Watching anew and reading everything.")
        self._test()
        self._rescan(fault)

    def _test(self) -> None:
        """Make sure that a change is heard. A new listener gets a second try; then poll."""
        before = self._events
        problem = self._unheard()
        if problem and self._events == before and self._root.is_dir() and self._listen():
            problem = self._unheard()
            self._rescan("changes were not reported")
        if not problem:
            self._untested = False
            self._recover()
        elif (
            self.state == "events" and self._events == before and self._root.is_dir()
        ):  # else it is only busy, or gone
            self._fall_back(problem)

    def _unheard(self) -> str:
        try:
            heard = self._sentinel.is_heard(_HEARD_WITHIN)
        except (OSError, VaultError) as error:
            self._stopping.wait(_GATHER)
            return f"Whether changes are reported cannot be tested ({words(error)})."
        return "" if heard else "The system does not report changes in the vault."

    def _recover(self) -> None:
        if self._trouble:
            self._trouble = ""
            self._say("Changes in the vault are reported again.")

    def _fall_back(self, why: str) -> None:
        self._replace_listener(None)
        self.state = "polling"
        self._say_once(f"{why} Reading the vault every {self._poll:g} s instead.")

    def _replace_listener(self, new: Listener | None) -> None:
        old, self._listener = self._listener, new
        if old is not None:
            old.stop()

    # Telling.

    def _is_full_due(self) -> bool:
        now = time.monotonic()
        if now < self._next_full:
            return False
        self._next_full = now + self._full
        return True

    def _gone(self) -> list[str]:
        return [name for name in FOLDERS if not (self._root / name).is_dir()]

    def _report_missing(self) -> None:
        gone = self._gone()
        if gone != self._missing and self._root.is_dir():
            self._missing = gone
            self._say(f"Missing in the vault: {', '.join(gone)}." if gone else "All folders are there again.")
            self._rescan("a folder came or went")

    def _report_failure(self) -> None:
        error, times = self._failure, self._failures
        if error is None:
            return
        self._failure, self._failures = None, 0
        if isinstance(error, OSError) and error.errno in LIMITS:
            self._fall_back(refused(error))
            return
        self._say(f"A change in the vault could not be dealt with ({times} times, last: {words(error)}).")
        self._rescan("a change could not be dealt with")

    def _rescan(self, reason: str) -> None:
        try:
            self._on_rescan(reason)
        except Exception as error:
            _log.debug("a rescan failed", exc_info=True)
            self._say(f"Reading the whole vault failed: {words(error)}")

    def _say_once(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._say(trouble)

    def _say(self, sentence: str) -> None:
        try:
            self._on_state(sentence)
        except Exception:  # who cannot be told must not end the watching
            _log.exception("nobody could be told: %s", sentence)
