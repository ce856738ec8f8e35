"""The record of a request: the fold of its entries, and the only source of its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hitl_vault.domain.code import NO_CODES, Codes
from hitl_vault.domain.decision import (
    Claim,
    Decision,
    Outcome,
    Verdict,
    Vote,
    alike_edited,
    counted,
)
from hitl_vault.domain.edits import picked
from hitl_vault.domain.lifecycle import FINAL, Kind, State
from hitl_vault.domain.question import Question
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import PROVEN, Remember
from hitl_vault.domain.standing import StandingRule


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What the product tells the person in the note: `text` is ours, `detail` was found and is untrusted.

    An `alarm` tells that somebody else may have written here; no answer counts that was given without it.
    `wrong_codes` are tries that count towards the lock; `exposed` names whose codes others may have seen.
    """

    text: str
    detail: str = ""
    alarm: bool = False
    wrong_codes: int = 0
    exposed: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A request with all that has happened to it. `seq` is the last entry folded in.

    `votes` are the latest of each person; `ballots` the SHA-256 of every note that was taken in as a vote
    or a question. `reminded` are the reminders given, as the time before the deadline; `escalated` the times
    of the escalations so far. `paused` is since when a question stops the clock, `extended` for how long
    earlier ones did. `standing` is the standing rule that the approval made.
    """

    request: Request
    state: State
    seq: int
    changed: datetime
    votes: tuple[Vote, ...] = ()
    ballots: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    reminded: tuple[timedelta, ...] = ()
    escalated: tuple[datetime, ...] = ()
    paused: datetime | None = None
    extended: timedelta = timedelta(0)
    decision: Decision | None = None
    standing: StandingRule | None = None
    claim: Claim | None = None
    outcome: Outcome | None = None
    notice: Notice | None = None
    notice_kind: Kind | None = None
    codes: Codes = NO_CODES

    @property
    def id(self) -> str:
        """The request's id."""
        return self.request.id

    @property
    def deadline(self) -> datetime | None:
        """When the request expires if nothing happens; None if it cannot, or not yet."""
        if self.state not in (State.PENDING, State.APPROVED) or self.paused is not None:
            return None
        return self.expires

    @property
    def expires(self) -> datetime | None:
        """When the time to decide and to claim ends or ended, with what questions have added."""
        return None if self.request.expires is None else self.request.expires + self.extended

    @property
    def approvers(self) -> tuple[str, ...]:
        """Who may answer after the escalations so far; empty where the requirement lists nobody."""
        return self.request.requirement.approvers_after(len(self.escalated))

    @property
    def question(self) -> Question | None:
        """The oldest question that the agent has not answered."""
        return next((question for question in self.questions if question.open), None)

    def counted(self, verdict: Verdict) -> tuple[Vote, ...]:
        """Return the votes that count for a verdict so far."""
        return counted(self.request.requirement, self.votes, verdict)

    @property
    def held(self) -> bool:
        """Whether there are approvals enough, for different contexts."""
        found = self.counted(Verdict.APPROVE)
        return len(found) >= self.request.requirement.quorum and not alike_edited(found)

    @property
    def rememberable(self) -> Remember | None:
        """What a standing rule may cover, None where the policy offers none for a request like this one.

        No rule can stand for files, whose content is bound, nor for notes that were adopted, nor where
        an answer needs a code or a signature: that proves one answer.
        """
        request = self.request
        offer = request.requirement.remember
        if offer is None or request.adopted or request.files or request.requirement.mode in PROVEN:
            return None
        return offer if request.risk.level.rank <= offer.up_to.rank else None

    @property
    def proposed(self) -> Mapping[str, Any]:
        """By path the values that an approver may change, as the agent asked them.

        None are in a note that was adopted: its own automation reads what is written there.
        """
        request = self.request
        return {} if request.adopted else picked(request.context, request.requirement.edits)

    @property
    def offered(self) -> Mapping[str, Any]:
        """What is `proposed`, as the last one who approved has left it."""
        approvals = self.counted(Verdict.APPROVE)
        return {**self.proposed, **(approvals[-1].edits if approvals else {})}

    @property
    def over(self) -> bool:
        """Whether nothing more can happen by itself."""
        return self.state in FINAL
