"""The implementations of each protocol; a contract test runs once for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from hitl_vault.ledger.protocol import Ledger
from hitl_vault.ledger.reading import system_clock
from hitl_vault.ledger.sqlite import SqliteLedger
from tests.ledger_jobs import Clock, Opener


def sqlite(folder: Path, vault_id: str, clock: Clock) -> Ledger:
    """Open the SQLite ledger of a state directory."""
    return SqliteLedger(folder / "ledger.db", vault_id=vault_id, clock=clock)


LEDGERS = {"sqlite": sqlite}


@pytest.fixture(params=LEDGERS)
def open_ledger(request: pytest.FixtureRequest, work: Path) -> Iterator[Opener]:
    """Return what opens ledgers on one and the same place."""
    with ExitStack() as stack:

        def opened(*, vault_id: str = "v1", clock: Clock = system_clock) -> Ledger:
            return stack.enter_context(closing(LEDGERS[request.param](work / "state", vault_id, clock)))

        yield opened


@pytest.fixture
def ledger(open_ledger: Opener, clock: Clock) -> Ledger:
    """Return a ledger on the settable clock."""
    return open_ledger(clock=clock)
