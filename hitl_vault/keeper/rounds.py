"""What the active keeper does when there is time: looking around, and having the record signed."""

from __future__ import annotations

import time
from collections.abc import Callable

from hitl_vault.acceptance import Lookout
from hitl_vault.checkpoints import Checkpoints
from hitl_vault.config import Config
from hitl_vault.keeper.index import Index
from hitl_vault.keeper.notary import Notary
from hitl_vault.keeper.patrol import Patrol
from hitl_vault.keeper.resolved import Misfit, Resolved
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.vault.layout import Layout


class Rounds:
    """All that can wait. Each step is short. `report` takes notes that do not fit the record."""

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        layout: Layout,
        resolved: Resolved,
        index: Index,
        *,
        report: Callable[[Misfit], None],
        monotonic: Callable[[], float] = time.monotonic,
        tell: Callable[[str], None],
    ) -> None:
        self._patrol = Patrol(layout, resolved, index, report=report, tell=tell, monotonic=monotonic)
        self._lookout = Lookout(config, ledger, monotonic=monotonic, tell=tell)
        self._notary = Notary(Checkpoints(config, ledger), ledger, monotonic=monotonic, tell=tell)

    def step(self, last: int, *, idle: bool) -> None:
        """Do some of it; `last` is the number of the newest entry."""
        self._notary.step(last)
        if idle:
            self._patrol.step()
            self._lookout.step()

    def next_in(self) -> float:
        """Return the seconds until there is more to do."""
        return self._patrol.next_in()

    def stop(self) -> None:
        """Finish what goes on in other threads."""
        self._notary.stop()
