"""Where the watcher and the ledger leave word for the keeper's loop."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from hitl_vault.domain.entry import Entry


@dataclass
class Work:
    """What has arrived: paths to look at, entries to draw, reasons to look at everything."""

    paths: dict[Path, None] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    rescans: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.paths or self.entries or self.rescans)


class Inbox:
    """A mailbox for many senders and one reader. Sending never blocks and never fails."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._work = Work()
        self._rung = False
        # Held until something has arrived. A condition would take three times as long to wake the reader.
        self._bell = threading.Lock()
        self._bell.acquire()

    def path(self, path: Path) -> None:
        """Leave word that something may have changed at `path`."""
        with self._mutex:
            self._work.paths[path] = None
            self._ring()

    def entries(self, entries: list[Entry]) -> None:
        """Leave word of new entries in the ledger."""
        with self._mutex:
            self._work.entries.extend(entries)
            self._ring()

    def rescan(self, reason: str) -> None:
        """Leave word that events may have been lost."""
        with self._mutex:
            self._work.rescans.append(reason)
            self._ring()

    def wake(self) -> None:
        """Let the reader return at once."""
        with self._mutex:
            self._ring()

    def take(self, timeout: float) -> Work:
        """Return all that has arrived, waiting up to `timeout` seconds for the first of it."""
        rung = self._bell.acquire(timeout=timeout)
        with self._mutex:
            if self._rung and not rung:  # only now
                self._bell.acquire()
            work, self._work, self._rung = self._work, Work(), False
            return work

    def _ring(self) -> None:
        if not self._rung:
            self._rung = True
            self._bell.release()
