"""Whether a vote is admitted: by the trust mode and by the list of approvers."""

from __future__ import annotations

import unicodedata

from hitl_vault.domain.decision import Vote
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import Mode
from hitl_vault.errors import NotAllowed, NotAnApprover, SelfApproval


def admit(record: Record, vote: Vote) -> Vote:
    """Return the vote as it is to be recorded; raise `NotAllowed` (or a kind of it) if it does not count."""
    requirement = record.request.requirement
    name = unicodedata.normalize("NFC", vote.by)
    if name and name == unicodedata.normalize("NFC", record.request.agent):
        raise SelfApproval(f"{name} asked for this and may not answer it")
    if requirement.mode is Mode.OPEN and not requirement.approvers:
        return vote
    _check_listed(name, requirement.approvers)
    if requirement.mode.strictness > Mode.ATTRIBUTED.strictness and vote.proof is None:
        raise NotAllowed(f"this request needs a vote with proof (trust mode {requirement.mode})")
    return vote


def _check_listed(name: str, approvers: tuple[str, ...]) -> None:
    if not name:
        raise NotAnApprover("the vote names nobody; fill in `approver`")
    if name not in {unicodedata.normalize("NFC", listed) for listed in approvers}:
        raise NotAnApprover(f"{name} is not an approver of this request")
