"""Which rule decides about a request, and what it then requires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Any

from hitl_vault.domain.frozen import changed
from hitl_vault.domain.policy import Asked, Effect, Hazard, Policy, Rule, Ruling
from hitl_vault.domain.require import merged, requirement_of, strictest
from hitl_vault.domain.requirement import Requirement
from hitl_vault.domain.risk import Concern, Level, Risk, assess, highest, raised
from hitl_vault.policy.expressions import compiled, decided, facts, why

ANYONE = Requirement()


class Judge:
    """Applies one policy. `base` is what the vault requires of every request; rules can raise its mode."""

    def __init__(self, policy: Policy, base: Requirement = ANYONE) -> None:
        self.policy = policy
        self._base = base
        self._asks = {rule.name: merged(rule.asks, policy.defaults) for rule in policy.rules}
        self._requires = lru_cache(1024)(self._requirement)
        self._programs = [compiled(rule.when).execute if rule.when else _always for rule in policy.rules]

    def rule_on(self, asked: Asked) -> Ruling:
        """Return what the policy says of a request.

        The first rule that matches decides; where none does, a person is asked. A rule that cannot be
        decided for this request asks as well, as strictly as every rule that might have asked.
        """
        values = variables(asked)
        risk = self._risk(asked, values)
        seen = facts(rated(values, risk)) if self._programs else None
        at, failure = self._first(seen, 0)
        if failure:
            return self._undecided(asked, seen, at, failure, risk)
        if at == len(self._programs):
            ruling = self._asking(asked, [(None, "")], risk)
            return replace(ruling, reasons=("no rule matches",))
        rule = self.policy.rules[at]
        if rule.effect is Effect.ASK:
            return self._asking(asked, [(rule, rule.reason)], risk)
        return self._ruling(rule, risk)

    def _first(self, seen: Any, start: int) -> tuple[int, str]:
        """Return the place of the first rule from `start` on that matches or fails, and why it failed."""
        at = start
        try:
            for at, execute in enumerate(islice(self._programs, start, None), start):
                found = execute(seen)
                if found is not False:
                    decided(found)
                    return at, ""
        except Exception as error:
            return at, why(error)
        return len(self._programs), ""

    def _ruling(self, rule: Rule, risk: Risk) -> Ruling:
        grounds = (rule.reason,) if rule.reason else ()
        requirement = Requirement(mode=self._base.mode, rule=rule.name, grounds=grounds)
        return Ruling(
            verdict=rule.effect, rule=rule.name, reasons=grounds, risk=risk, requirement=requirement
        )

    def _asking(self, asked: Asked, grounds: list[tuple[Rule | None, str]], risk: Risk) -> Ruling:
        """Return a ruling that asks what these rules ask (None: the defaults), in the first one's name."""
        reasons = tuple(reason for _, reason in grounds if reason)
        needs = []
        for rule, _ in grounds:
            asks = self._asks[rule.name] if rule else self.policy.defaults
            risk = _at_least(risk, asks.risk, rule)
            if rule is None or rule.effect is Effect.ASK:
                needs.append(self._requires(rule.name if rule else None, asked.agent))
        named = grounds[0][0]
        requirement = strictest(needs) if len(needs) > 1 else needs[0]
        name = named.name if named else ""
        requirement = changed(requirement, rule=name, grounds=reasons)
        return Ruling(verdict=Effect.ASK, rule=name, reasons=reasons, risk=risk, requirement=requirement)

    def _requirement(self, rule: str | None, agent: str) -> Requirement:
        asks = self.policy.defaults if rule is None else self._asks[rule]
        return requirement_of(self.policy.people, asks, base=self._base, agent=agent)

    def _undecided(self, asked: Asked, seen: Any, at: int, failure: str, risk: Risk) -> Ruling:
        """Return the ruling where a rule fails: as strict as it and as what might come after it."""
        rules = self.policy.rules
        grounds: list[tuple[Rule | None, str]] = []
        while at < len(rules):
            told = f"rule {rules[at].name!r} could not be decided: {failure}" if failure else ""
            grounds.append((rules[at], told or f"else rule {rules[at].name!r} would {rules[at].effect}"))
            if not failure:
                break
            at, failure = self._first(seen, at + 1)
        asking = any(rule and rule.effect is Effect.ASK for rule, _ in grounds)
        if at == len(rules) or not asking:
            grounds.append((None, ""))
        return self._asking(asked, grounds, risk)

    def _risk(self, asked: Asked, values: dict[str, Any]) -> Risk:
        policy = self.policy
        risk = assess(asked.action, asked.context, policy.factors)
        if policy.hazards:
            seen = facts(rated(values, risk))
            extra = [concern for hazard in policy.hazards if (concern := _concern(hazard, seen))]
            risk = assess(asked.action, asked.context, policy.factors, extra)
        return highest(risk, asked.claimed) if asked.claimed else risk


def variables(asked: Asked) -> dict[str, Any]:
    """Return what expressions may speak of before the risk is known."""
    return {
        "action": asked.action,
        "context": dict(asked.context),
        "agent": asked.agent,
        "run": asked.run,
        "now": asked.now,
    }


def rated(values: Mapping[str, Any], risk: Risk) -> dict[str, Any]:
    """Return all that expressions may speak of."""
    return {**values, "risk": str(risk.level), "score": risk.score}


def _always(seen: Any) -> bool:
    return True


def _concern(hazard: Hazard, seen: Any) -> Concern | None:
    """Return the concern that a factor of the policy amounts to; one that cannot be decided counts."""
    reason = hazard.reason or hazard.when
    try:
        if not decided(compiled(hazard.when).execute(seen)):
            return None
    except Exception as error:
        reason = f"{reason} (could not be decided: {why(error)})"
    return Concern(level=hazard.level, reason=reason)


def _at_least(risk: Risk, level: Level | None, rule: Rule | None) -> Risk:
    if level is None:
        return risk
    return raised(risk, level, f"rule {rule.name!r}" if rule else "the policy's default")
