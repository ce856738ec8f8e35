"""Processes take turns at writing, by a lock on a file next to the ledger."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType, TracebackType

try:
    import fcntl as _fcntl
except ImportError:  # no such locks on Windows
    _locks: ModuleType | None = None
else:
    _locks = _fcntl


class Turn:
    """A context that one process at a time is in.

    SQLite's own way to wait for another process is to sleep, for longer and longer; here the kernel
    wakes the next one. SQLite's lock still decides who writes: without this one it is only slower.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    def __enter__(self) -> None:
        if _locks is None:
            return
        if self._file < 0:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _locks.flock(self._file, _locks.LOCK_EX)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if _locks is not None and self._file >= 0:
            _locks.flock(self._file, _locks.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1
