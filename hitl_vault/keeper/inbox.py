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
        self._changed = threading.Condition()
        self._work = Work()
        self._woken = False

    def path(self, path: Path) -> None:
        """Leave word that something may have changed at `path`."""
        with self._changed:
            self._work.paths[path] = None
            self._changed.notify()

    def entries(self, entries: list[Entry]) -> None:
        """Leave word of new entries in the ledger."""
        with self._changed:
            self._work.entries.extend(entries)
            self._changed.notify()

    def rescan(self, reason: str) -> None:
        """Leave word that events may have been lost."""
        with self._changed:
            self._work.rescans.append(reason)
            self._changed.notify()

    def wake(self) -> None:
        """Let the reader return at once."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def take(self, timeout: float) -> Work:
        """Return all that has arrived, waiting up to `timeout` seconds for the first of it."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._work) or self._woken, timeout)
            work, self._work, self._woken = self._work, Work(), False
            return work
