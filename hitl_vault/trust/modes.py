"""Whether a vote is admitted: by the trust mode and by the list of approvers."""

from __future__ import annotations

from dataclasses import replace

from hitl_vault.domain.decision import Vote
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import Mode, Requirement, plain_name
from hitl_vault.errors import NotAllowed, NotAnApprover, SelfApproval


def admit(record: Record, vote: Vote) -> Vote:
    """Return the vote as it is to be recorded; raise `NotAllowed` (or a kind of it) if it does not count."""
    requirement = record.request.requirement
    name = plain_name(vote.by)
    if name and name == plain_name(record.request.agent):
        raise SelfApproval(f"{name} asked for this and may not answer it")
    vote = replace(vote, by=name, on_behalf_of=())
    if requirement.mode is Mode.OPEN and not requirement.approvers:
        return vote
    vote = replace(vote, on_behalf_of=_standing(requirement, vote))
    if requirement.mode.strictness > Mode.ATTRIBUTED.strictness and vote.proof is None:
        raise NotAllowed(f"this request needs a vote with proof (trust mode {requirement.mode})")
    return vote


def _standing(requirement: Requirement, vote: Vote) -> tuple[str, ...]:
    """Return for whom a vote is cast: nobody else, or those who delegated to the voter."""
    if not vote.by:
        raise NotAnApprover("the vote names nobody; fill in `approver`")
    standing = requirement.answers_for(vote.by, vote.at)
    if standing is None:
        raise NotAnApprover(f"{vote.by} is not an approver of this request")
    return standing
