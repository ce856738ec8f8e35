"""Whether the fold says what the entries say, and making it anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby
from typing import Any, cast

from hitl_vault.domain.record import Record
from hitl_vault.errors import LedgerBroken
from hitl_vault.ledger.chain import record_of
from hitl_vault.ledger.rows import ROW_COLUMNS
from hitl_vault.ledger.tables import ENTRY_COLUMNS, INSERT_REQUEST, columns_of, entry_of

_PAGE = 500

# Entries without a request are about the vault as a whole and not folded.
_END_OF_PAGE = """
    SELECT max(request) FROM (SELECT DISTINCT request FROM entry WHERE request > ? ORDER BY request LIMIT ?)
"""
_REST = "SELECT max(id) FROM request WHERE id > ?"
_ENTRIES = f"SELECT {ENTRY_COLUMNS} FROM entry WHERE request > ? AND request <= ? ORDER BY request, seq"
_ROWS = f"SELECT {ROW_COLUMNS}, asked FROM request WHERE id > ? AND id <= ?"


def check_page(connection: sqlite3.Connection, after: str) -> str | None:
    """Check the fold of some requests, by id from the one after `after`; return the last, None at the end.

    Reads one moment of the ledger, and only shortly: a long transaction would hold up checkpoints.
    """
    connection.execute("BEGIN")
    try:
        last = _end_of_page(connection, after)
        if last is not None:
            _compare(_folds(connection, after, last), _stored(connection, after, last))
        return last
    finally:
        connection.execute("COMMIT")


def rebuild(connection: sqlite3.Connection) -> None:
    """Replace the whole fold, in the transaction that is open."""
    connection.execute("DELETE FROM request")
    after = ""
    while (last := _end_of_page(connection, after)) is not None:
        connection.executemany(INSERT_REQUEST, list(_folds(connection, after, last).values()))
        after = last


def _end_of_page(connection: sqlite3.Connection, after: str) -> str | None:
    (end,) = connection.execute(_END_OF_PAGE, (after, _PAGE)).fetchone()
    if end is None:  # no more entries, but perhaps rows that have none
        (end,) = connection.execute(_REST, (after,)).fetchone()
    return cast(str | None, end)


def _folds(connection: sqlite3.Connection, after: str, last: str) -> dict[str, tuple[Any, ...]]:
    return {record.id: (*columns_of(record), asked) for record, asked in _records(connection, after, last)}


def _records(connection: sqlite3.Connection, after: str, last: str) -> Iterator[tuple[Record, int]]:
    found = map(entry_of, connection.execute(_ENTRIES, (after, last)).fetchall())
    for _, group in groupby(found, key=lambda entry: entry.request):
        entries = list(group)
        yield record_of(entries), entries[0].seq


def _stored(connection: sqlite3.Connection, after: str, last: str) -> dict[str, tuple[Any, ...]]:
    return {columns[0]: columns for columns in connection.execute(_ROWS, (after, last)).fetchall()}


def _compare(folded: dict[str, tuple[Any, ...]], stored: dict[str, tuple[Any, ...]]) -> None:
    for id in folded.keys() | stored.keys():
        if folded.get(id) != stored.get(id):
            seq = max(columns[id][-2] for columns in (folded, stored) if id in columns)
            raise LedgerBroken(f"the fold of {id} is not what its entries say (entry {seq})", seq=seq)
