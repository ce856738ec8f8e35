"""Where the watcher and the ledger leave word for the keeper's loop."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from hitl_vault.domain.entry import Entry
from hitl_vault.wakeup import Wakeup


@dataclass
class Work:
    """What has arrived: paths to look at, entries to draw, reasons to look at everything."""

    paths: dict[str, None] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    rescans: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.paths or self.entries or self.rescans)


class Inbox:
    """A mailbox for many senders and one reader. Sending never blocks and never fails."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._work = Work()
        self._arrived = Wakeup()

    def path(self, path: str) -> None:
        """Leave word that something may have changed at `path`."""
        with self._mutex:
            self._work.paths[path] = None
        self._arrived.ring()

    def entries(self, entries: list[Entry]) -> None:
        """Leave word of new entries in the ledger."""
        with self._mutex:
            self._work.entries.extend(entries)
        self._arrived.ring()

    def rescan(self, reason: str) -> None:
        """Leave word that events may have been lost."""
        with self._mutex:
            self._work.rescans.append(reason)
        self._arrived.ring()

    def wake(self) -> None:
        """Let the reader return at once."""
        self._arrived.ring()

    def take(self, timeout: float) -> Work:
        """Return all that has arrived, waiting up to `timeout` seconds for the first of it."""
        self._arrived.wait(timeout)
        with self._mutex:
            work, self._work = self._work, Work()
            return work
