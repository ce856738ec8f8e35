"""Votes, the decision they lead to, and how the run ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from hitl_vault.domain.canonical import digest
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.names import alike
from hitl_vault.domain.requirement import Requirement


class Verdict(StrEnum):
    """One approver's answer."""

    APPROVE = "approve"
    REJECT = "reject"

    @classmethod
    def _missing_(cls, value: object) -> Verdict:
        raise ValueError(f"{value!r} is no verdict; write approve or reject")


class Gesture(StrEnum):
    """How a vote was cast."""

    STATUS = "status"
    TICK = "tick"
    MOVE = "move"
    CLI = "cli"
    API = "api"

    @property
    def how(self) -> str:
        """The same in words, to be read after a name."""
        return _HOW[self]


_HOW = {
    Gesture.STATUS: "by editing status",
    Gesture.TICK: "by ticking a box",
    Gesture.MOVE: "by moving the note",
    Gesture.CLI: "with the hitl command",
    Gesture.API: "from a program",
}


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One approver's verdict. `by` is empty where the mode lets a vote be unnamed.

    `comment` and `notes` are the person's words for the agent; `proof` is what the trust mode
    took as evidence (never a secret). `on_behalf_of` names the approvers for whom a delegate answers.
    `ballot` is the hex SHA-256 of the note that it was read from, so that the same file counts once.
    `edits` are the values of the context that the approver changed, by path;
    `remember` is for how long requests like this one should be approved without asking.
    """

    verdict: Verdict
    gesture: Gesture
    at: datetime
    by: str = ""
    comment: str = ""
    notes: str = ""
    proof: Mapping[str, Any] | None = None
    on_behalf_of: tuple[str, ...] = ()
    ballot: str = ""
    edits: Mapping[str, Any] = field(default_factory=dict)
    remember: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The final answer: `state` is approved, rejected, expired or cancelled.

    `by` names who decided; `comment` and `notes` are their words. `context` is what may run; `changed`
    names the values in it that the approvers changed, by path. `ground` says what decided where no
    person did, such as a rule of the policy; `rule` is the id of the standing rule if one did.
    """

    request: str
    state: State
    at: datetime
    context: Mapping[str, Any]
    by: tuple[str, ...] = ()
    comment: str = ""
    notes: str = ""
    changed: tuple[str, ...] = ()
    votes: tuple[Vote, ...] = ()
    ground: str = ""
    rule: str = ""

    @property
    def approved(self) -> bool:
        """Whether the action may run."""
        return self.state is State.APPROVED

    @property
    def blocked(self) -> bool:
        """Whether the policy forbade the action, and nobody was asked."""
        return self.state is State.REJECTED and bool(self.ground)


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

    Each person counts once, by their latest vote, and so does each approver: by their own vote, else by
    that of a delegate. Enough rejections win over enough approvals. Approvals of different contexts
    decide nothing: all have to approve the same.
    """
    for verdict in (Verdict.REJECT, Verdict.APPROVE):
        found = counted(requirement, votes, verdict)
        if len(found) >= needed(requirement, verdict) and alike_edited(found):
            return verdict
    return None


def alike_edited(votes: Sequence[Vote]) -> bool:
    """Tell whether these votes are for one and the same context."""
    edits = [vote.edits for vote in votes if vote.verdict is Verdict.APPROVE]
    return not any(edits) or len({digest(edited) for edited in edits}) == 1


def needed(requirement: Requirement, verdict: Verdict) -> int:
    """Return how many votes it takes for a verdict."""
    return requirement.quorum if verdict is Verdict.APPROVE else requirement.reject_quorum


def counted(requirement: Requirement, votes: Sequence[Vote], verdict: Verdict) -> tuple[Vote, ...]:
    """Return the votes that count for a verdict, oldest first.

    Whose vote it is must be known wherever more than one is needed.
    """
    named = needed(requirement, verdict) > 1
    return tuple(v for v in _counting(votes) if v.verdict is verdict and (alike(v.by) or not named))


def same_person(one: str, other: str) -> bool:
    """Tell whether two names count as one person: spelling them differently makes no second one."""
    return one == other or alike(one) == alike(other)


def _counting(votes: Sequence[Vote]) -> list[Vote]:
    """Return each person's latest vote, and of delegates those that have an approver who is silent."""
    if len(votes) == 1:
        return list(votes)
    latest = {alike(vote.by): vote for vote in votes}
    taken = {name for name, vote in latest.items() if not vote.on_behalf_of}
    counting = []
    for vote in latest.values():
        free = next((alike(who) for who in vote.on_behalf_of if alike(who) not in taken), None)
        if free is not None:
            taken.add(free)
        if free is not None or not vote.on_behalf_of:
            counting.append(vote)
    return counting
