"""What is read from the fold: listings, counts, search and deadlines, without touching what is large."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.requirement import Mode
from hitl_vault.domain.times import instant
from hitl_vault.errors import RequestNotFound
from hitl_vault.ledger.protocol import Row
from hitl_vault.ledger.rows import ROW_COLUMNS, row_of

MOST_FOUND = 20

_FIND = f"SELECT id FROM request WHERE instr(id, ?) ORDER BY id DESC LIMIT {MOST_FOUND}"
_BY_KEY = f"SELECT id FROM request WHERE key = ? ORDER BY asked DESC LIMIT {MOST_FOUND}"
_IDS = "SELECT asked, id FROM request WHERE state = ? AND substr(ifnull(key, ''), 1, ?) = ?"
_COUNT = "SELECT count(*) FROM request WHERE state = ?"
_DUE = """
    SELECT due, id FROM request WHERE due IS NOT NULL
    UNION ALL SELECT until, request FROM lease
    ORDER BY 1
"""
# `+` keeps the order from being had by reading every request in turn.
_STANDING = "SELECT id FROM request WHERE standing IS NOT NULL ORDER BY +asked"
_STANDING_FOR = (
    "SELECT id FROM request WHERE standing IS NOT NULL AND agent = ? AND action = ? ORDER BY asked"
)
_USES = "SELECT count(*) FROM request WHERE rule = ?"
_PENDING_IN = """
    SELECT request.id FROM request JOIN entry ON entry.seq = request.asked
    WHERE request.state = 'pending' AND entry.mode = ? ORDER BY request.asked
"""
# The entries that give a request a notice, or take it away; see `domain.fold`.
_NOTICE = """
    SELECT kind FROM entry WHERE request = ? AND kind IN (
        'refused', 'held', 'flagged', 'tampered', 'cleared', 'voted', 'questioned', 'approved', 'rejected'
    ) ORDER BY seq DESC LIMIT 1
"""
LEASED_UNTIL = "SELECT until FROM lease WHERE request = ?"
_NEWEST = "SELECT seq, at FROM entry ORDER BY seq DESC LIMIT 1"
_SET_MARK = "INSERT INTO mark VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"

END = 2**63 - 1
"""A number after every entry's."""


def rows(
    connection: sqlite3.Connection,
    states: Collection[State],
    limit: int | None,
    after: str | None,
    newest_first: bool,
    only: Mapping[str, str | None],
) -> list[Row]:
    """See `Ledger.rows`. Each state is read by itself: in any other plan the cost grows with the rest.

    `only` are columns and the values that they are to have, None for any.
    """
    start = _asked(connection, after) if after is not None else None
    found: list[tuple[Any, ...]] = []
    wanted: list[State | None] = [*sorted(states)] or [None]
    for state in wanted:
        held_to = {**only, "state": None if state is None else str(state)}
        found += _alike(connection, held_to, limit, start, newest_first)
    if len(states) > 1:
        found.sort(key=lambda columns: columns[-1], reverse=newest_first)
    return [row_of(columns[:-1]) for columns in found[:limit]]


def ids(connection: sqlite3.Connection, states: Collection[State], key: str) -> list[str]:
    """See `Ledger.ids`."""
    found: list[tuple[int, str]] = []
    for state in sorted(states):
        found += connection.execute(_IDS, (str(state), len(key), key)).fetchall()
    return [id for _, id in sorted(found)]


def on_hold(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, Kind]:
    """Return which of these requests are held or flagged: an answer was found that cannot count."""
    latest = ((id, connection.execute(_NOTICE, (id,)).fetchone()) for id in ids)
    return {id: Kind(row[0]) for id, row in latest if row and row[0] in (Kind.HELD, Kind.FLAGGED)}


def counts(connection: sqlite3.Connection, states: Collection[State]) -> dict[State, int]:
    """See `Ledger.counts`."""
    wanted = list(states) or list(State)
    return {state: connection.execute(_COUNT, (str(state),)).fetchone()[0] for state in wanted}


def find(connection: sqlite3.Connection, part: str) -> list[str]:
    """See `Ledger.find`."""
    if connection.execute("SELECT 1 FROM request WHERE id = ?", (part,)).fetchall():
        return [part]
    if not part:
        return []
    found = connection.execute(_FIND, (part,)).fetchall() or connection.execute(_BY_KEY, (part,)).fetchall()
    return [id for (id,) in found]


def due(connection: sqlite3.Connection) -> list[tuple[datetime, str]]:
    """See `Ledger.due`."""
    return [(instant(at), id) for at, id in connection.execute(_DUE).fetchall()]


def pending_in(connection: sqlite3.Connection, mode: Mode) -> list[str]:
    """See `Ledger.pending_in`."""
    return [id for (id,) in connection.execute(_PENDING_IN, (str(mode),)).fetchall()]


def standing(connection: sqlite3.Connection, agent: str | None, action: str | None) -> list[str]:
    """See `Ledger.standing`."""
    if agent is not None and action is not None:
        found = connection.execute(_STANDING_FOR, (agent, action)).fetchall()
    else:
        found = connection.execute(_STANDING).fetchall()
    return [id for (id,) in found]


def uses(connection: sqlite3.Connection, rule: str) -> int:
    """See `Ledger.uses`."""
    return int(connection.execute(_USES, (rule,)).fetchone()[0])


def leased_until(connection: sqlite3.Connection, id: str) -> datetime | None:
    """See `Ledger.leased_until`."""
    found = connection.execute(LEASED_UNTIL, (id,)).fetchall()
    return instant(found[0][0]) if found else None


def last(connection: sqlite3.Connection) -> tuple[int, datetime | None]:
    """Return the number and the time of the last entry; 0 and None if there is none."""
    found = connection.execute(_NEWEST).fetchall()
    return (found[0][0], instant(found[0][1])) if found else (0, None)


def mark(connection: sqlite3.Connection, name: str) -> str | None:
    """See `Ledger.get_mark`."""
    found = connection.execute("SELECT value FROM mark WHERE name = ?", (name,)).fetchall()
    return found[0][0] if found else None


def set_mark(connection: sqlite3.Connection, name: str, value: str) -> None:
    """See `Ledger.set_mark`."""
    connection.execute(_SET_MARK, (name, value))


def _alike(
    connection: sqlite3.Connection,
    only: Mapping[str, str | None],
    limit: int | None,
    start: int | None,
    newest_first: bool,
) -> list[tuple[Any, ...]]:
    compare, order, default = ("<", "DESC", END) if newest_first else (">", "ASC", 0)
    values: list[Any] = [value for value in only.values() if value is not None]
    condition = "".join(f"{name} = ? AND " for name, value in only.items() if value is not None)
    values += [default if start is None else start, -1 if limit is None else min(limit, END)]
    statement = (
        f"SELECT {ROW_COLUMNS}, asked FROM request WHERE {condition}asked {compare} ? "
        f"ORDER BY asked {order} LIMIT ?"
    )
    return connection.execute(statement, values).fetchall()


def _asked(connection: sqlite3.Connection, id: str) -> int:
    found = connection.execute("SELECT asked FROM request WHERE id = ?", (id,)).fetchall()
    if not found:
        raise RequestNotFound(f"no request has the id {id!r}", id=id)
    return int(found[0][0])
