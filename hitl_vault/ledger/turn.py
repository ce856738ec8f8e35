"""Processes take turns at writing, by a lock on a file next to the ledger."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path
from types import TracebackType

from hitl_vault.errors import LedgerUnavailable


class Turn:
    """A context that one process at a time is in, more or less in the order in which they came.

    SQLite's own way to wait for another process is to sleep, for longer and longer, while a busy
    one may write for seconds; here the kernel wakes those that wait, though one that comes at that
    very moment may be first. Whether a process may write is still decided by SQLite: without this
    lock it only waits longer. Raises `LedgerUnavailable` when the turn has not come within `timeout`
    seconds.
    """

    def __init__(self, path: Path, timeout: float) -> None:
        self._path = path
        self._timeout = timeout
        self._file = -1

    def __enter__(self) -> None:
        if self._file < 0:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._queue_up()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        except OSError:  # what was done in this turn is done; closing the file lets go of the lock too
            self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _queue_up(self) -> None:
        place = _Place(self._file)
        # Until the turn has come the file is the place's: who stops waiting must not keep its lock.
        self._file = -1
        self._file = place.wait(self._timeout)
        if self._file < 0:
            raise LedgerUnavailable(
                f"{self._path}: another process has been writing for {self._timeout:g} s, nothing recorded"
            )


class _Place:
    """A place in the kernel's line, which has no time limit of its own: a thread stands in it."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._given_up = False
        self._mutex = threading.Lock()
        self._come = threading.Lock()
        self._come.acquire()
        threading.Thread(target=self._stand, name="hitl-ledger-turn", daemon=True).start()

    def wait(self, timeout: float) -> int:
        """Return the file once it is locked, -1 if that took too long."""
        try:
            come = self._come.acquire(timeout=timeout)
        except BaseException:  # whoever is interrupted must not keep the turn
            if not self._give_up():
                os.close(self._file)
            raise
        return self._file if come or not self._give_up() else -1

    def _stand(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        with self._mutex:
            if self._given_up:
                os.close(self._file)
            else:
                self._come.release()

    def _give_up(self) -> bool:
        """Leave the line; False if the turn has come meanwhile."""
        with self._mutex:
            self._given_up = not self._come.acquire(blocking=False)
            return self._given_up
