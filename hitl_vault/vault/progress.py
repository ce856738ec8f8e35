"""The rows of a note that say who may answer, who has, and who was asked as well."""

from __future__ import annotations

from collections.abc import Iterator

from hitl_vault.domain import edits
from hitl_vault.domain.decision import Verdict, Vote, needed
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import Requirement
from hitl_vault.domain.times import exact, told
from hitl_vault.vault.inert import row_text


def takes_several(needs: Requirement) -> bool:
    """Tell whether it takes more than one person to say yes, or to say no."""
    return needs.quorum > 1 or needs.reject_quorum > 1


def people_rows(record: Record) -> Iterator[tuple[str, str]]:
    """Yield the rows."""
    request, needs = record.request, record.request.requirement
    if record.approvers:
        yield "Approvers", row_text(", ".join(record.approvers))
    for step, at in zip(needs.steps, record.escalated, strict=False):
        instead = " instead" if step.replace else ""
        yield "Escalated", row_text(f"to {', '.join(step.to)}{instead}, {told(at, request.created)}")
    if takes_several(needs):
        yield "Approvals", row_text(_progress(record, Verdict.APPROVE))
        yield "Rejections", row_text(_progress(record, Verdict.REJECT))
        yield from (("Changed by", row_text(f"{v.by}: {_said(record, v)}")) for v in record.votes if v.edits)
        wishes = ((vote.by, vote.remember) for vote in record.votes if vote.remember)
        yield from (("Standing rule", row_text(f"wished by {by}, {exact(wish)}")) for by, wish in wishes)
        yield from (("Comment", row_text(f"{v.by}: {v.comment}")) for v in record.votes if v.comment)


def arrow(path: str, was: object, now: object) -> str:
    """Return a changed value as `amount: 900 → 800`."""
    return f"{path}: {row_text(was)} → {row_text(now)}"


def _progress(record: Record, verdict: Verdict) -> str:
    """Return such as `1 of 2: ana, 14:31 UTC`."""
    votes = record.counted(verdict)
    cast = "; ".join(_cast(vote, record) for vote in votes)
    return f"{len(votes)} of {needed(record.request.requirement, verdict)}" + (f": {cast}" if cast else "")


def _said(record: Record, vote: Vote) -> str:
    return "; ".join(arrow(*edit) for edit in edits.told(record.request.context, vote.edits))


def _cast(vote: Vote, record: Record) -> str:
    for_whom = f" for {', '.join(vote.on_behalf_of)}" if vote.on_behalf_of else ""
    return f"{vote.by or 'unnamed'}{for_whom}, {told(vote.at, record.request.created)}"
