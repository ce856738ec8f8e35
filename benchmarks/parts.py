"""The floor's work done with the parts that we are made of: watchdog's reader, and a ledger in SQLite.

Two entries and their fold in one transaction, in the tables that ours has; nothing is checked, chained
or drawn. What it takes beyond the floor is the price of those parts, not of what we do with them.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyEvent, InotifyFD, Mask

from hitl_vault.ledger.schema import prepare

AT = "2026-01-02T03:04:05.000000Z"
ENTRY = "INSERT INTO entry VALUES (?, ?, ?, ?, 'open', ?, ?, ?)"
REQUEST = """
INSERT INTO request (asked, id, state, action, agent, summary, risk, created, changed, seq)
VALUES (?, ?, 'pending', 'refund', 'bench', ?, 'low', ?, ?, ?)
"""
DECIDED = "UPDATE request SET state = 'approved', changed = ?, decided = ?, seq = ? WHERE id = ?"
BODIES = {"asked": "x" * 900, "voted": "x" * 400, "approved": "x" * 200}


class Parts:
    """Keeps `Pending/` below `folder`, and calls `wake` for each note that was approved there."""

    def __init__(self, folder: Path, wake: Callable[[], object]) -> None:
        self._pending = folder / "Pending"
        self._wake = wake
        self._seq = 0
        path = folder / "ledger.db"
        self._ledger = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            self._ledger.execute(f"PRAGMA {pragma}")
        prepare(self._ledger, path, "bench")
        self._reader = InotifyFD()
        self._reader.start()
        closed = Mask(InotifyConstants.IN_CLOSE_WRITE)
        self._reader.add_callback(os.fsencode(self._pending), closed, self, CallbackId(1))

    def ask(self, name: str) -> None:
        """Record that something was asked."""
        self._ledger.execute("BEGIN IMMEDIATE")
        self._append("asked", name)
        self._ledger.execute(REQUEST, (self._seq, name, "x" * 30, AT, AT, self._seq))
        self._ledger.execute("COMMIT")

    def on_event(self, event: InotifyEvent) -> None:
        """Record the answer and wake; called by watchdog's reader."""
        name = os.fsdecode(event.name)
        if b"status: approved" not in (self._pending / name).read_bytes():
            return
        self._ledger.execute("BEGIN IMMEDIATE")
        self._append("voted", name)
        self._append("approved", name)
        self._ledger.execute(DECIDED, (AT, AT, self._seq, name))
        self._ledger.execute("COMMIT")
        self._wake()

    def on_watch_deleted(self, wd: object) -> None:
        """The folder outlives the run."""

    def on_queue_overflow(self) -> None:
        """One note is saved at a time."""

    def close(self) -> None:
        """Stop keeping."""
        self._reader.stop()
        self._reader.join()
        self._ledger.close()

    def _append(self, kind: str, name: str) -> None:
        self._seq += 1
        self._ledger.execute(ENTRY, (self._seq, AT, kind, name, BODIES[kind], "a" * 64, "b" * 64))
