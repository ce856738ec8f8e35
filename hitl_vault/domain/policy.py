"""Ordered rules, the people they name, and which rule decides about a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from hitl_vault.domain.requirement import Delegation, Escalation, Mode, Remember, Requirement, Term, within
from hitl_vault.domain.risk import DEFAULTS, Factors, Level, Risk


class Effect(StrEnum):
    """What a rule does with a request that it matches."""

    ALLOW = "allow"
    BLOCK = "block"
    ASK = "ask"


@dataclass(frozen=True, kw_only=True)
class Group:
    """A name for several persons, and when its members act as such."""

    name: str = ""
    members: tuple[str, ...] = ()
    begins: datetime | None = None
    ends: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class People:
    """Who may be named by rules: persons with the terms of their office, groups, and delegations."""

    persons: tuple[Term, ...] = ()
    groups: tuple[Group, ...] = ()
    delegations: tuple[Delegation, ...] = ()

    def terms_of(self, names: Iterable[str]) -> tuple[Term, ...]:
        """Return the persons that `names` (of persons and groups) stand for, with the term of each."""
        groups = {group.name: group for group in self.groups}
        offices = {person.who: person for person in self.persons}
        found: list[Term] = []
        for name in names:
            group = groups.get(name)
            for who in group.members if group else (name,):
                office = offices.get(who, Term(who=who))
                found.append(within(office, group.begins, group.ends) if group else office)
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, kw_only=True)
class Asks:
    """What an asking rule asks; None or empty where it says nothing and the policy's defaults hold.

    The fields mean what those of `Requirement` mean; `approvers` and escalations name persons and groups.
    `risk` is the least level that the request then has.
    """

    risk: Level | None = None
    mode: Mode | None = None
    approvers: tuple[str, ...] | None = None
    quorum: int | None = None
    reject_quorum: int | None = None
    comment_required: bool | None = None
    timeout: timedelta | None = None
    untimed: bool | None = None
    remind: tuple[timedelta, ...] | None = None
    escalations: tuple[Escalation, ...] | None = None
    pause: bool | None = None
    edits: tuple[str, ...] | None = None
    edits_check: str | None = None
    settle: float | None = None
    template: str | None = None
    remember: Remember | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Where `when`, a CEL expression, holds, `effect` is the verdict; an empty `when` always holds.

    `reason` says why, to whoever is blocked or asked. `line` is where the rule stands in its file.
    """

    name: str
    effect: Effect
    when: str = ""
    reason: str = ""
    asks: Asks = field(default_factory=Asks)
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class Hazard:
    """A risk factor of a policy: where `when`, a CEL expression, holds, the risk is at least `level`."""

    when: str
    level: Level
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Ordered rules: the first one that matches decides, and where none does, a person is asked.

    `defaults` hold for every request that is asked about, unless its rule says otherwise. `digest` is that
    of the file's text; it is empty for the policy of a vault that has no policy file.
    """

    digest: str = ""
    description: str = ""
    rules: tuple[Rule, ...] = ()
    defaults: Asks = field(default_factory=Asks)
    people: People = field(default_factory=People)
    factors: Factors = DEFAULTS
    hazards: tuple[Hazard, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is judged. `claimed` is the risk that the agent itself states; it can only raise the risk."""

    action: str
    context: Mapping[str, Any]
    agent: str
    now: datetime
    run: str | None = None
    claimed: Risk | None = None


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What the policy says of one action: allowed, blocked, or to be asked about, and on which grounds.

    `rule` is empty where no rule matched. `requirement` is what asking then needs.
    """

    verdict: Effect
    rule: str = ""
    reasons: tuple[str, ...] = ()
    risk: Risk = field(default_factory=Risk)
    requirement: Requirement = field(default_factory=Requirement)

    @property
    def allowed(self) -> bool:
        """Whether the action may run without asking anybody."""
        return self.verdict is Effect.ALLOW

    @property
    def blocked(self) -> bool:
        """Whether the action may not run, whoever would approve it."""
        return self.verdict is Effect.BLOCK

    @property
    def requires_approval(self) -> bool:
        """Whether a person has to be asked."""
        return self.verdict is Effect.ASK
