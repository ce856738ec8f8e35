"""From what a note was found to say to the transaction that records it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hitl_vault.acts import editing
from hitl_vault.acts.thread import asking_back
from hitl_vault.acts.voting import Voting
from hitl_vault.config import Settings
from hitl_vault.domain.decision import Verdict, Vote, needed
from hitl_vault.domain.frozen import changed
from hitl_vault.domain.record import Record
from hitl_vault.domain.times import duration
from hitl_vault.errors import CodeInvalid, NotAllowed
from hitl_vault.keeper.sight import Finding, Sighting
from hitl_vault.ledger.protocol import Writer
from hitl_vault.rules import Rules
from hitl_vault.vault.ballot import read_ballot
from hitl_vault.vault.editable import edits_typed


@dataclass(frozen=True, kw_only=True)
class Cast:
    """A settled vote or question, ready for the ledger. `sha` is of the file that it was read from."""

    id: str
    job: Callable[[Writer], Record | CodeInvalid]
    sha: str
    sightings: Sequence[Sighting]


def cast_of(
    record: Record,
    finding: Finding,
    sightings: Sequence[Sighting],
    *,
    settings: Settings,
    voting: Voting,
    rules: Rules,
) -> Cast | None:
    """Return what is to be recorded of a finding, None where it has neither vote nor question.

    Raises `BallotInvalid` or `NotAllowed` for changed values that do not count.
    """
    voted = finding.voted
    if voted is None:
        return None
    if finding.question:
        question = finding.question
        asked = replace(question, by=question.by or settings.approver, request=record.id, ballot=voted.sha)
        return Cast(id=record.id, job=asking_back(record.id, asked), sha=voted.sha, sightings=sightings)
    if finding.vote:
        edits = _edits(record, voted, rules) if finding.vote.verdict is Verdict.APPROVE else {}
        job = voting.job(
            record.id,
            changed(_vote(record, finding, finding.vote, voted, settings), edits=edits),
            finding.evidence,
            known=record,
        )
        return Cast(id=record.id, job=job, sha=voted.sha, sightings=sightings)
    return None


def _vote(record: Record, finding: Finding, vote: Vote, voted: Sighting, settings: Settings) -> Vote:
    alone = needed(record.request.requirement, vote.verdict) == 1
    name = vote.by or (settings.approver if alone and not finding.evidence.signature else "")
    return changed(vote, by=name, ballot=voted.sha, remember=_remember(record, voted))


def _remember(record: Record, voted: Sighting) -> timedelta | None:
    """Return for how long the person wants the same approved: what they wrote, else what they ticked."""
    ballot = voted.answered
    if ballot is None or not (ballot.remember or ballot.remember_ticked):
        return None
    if not ballot.remember:
        return record.rememberable.longest if record.rememberable else timedelta.max
    try:
        return duration(ballot.remember)
    except ValueError as error:
        raise NotAllowed(f"`remember` is {error}") from error


def _edits(record: Record, voted: Sighting, rules: Rules) -> dict[str, Any]:
    """Return the values that the person changed, by path."""
    if not record.proposed:
        return {}
    text = read_ballot(voted.data, voted.path, skip=voted.skip).edits
    return editing.edits_of(record, edits_typed(text), rules) if text else {}
