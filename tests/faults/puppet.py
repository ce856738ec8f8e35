"""A vault whose keeper is moved by hand, turn by turn, on clocks that a test sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import hitl_vault as hv
from hitl_vault.config import load
from hitl_vault.keeper.inbox import Inbox, Work
from hitl_vault.keeper.loop import Loop
from hitl_vault.keeper.patrol import EVERY
from hitl_vault.ledger.sqlite import SqliteLedger
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.layout import Layout
from hitl_vault.vault.templates import Templates
from tests.faults.inspection import misplaced

_ROUNDS = 12
_STEP = 1.2
"""Longer than any patience of the keeper with these settings."""


class Puppet:
    """A gate, a ledger and the keeper's loop, without threads of their own."""

    def __init__(self, work: Path) -> None:
        self.root, self.state = work / "vault", work / "state"
        hv.init_vault(self.root, state_dir=self.state, settle="0.05s", flag_after="0.3s", timeout="1h")
        self.wall = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self.seconds = 1000.0
        self.told: list[str] = []
        self.begin()

    def begin(self) -> None:
        """Open everything."""
        self.config = load(self.root, state_dir=self.state)
        self.ledger = SqliteLedger(
            self.config.ledger, vault_id=self.config.settings.id, clock=lambda: self.wall
        )
        self.gate = hv.Gate(self.config, self.ledger, agent="crm-bot", keeper=False)
        self.inbox = Inbox()
        self.ledger.subscribe(self.inbox.entries)
        drawer = Drawer(Templates(self.root / ".hitl" / "templates"))
        self.loop = Loop(
            self.config,
            self.ledger,
            Layout(self.root),
            drawer,
            tell=self.told.append,
            monotonic=lambda: self.seconds,
        )
        self.loop.start()

    def stop(self) -> None:
        """Close in good order."""
        self.loop.stop()
        self._close()

    def crash(self) -> None:
        """Lose all that is only in memory."""
        self.loop._syncer.stop()
        self.loop._index._db.close()
        self._close()

    def _close(self) -> None:
        self.gate._changed = False
        self.gate.close()

    def advance(self, by: timedelta) -> None:
        """Let time pass on both clocks."""
        self.wall += by
        self.seconds += by.total_seconds()

    def hear(self, *paths: Path) -> None:
        """Tell the keeper that something may have changed."""
        self.loop.receive(Work(paths=dict.fromkeys(map(str, paths))))

    def look(self) -> None:
        """Let the keeper do what is to be done right now, without any time passing."""
        for _ in range(4):
            self.loop.receive(self.inbox.take(0))
            for _ in range(4):
                self.loop.turn()

    def settle(self, *, rescan: bool) -> None:
        """Let the keeper work until nothing is left to do, time passing on its own clock only."""
        if rescan:
            self.seconds += 2 * EVERY  # the patrol goes round, too
            self.loop.receive(Work(rescans=["a test wants it"]))
        for number in range(_ROUNDS):
            self.look()
            if number > 3 and not misplaced(self.root, self.ledger):
                return
            self.seconds += _STEP
