"""Which earlier drawings of a request may still be found in its note, and are no change by anybody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hitl_vault.domain.entry import Entry
from hitl_vault.domain.fold import fold
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.record import Record
from hitl_vault.errors import RequestNotFound

_UNMISSED = frozenset(
    {
        *(Kind.VOTED, Kind.REFUSED, Kind.HELD, Kind.FLAGGED, Kind.CLEARED),
        *(Kind.REMINDED, Kind.ESCALATED, Kind.ANSWERED),
    }
)
"""What may be added to a note while somebody has it open: an answer given without it is still meant."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """A request's records, newest first: after each entry, and those whose drawing is still good.

    An editor may save what it read before something was added, so an older drawing counts like the
    present one. It does not once something was added that everybody has to have seen: an alarm that
    the note was changed, or anything that is not known to be harmless to miss. Else whoever can
    write the vault could take a warning away by putting the note back to what it was.
    """

    every: tuple[Record, ...]
    good: tuple[Record, ...]


def past_of(entries: Iterable[Entry]) -> Past:
    """Return a request's past from all of its entries; `RequestNotFound` if there are none."""
    records: list[Record] = []
    start = 0
    for place, entry in enumerate(entries):
        records.append(fold(records[-1] if records else None, entry))
        start = start if _may_be_missed(entry, records[-1]) else place
    if not records:
        raise RequestNotFound("there are no entries, so there is no such request")
    good = [r for r in records if r.state is not State.PENDING] or records[start:]
    return Past(every=tuple(reversed(records)), good=tuple(reversed(good)))


def _may_be_missed(entry: Entry, record: Record) -> bool:
    alarm = record.notice is not None and record.notice.alarm and entry.kind is record.notice_kind
    return entry.kind in _UNMISSED and not alarm
