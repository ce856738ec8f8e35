"""The upper part of a decided note: who decided what, and how the run ended."""

from __future__ import annotations

from collections.abc import Iterator

from hitl_vault.domain.decision import Decision, Outcome, Vote
from hitl_vault.domain.edits import told
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.domain.times import readable
from hitl_vault.vault import inert
from hitl_vault.vault.inert import row_text
from hitl_vault.vault.progress import arrow

_HEADS = {
    State.APPROVED: "[!success] Approved",
    State.REJECTED: "[!failure] Rejected",
    State.EXPIRED: "[!warning] Expired: nobody answered in time",
    State.CANCELLED: "[!warning] Cancelled",
    State.EXECUTING: "[!info] Running",
    State.EXECUTED: "[!success] Executed",
    State.FAILED: "[!failure] Failed",
    State.UNKNOWN: "[!question] Nobody knows how it ended; look, then say so with `hitl settle`",
}


def archive(record: Record) -> Iterator[str]:
    """Yield the decision first, then the run."""
    if record.decision:
        yield from _decision(record.decision, [*_changes(record), *_standing(record)])
    if record.claim and not record.outcome:
        yield f"> {_HEADS[State.EXECUTING]}, {readable(record.claim.at)}"
    if record.outcome:
        yield from _outcome(record.outcome)


def _changes(record: Record) -> Iterator[tuple[str, str]]:
    """Yield what the approvers changed, proposed → approved."""
    winners = record.decision.votes if record.decision and record.decision.changed else ()
    edits = next((vote.edits for vote in winners if vote.edits), {})
    for edit in told(record.request.context, edits):
        yield "Changed", row_text(arrow(*edit))


def _standing(record: Record) -> Iterator[tuple[str, str]]:
    """Yield until when the standing rule holds that the approval made."""
    rule = record.standing
    if rule is not None:
        ended = f", ended {readable(rule.ended)}: {rule.why}" if rule.ended else ""
        yield "Standing rule", row_text(f"until {readable(rule.ends)}{ended}")


def _decision(decision: Decision, changes: list[tuple[str, str]]) -> Iterator[str]:
    head = "[!failure] Blocked" if decision.blocked else _HEADS[decision.state]
    yield f"> {head}, {readable(decision.at)}"
    rows = [*_decision_rows(decision), *changes]
    if rows:
        yield inert.table(rows)
    if _long(decision.comment):
        yield inert.block(decision.comment, limit=inert.WORDS_BYTES)


def _decision_rows(decision: Decision) -> Iterator[tuple[str, str]]:
    if decision.ground:
        yield "Ground", row_text(decision.ground)
    if decision.by or decision.votes:
        yield "By", row_text(", ".join(name or "unnamed" for name in decision.by) or "unnamed")
    if len(decision.votes) == 1:
        yield "How", decision.votes[0].gesture.how
    elif decision.votes:
        yield from (("Vote", row_text(_vote(vote))) for vote in decision.votes)
    if decision.comment:
        yield "Comment", "below" if _long(decision.comment) else row_text(decision.comment)


def _long(comment: str) -> bool:
    return "\n" in comment or len(comment) > inert.ROW_CHARACTERS


def _vote(vote: Vote) -> str:
    comment = f": {vote.comment}" if vote.comment else ""
    for_whom = f" for {', '.join(vote.on_behalf_of)}" if vote.on_behalf_of else ""
    who = f"{vote.by or 'unnamed'}{for_whom}"
    return f"{who}, {vote.verdict}, {vote.gesture.how}, {readable(vote.at)}{comment}"


def _outcome(outcome: Outcome) -> Iterator[str]:
    yield f"> {_HEADS[outcome.state]}, {readable(outcome.at)}"
    if outcome.by:
        yield inert.table([("Reported by", row_text(outcome.by))])
    if outcome.error:
        yield inert.block(outcome.error)
    elif isinstance(outcome.result, str):
        yield inert.block(outcome.result)
    elif outcome.result is not None:
        yield inert.json_block(outcome.result, limit=inert.BLOCK_BYTES)
