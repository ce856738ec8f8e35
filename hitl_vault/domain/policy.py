"""Ordered rules, the people they name, and which rule decides about a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from hitl_vault.domain.requirement import Delegation, Escalation, Mode, Remember, Term
from hitl_vault.domain.risk import DEFAULTS, Factors, Level


class Effect(StrEnum):
    """What a rule does with a request that it matches."""

    ALLOW = "allow"
    BLOCK = "block"
    ASK = "ask"


@dataclass(frozen=True, kw_only=True)
class People:
    """Who may be named by rules: persons with the terms of their office, groups, and delegations."""

    persons: tuple[Term, ...] = ()
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    delegations: tuple[Delegation, ...] = ()

    def resolve(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the persons that `names` (of persons and groups) stand for, each once, in order."""
        members = dict(self.groups)
        found = [person for name in names for person in members.get(name, (name,))]
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

    name: str = ""
    digest: str = ""
    rules: tuple[Rule, ...] = ()
    defaults: Asks = field(default_factory=Asks)
    people: People = field(default_factory=People)
    factors: Factors = DEFAULTS
    hazards: tuple[Hazard, ...] = ()
