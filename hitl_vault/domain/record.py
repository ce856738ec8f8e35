"""The record of a request: the fold of its entries, and the only source of its state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hitl_vault.domain.codec import decode
from hitl_vault.domain.decision import Claim, Decision, Outcome, Verdict, Vote, counted, same_person
from hitl_vault.domain.entry import Entry
from hitl_vault.domain.lifecycle import FINAL, Kind, State, step
from hitl_vault.domain.request import Request
from hitl_vault.errors import RequestNotFound


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What the product tells the person in the note: `text` is ours, `detail` was found and is untrusted."""

    text: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A request with all that has happened to it. `seq` is the last entry folded in.

    `votes` are the latest of each person; `ballots` the SHA-256 of every note that was taken in as a vote.
    """

    request: Request
    state: State
    seq: int
    changed: datetime
    votes: tuple[Vote, ...] = ()
    ballots: tuple[str, ...] = ()
    decision: Decision | None = None
    claim: Claim | None = None
    outcome: Outcome | None = None
    notice: Notice | None = None
    notice_kind: Kind | None = None

    @property
    def id(self) -> str:
        """The request's id."""
        return self.request.id

    @property
    def deadline(self) -> datetime | None:
        """When the request expires if nothing happens; None once it cannot."""
        return self.request.expires if self.state in (State.PENDING, State.APPROVED) else None

    def counted(self, verdict: Verdict) -> tuple[Vote, ...]:
        """Return the votes that count for a verdict so far."""
        return counted(self.request.requirement, self.votes, verdict)

    @property
    def over(self) -> bool:
        """Whether nothing more can happen by itself."""
        return self.state in FINAL


def fold(record: Record | None, entry: Entry) -> Record:
    """Return the record after `entry`; raise `InvalidTransition` if the lifecycle has no such step."""
    state = step(record.state if record else None, entry.kind, id=entry.request)
    if record is None:
        return Record(
            request=decode(Request, entry.body["request"]),
            state=state,
            seq=entry.seq,
            changed=entry.at,
        )
    changes = _CHANGES.get(entry.kind, _nothing)(record, entry)
    return replace(record, state=state, seq=entry.seq, changed=entry.at, **changes)


def fold_all(entries: Iterable[Entry]) -> Record:
    """Return the record that all entries of one request amount to; `RequestNotFound` if there are none."""
    record: Record | None = None
    for entry in entries:
        record = fold(record, entry)
    if record is None:
        raise RequestNotFound
    return record


_Changes = dict[str, Any]


def _nothing(record: Record, entry: Entry) -> _Changes:
    return {}


def _voted(record: Record, entry: Entry) -> _Changes:
    vote = decode(Vote, entry.body)
    others = tuple(v for v in record.votes if not same_person(v.by, vote.by))
    ballots = (*record.ballots, vote.ballot) if vote.ballot else record.ballots
    return {"votes": (*others, vote), "ballots": ballots, "notice": None, "notice_kind": None}


def _decided(record: Record, entry: Entry) -> _Changes:
    body = dict(entry.body)
    decision = Decision(
        request=record.id,
        state=State(entry.kind),
        at=entry.at,
        context=record.request.context,
        by=tuple(body.get("by", ())),
        comment=body.get("comment", ""),
        notes=body.get("notes", ""),
        votes=record.votes,
    )
    return {"decision": decision, "notice": None, "notice_kind": None}


def _claimed(record: Record, entry: Entry) -> _Changes:
    return {"claim": decode(Claim, entry.body)}


def _ended(record: Record, entry: Entry) -> _Changes:
    return {"outcome": decode(Outcome, entry.body)}


def _noticed(record: Record, entry: Entry) -> _Changes:
    return {"notice": decode(Notice, entry.body), "notice_kind": entry.kind}


def _cleared(record: Record, entry: Entry) -> _Changes:
    return {"notice": None, "notice_kind": None}


_CHANGES: dict[Kind, Callable[[Record, Entry], _Changes]] = {
    Kind.VOTED: _voted,
    Kind.APPROVED: _decided,
    Kind.REJECTED: _decided,
    Kind.EXPIRED: _decided,
    Kind.CANCELLED: _decided,
    Kind.CLAIMED: _claimed,
    Kind.EXECUTED: _ended,
    Kind.FAILED: _ended,
    Kind.UNKNOWN: _ended,
    Kind.REFUSED: _noticed,
    Kind.HELD: _noticed,
    Kind.FLAGGED: _noticed,
    Kind.CLEARED: _cleared,
    Kind.TAMPERED: _noticed,
}
