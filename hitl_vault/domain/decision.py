"""Votes, the decision they lead to, and how the run ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.requirement import Requirement


class Verdict(StrEnum):
    """One approver's answer."""

    APPROVE = "approve"
    REJECT = "reject"


class Gesture(StrEnum):
    """How a vote was cast."""

    STATUS = "status"
    TICK = "tick"
    MOVE = "move"
    CLI = "cli"
    API = "api"
    HTTP = "http"


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One approver's verdict. `by` is empty where the mode lets a vote be unnamed.

    `comment` and `notes` are the person's words for the agent; `proof` is what the trust mode
    took as evidence (never a secret). `on_behalf_of` names the approvers for whom a delegate answers.
    """

    verdict: Verdict
    gesture: Gesture
    at: datetime
    by: str = ""
    comment: str = ""
    notes: str = ""
    proof: Mapping[str, Any] | None = None
    on_behalf_of: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The final answer: `state` is approved, rejected, expired or cancelled.

    `by` names who decided; `comment` and `notes` are their words. `context` is what may run.
    """

    request: str
    state: State
    at: datetime
    context: Mapping[str, Any]
    by: tuple[str, ...] = ()
    comment: str = ""
    notes: str = ""
    votes: tuple[Vote, ...] = ()

    @property
    def approved(self) -> bool:
        """Whether the action may run."""
        return self.state is State.APPROVED


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to run, taken once. `token` ties the outcome to the one who took it."""

    by: str
    at: datetime
    token: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How the run ended: executed with a `result`, failed with an `error`, or unknown.

    `by` names who reported it: the executor, or the person who settled an unknown run.
    """

    state: State
    at: datetime
    result: Any = None
    error: str = ""
    by: str = ""


def tally(requirement: Requirement, votes: Sequence[Vote]) -> Verdict | None:
    """Return the verdict that the votes amount to, or None while they do not suffice.

    Each name counts once, by its latest vote, and so does each approver: by their own vote, else by
    that of a delegate. Enough rejections win over enough approvals.
    """
    verdicts = [vote.verdict for vote in counted(votes)]
    if verdicts.count(Verdict.REJECT) >= requirement.reject_quorum:
        return Verdict.REJECT
    if verdicts.count(Verdict.APPROVE) >= requirement.quorum:
        return Verdict.APPROVE
    return None


def counted(votes: Sequence[Vote]) -> list[Vote]:
    """Return the votes that count: each name's latest, and of delegates those whose approver is silent."""
    latest = list({vote.by: vote for vote in votes}.values())
    counting = [vote for vote in latest if not vote.on_behalf_of]
    taken = {vote.by for vote in counting}
    for vote in latest:
        free = next((who for who in vote.on_behalf_of if who not in taken), None)
        if free is not None:
            taken.add(free)
            counting.append(vote)
    return counting
