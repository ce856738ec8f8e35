"""Takes votes in, and records the decision once they suffice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from hitl_vault.acts import editing, standing
from hitl_vault.acts.entries import append
from hitl_vault.acts.timing import keep
from hitl_vault.domain.canonical import digest
from hitl_vault.domain.codec import encode
from hitl_vault.domain.decision import Gesture, Verdict, Vote, needed, same_person, tally
from hitl_vault.domain.frozen import changed
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.record import Notice, Record
from hitl_vault.domain.times import readable
from hitl_vault.errors import AlreadyDecided, NotAllowed, NotAnApprover
from hitl_vault.ledger.protocol import Writer

Admit: TypeAlias = Callable[[Record, Vote], Vote]

IN_NOTES = frozenset({Gesture.STATUS, Gesture.TICK, Gesture.MOVE})


def vote(writer: Writer, id: str, cast: Vote, admit: Admit) -> Record:
    """Record a vote and, if it suffices, the decision. The first decision wins.

    The same verdict again is accepted without an entry; once decided, the other one is `AlreadyDecided`.
    A person's other vote before the decision replaces the earlier one. The note that a vote was read from
    counts once, whatever crashed since. Raises `NotAllowed` for a vote that does not count.
    """
    record = keep(writer, id)
    if cast.ballot and cast.ballot in record.ballots:
        return record
    if record.state is not State.PENDING:
        return _late(record, cast)
    admitted = admit(record, changed(cast, at=writer.now))
    _check_complete(record, admitted)
    earlier = next((v for v in record.votes if same_person(v.by, admitted.by)), None)
    if earlier and _says_the_same(earlier, admitted):
        return _told_again(writer, record, earlier, admitted)
    return _decided(writer, append(writer, record, Kind.VOTED, encode(admitted)))


def _late(record: Record, cast: Vote) -> Record:
    if record.state in (State.EXPIRED, State.CANCELLED):
        return record
    said_no = record.state is State.REJECTED
    if said_no is not (cast.verdict is Verdict.REJECT):
        raise AlreadyDecided(f"{record.id} is {record.state} already", id=record.id, state=record.state)
    return record


def _check_complete(record: Record, cast: Vote) -> None:
    """Raise `NotAllowed` for a vote that lacks what the requirement wants of it."""
    needs = record.request.requirement
    if needed(needs, cast.verdict) > 1 and not cast.by:
        raise NotAnApprover(
            f"it takes {needed(needs, cast.verdict)} people to {cast.verdict}, so each has to be named; "
            "fill in `approver`"
        )
    if cast.edits:
        if cast.verdict is Verdict.REJECT:
            raise NotAllowed("values were changed and the answer is no; put them back, or approve")
        editing.check(record, cast)
    if cast.remember is not None:
        standing.check_wish(record, cast)
    if needs.comment_required and not cast.comment.strip():
        raise NotAllowed("an answer to this request needs a comment; fill in `comment`")


def _says_the_same(earlier: Vote, cast: Vote) -> bool:
    """Tell whether a vote adds nothing; for one that nobody is named for, nobody can tell."""
    words = cast.comment in ("", earlier.comment)
    same = earlier.verdict is cast.verdict and digest(earlier.edits) == digest(cast.edits)
    return bool(cast.by) and words and same and earlier.remember == cast.remember


def _told_again(writer: Writer, record: Record, earlier: Vote, cast: Vote) -> Record:
    """Say in the note that this person's vote is counted already; programs see it in the record."""
    if cast.gesture not in IN_NOTES:
        return record
    text = (
        "Not counted twice: this person has given the same answer before. "
        "It stands, and the others who are asked still have to answer."
    )
    notice = Notice(text=text, detail=f"{earlier.by}, {earlier.verdict}, {readable(earlier.at)}")
    return append(writer, record, Kind.REFUSED, encode(notice))


def _decided(writer: Writer, record: Record) -> Record:
    """Record the decision if the votes suffice."""
    verdict = tally(record.request.requirement, record.votes)
    if verdict is None:
        return record
    kind = Kind.APPROVED if verdict is Verdict.APPROVE else Kind.REJECTED
    return standing.grant(writer, append(writer, record, kind, _grounds(record, verdict)))


def _grounds(record: Record, verdict: Verdict) -> dict[str, Any]:
    winners = record.counted(verdict)
    edits = dict(winners[0].edits) if verdict is Verdict.APPROVE else {}
    return ({"edits": edits} if edits else {}) | {
        "by": [v.by for v in winners if v.by],
        "comment": _comments([v for v in winners if v.comment]),
        # The Notes are one text that grows from hand to hand.
        "notes": next((v.notes for v in reversed(record.votes) if v.notes.strip()), ""),
    }


def _comments(votes: Sequence[Vote]) -> str:
    if len(votes) == 1:
        return votes[0].comment
    return "\n".join(f"{vote.by}: {vote.comment}" for vote in votes)
