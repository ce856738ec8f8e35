"""A ledger whose file somebody has changed: verification must notice, whatever it was."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import hitl_vault as hv
from hitl_vault.domain.entry import hash_of
from hitl_vault.ledger.sqlite import SqliteLedger
from hitl_vault.ledger.tables import entry_of
from tests.faults.plot import CONTEXT
from tests.house import House

_FORGERIES = {
    "body": "UPDATE entry SET body = replace(body, '900', '9000') WHERE seq = 1",
    "time": "UPDATE entry SET at = replace(at, '2', '1') WHERE seq = 2",
    "mode": "UPDATE entry SET mode = 'signed' WHERE seq = 2",
    "request": "UPDATE entry SET request = (SELECT request FROM entry WHERE seq = 4) WHERE seq = 3",
    "kind": "UPDATE entry SET kind = 'rejected' WHERE seq = 3",
    "last entry's hash": "UPDATE entry SET hash = prev WHERE seq = (SELECT max(seq) FROM entry)",
    "an entry removed": "DELETE FROM entry WHERE seq = 2",
    "the fold": "UPDATE request SET state = 'approved' WHERE state = 'pending'",
    "the fold's deadline": "UPDATE request SET expires = NULL WHERE state = 'pending'",
    "who voted, and the hash of that entry": (
        "UPDATE entry SET body = replace(body, 'ana', 'eve') WHERE seq = 2"
    ),
    "a request dropped from the fold": "DELETE FROM request WHERE state = 'pending'",
}


def unnoticed(work: Path) -> list[str]:
    """Return the forgeries that verification lets pass."""
    house = House(work / "forged")
    config = house.found()
    with hv.open_gate(house.root, state_dir=house.state, keeper=False) as gate:
        first = gate.ask("refund", CONTEXT)
        gate.decide(first.id, "approve", by="ana")
        gate.ask("refund", CONTEXT)
        gate._changed = False
    return [name for name in _FORGERIES if not _noticed(config, work / name.replace(" ", "-"), name)]


def _noticed(config: hv.Config, folder: Path, name: str) -> bool:
    folder.mkdir()
    for part in config.state.glob("ledger.db*"):
        shutil.copy(part, folder)
    with closing(sqlite3.connect(folder / "ledger.db")) as forger:
        for (trigger,) in list(_triggers(forger)):
            forger.execute(f"DROP TRIGGER {trigger}")
        forger.execute(_FORGERIES[name])
        if "hash of that entry" in name:
            _make_fit(forger, 2)
        forger.commit()
    with closing(SqliteLedger(folder / "ledger.db", vault_id=config.settings.id)) as ledger:
        try:
            ledger.verify()
        except hv.LedgerBroken:
            return True
    return False


def _make_fit(forger: sqlite3.Connection, seq: int) -> None:
    """Hash an entry anew, so that only the one after it can tell."""
    columns = forger.execute(
        "SELECT seq, at, kind, request, mode, body, prev, hash FROM entry WHERE seq = ?", (seq,)
    ).fetchone()
    forger.execute("UPDATE entry SET hash = ? WHERE seq = ?", (hash_of(entry_of(columns)), seq))


def _triggers(forger: sqlite3.Connection) -> Iterator[tuple[str]]:
    yield from forger.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
