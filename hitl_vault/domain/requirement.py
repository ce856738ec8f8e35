"""What the policy asks of one request: who may answer, how many must, by when, and with what proof."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from hitl_vault.domain.risk import Level


class Mode(StrEnum):
    """What a vote must come with; later members are stricter."""

    OPEN = "open"
    ATTRIBUTED = "attributed"
    CODE = "code"
    SIGNED = "signed"

    @property
    def strictness(self) -> int:
        """0 for open up to 3 for signed."""
        return list(Mode).index(self)


PROVEN = frozenset({Mode.CODE, Mode.SIGNED})
"""The modes in which a vote comes with a proof of that vote."""


def stricter(a: Mode, b: Mode) -> Mode:
    """Return the stricter of two modes: a rule may raise the vault's mode, never lower it."""
    return max(a, b, key=lambda mode: mode.strictness)


def plain_name(name: str) -> str:
    """Return a person's or agent's name in the form in which names are compared (NFC, trimmed)."""
    return unicodedata.normalize("NFC", name).strip()


@dataclass(frozen=True, kw_only=True)
class Term:
    """When somebody may answer: from `begins` until before `ends`; None leaves that side open."""

    who: str
    begins: datetime | None = None
    ends: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Tell whether `at` lies in the term."""
        return (self.begins is None or self.begins <= at) and (self.ends is None or at < self.ends)


@dataclass(frozen=True, kw_only=True)
class Delegation:
    """`to` may answer for `of`, from `begins` until before `ends`; None leaves that side open."""

    of: str
    to: str
    begins: datetime | None = None
    ends: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Tell whether the delegation is in force at `at`."""
        return Term(who=self.to, begins=self.begins, ends=self.ends).holds(at)


Bounded = TypeVar("Bounded", Term, Delegation)


def within(bounded: Bounded, begins: datetime | None, ends: datetime | None) -> Bounded:
    """Return the part of a term or a delegation that lies within other bounds."""
    return replace(
        bounded,
        begins=max(filter(None, (bounded.begins, begins)), default=None),
        ends=min(filter(None, (bounded.ends, ends)), default=None),
    )


@dataclass(frozen=True, kw_only=True)
class Escalation:
    """Who is asked as well (or, with `replace`, instead) once a request has waited for `after`."""

    after: timedelta
    to: tuple[str, ...]
    replace: bool = False


@dataclass(frozen=True, kw_only=True)
class Remember:
    """What a standing rule may cover, where the policy offers one.

    It lasts at most `longest` and answers only requests of at most the risk `up_to`. A member of
    the context listed in `at_most` may be a smaller number than what was approved, one listed in
    `free` may be anything; every other member must be equal.
    """

    longest: timedelta
    up_to: Level = Level.LOW
    at_most: tuple[str, ...] = ()
    free: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """What a request needs before it is decided.

    `rule` names the rule and `grounds` say why it applies. `approvers` empty means anyone whom the
    mode lets vote; `terms` bound when some of them may, and `delegations` let others answer for
    them. `quorum` approvals decide yes, `reject_quorum` rejections decide no. `settle` is in
    seconds and overrides the vault's. `timeout` is what the rule gives (None: nothing, or with
    `untimed` no deadline at all); `remind` tells how long before the deadline to remind. With
    `pause` a question stops the clock (in the modes that want a proof none from a note does). `edits`
    are the members of the context that an approver may change (`payee.name` for one within another),
    where `edits_check`, a CEL expression over `context` (changed) and `proposed`, holds.
    """

    mode: Mode = Mode.OPEN
    rule: str = ""
    approvers: tuple[str, ...] = ()
    quorum: int = 1
    reject_quorum: int = 1
    comment_required: bool = False
    settle: float | None = None
    template: str | None = None
    grounds: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    delegations: tuple[Delegation, ...] = ()
    timeout: timedelta | None = None
    untimed: bool = False
    remind: tuple[timedelta, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    pause: bool = False
    edits: tuple[str, ...] = ()
    edits_check: str = ""
    remember: Remember | None = None

    def __post_init__(self) -> None:
        if self.quorum < 1 or self.reject_quorum < 1:
            raise ValueError("a quorum is at least 1")

    @property
    def steps(self) -> tuple[Escalation, ...]:
        """The escalations, soonest first."""
        return tuple(sorted(self.escalations, key=lambda step: step.after))

    def approvers_after(self, steps: int) -> tuple[str, ...]:
        """Return the approvers after this many escalations; where anyone may answer, nobody is added."""
        names = self.approvers
        for step in self.steps[:steps]:
            anyone = not names and self.mode is Mode.OPEN
            names = step.to if step.replace else names if anyone else (*names, *step.to)
        return tuple(dict.fromkeys(names))

    @property
    def why(self) -> str:
        """The rule's name and the reasons for which it applies, in one line; empty where no rule does."""
        return f"{self.rule}: {'; '.join(self.grounds)}" if self.grounds else self.rule

    def answers_for(
        self, name: str, at: datetime, approvers: Collection[str] | None = None
    ) -> tuple[str, ...] | None:
        """Return for whom `name` answers: `()` as an approver, names as their delegate, None not at all.

        `approvers` are those after escalations, by default those of the requirement. Who is an
        approver answers as one, delegated or not, so that nobody counts twice.
        """
        name = plain_name(name)
        listed = {plain_name(who) for who in (self.approvers if approvers is None else approvers)}
        standing = {who for who in listed if self._in_term(who, at)}
        if name in standing:
            return ()
        absent = {plain_name(d.of) for d in self.delegations if plain_name(d.to) == name and d.holds(at)}
        return tuple(sorted(absent & standing)) or None

    def _in_term(self, name: str, at: datetime) -> bool:
        terms = [term for term in self.terms if plain_name(term.who) == name]
        return not terms or any(term.holds(at) for term in terms)
