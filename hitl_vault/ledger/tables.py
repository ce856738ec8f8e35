"""Entries and records as SQLite keeps them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hitl_vault.domain.canonical import parsed
from hitl_vault.domain.due import next_due
from hitl_vault.domain.entry import Entry
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import Mode
from hitl_vault.domain.times import instant, text_of
from hitl_vault.errors import LedgerBroken
from hitl_vault.ledger.protocol import SUMMARY_LIMIT
from hitl_vault.ledger.rows import ROW_COLUMNS

ENTRY_COLUMNS = "seq, at, kind, request, mode, body, prev, hash"

ENTRIES_OF = f"SELECT {ENTRY_COLUMNS} FROM entry WHERE request = ? ORDER BY seq"
INSERT_ENTRY = f"INSERT INTO entry ({ENTRY_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_REQUEST = f"INSERT INTO request ({ROW_COLUMNS}, asked) VALUES ({', '.join('?' * 17)})"
UPDATE_REQUEST = (
    "UPDATE request SET state = ?, expires = ?, changed = ?, decided = ?, due = ?, standing = ?, rule = ?, "
    "seq = ? WHERE id = ?"
)

_KINDS = {str(kind): kind for kind in Kind}
_MODES = {str(mode): mode for mode in Mode}


def entry_of(columns: tuple[Any, ...]) -> Entry:
    """Return the entry that `ENTRY_COLUMNS` hold; `LedgerBroken` if they hold none."""
    seq, at, kind, request, mode, body, prev, hash = columns
    try:
        return Entry(
            seq=seq,
            at=instant(at),
            kind=_KINDS[kind],
            request=request,
            mode=_MODES[mode],
            body=parsed(body),
            prev=prev,
            hash=hash,
        )
    except (KeyError, ValueError, RecursionError) as error:
        raise LedgerBroken(f"entry {seq} cannot be read: {error!r}", seq=seq) from error


def columns_of(record: Record) -> tuple[Any, ...]:
    """Return the values of `ROW_COLUMNS` for a record."""
    request = record.request
    return (
        request.id,
        str(record.state),
        request.action,
        request.agent,
        request.summary[:SUMMARY_LIMIT],
        str(request.risk.level),
        text_of(request.created),
        _text(record.expires),
        text_of(record.changed),
        _decided(record),
        request.run,
        request.key,
        _text(next_due(record)),
        _standing(record),
        _rule(record),
        record.seq,
    )


def changes_of(record: Record) -> tuple[Any, ...]:
    """Return the values that `UPDATE_REQUEST` takes for a record."""
    return (
        str(record.state),
        _text(record.expires),
        text_of(record.changed),
        _decided(record),
        _text(next_due(record)),
        _standing(record),
        _rule(record),
        record.seq,
        record.id,
    )


def _text(at: datetime | None) -> str | None:
    return None if at is None else text_of(at)


def _decided(record: Record) -> str | None:
    return text_of(record.decision.at) if record.decision else None


def _standing(record: Record) -> str | None:
    rule = record.standing
    return text_of(rule.ends) if rule and rule.ended is None else None


def _rule(record: Record) -> str | None:
    return record.decision.rule or None if record.decision else None
