"""How much harm an action could do: a level, a score, and the reasons for both."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any


class Level(StrEnum):
    """The risk levels, mildest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low up to 3 for critical."""
        return list(Level).index(self)


@dataclass(frozen=True, kw_only=True)
class Risk:
    """A level, a score from 0 to 100, and why."""

    level: Level = Level.LOW
    score: int = 0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Concern:
    """One reason for a risk, and the level that it alone would give."""

    level: Level
    reason: str


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A number beyond which the risk has `level`."""

    level: Level
    beyond: float


@dataclass(frozen=True, kw_only=True)
class Factors:
    """What makes an action risky. The defaults are those of a careful bookkeeper, and can all be changed.

    `amounts` bound `context.amount` of `payments`, the actions that have one of these words in their
    name. `environments` are matched with `context.environment` without regard to case, `deletion` is any
    action with "delete" in its name, `bulk` is `context.bulk`; a level of None leaves that factor out.
    `sensitive` are names of actions, `tools` what `context.tool` or `context.tools` may name, and
    `complexity` bounds `context.complexity_score`, each bound included.
    """

    payments: tuple[str, ...] = ("payment", "transfer", "withdrawal")
    amounts: tuple[Threshold, ...] = (
        Threshold(level=Level.MEDIUM, beyond=100),
        Threshold(level=Level.HIGH, beyond=1000),
    )
    environments: tuple[str, ...] = ("production",)
    environment: Level | None = Level.HIGH
    deletion: Level | None = Level.HIGH
    bulk: Level | None = Level.MEDIUM
    sensitive: tuple[str, ...] = ()
    sensitive_level: Level = Level.HIGH
    tools: tuple[str, ...] = ()
    tools_level: Level = Level.HIGH
    complexity: tuple[Threshold, ...] = ()


DEFAULTS = Factors()

_FLOOR = {Level.LOW: 0, Level.MEDIUM: 30, Level.HIGH: 60, Level.CRITICAL: 90}
_MORE = 5
_MOST_MORE = 25


def assess(
    action: str,
    context: Mapping[str, Any],
    factors: Factors = DEFAULTS,
    extra: Collection[Concern] = (),
) -> Risk:
    """Return the risk of an action: the highest level of all concerns, and a score within that level.

    What should be a number and is none, or less than 0, counts as the highest level of its factor, and a
    tool that is not named in plain text as a dangerous one: what cannot be judged is not harmless.
    """
    concerns = [concern for look in _LOOKS for concern in look(action, context, factors)]
    return _sum([*concerns, *extra])


def raised(risk: Risk, level: Level, reason: str) -> Risk:
    """Return `risk` with at least `level`; it is never lowered."""
    if level.rank <= risk.level.rank:
        return risk
    return Risk(level=level, score=_FLOOR[level], reasons=(*risk.reasons, reason))


def highest(assessed: Risk, claimed: Risk) -> Risk:
    """Return the assessed risk, or the claimed one with the reasons of both where its level is higher."""
    if claimed.level.rank <= assessed.level.rank:
        return assessed
    reasons = claimed.reasons or ("as the agent says",)
    score = max(claimed.score, _FLOOR[claimed.level])
    return Risk(level=claimed.level, score=score, reasons=(*assessed.reasons, *reasons))


def _sum(concerns: Collection[Concern]) -> Risk:
    level = max((concern.level for concern in concerns), key=lambda level: level.rank, default=Level.LOW)
    more = min(_MORE * max(0, len(concerns) - 1), _MOST_MORE)
    reasons = tuple(concern.reason for concern in concerns)
    return Risk(level=level, score=min(100, _FLOOR[level] + more), reasons=reasons)


def _amount(action: str, context: Mapping[str, Any], factors: Factors) -> Iterator[Concern]:
    name = action.casefold()
    if not any(word in name for word in factors.payments):
        return
    # A transfer of files has no amount; a payment that names none cannot be judged.
    if "amount" in context or name in factors.payments:
        yield from _beyond("amount", context.get("amount"), factors.amounts, given="amount" in context)


def _complexity(action: str, context: Mapping[str, Any], factors: Factors) -> Iterator[Concern]:
    if "complexity_score" in context:
        yield from _beyond(
            "complexity_score", context["complexity_score"], factors.complexity, inclusive=True
        )


def _beyond(
    name: str, value: object, bounds: Collection[Threshold], *, inclusive: bool = False, given: bool = True
) -> Iterator[Concern]:
    highest = sorted(bounds, key=lambda bound: bound.level.rank, reverse=True)
    if not highest:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        why = f"{name} is not a number" if given else f"no {name} is given"
        yield Concern(level=highest[0].level, reason=why)
        return
    if value < 0:
        yield Concern(level=highest[0].level, reason=f"{name} is less than 0")
        return
    for bound in highest:
        if value > bound.beyond or (inclusive and value == bound.beyond):
            yield Concern(
                level=bound.level, reason=f"{name} {'from' if inclusive else 'over'} {bound.beyond:g}"
            )
            return


def _deletion(action: str, context: Mapping[str, Any], factors: Factors) -> Iterator[Concern]:
    if factors.deletion and "delete" in action.casefold():
        yield Concern(level=factors.deletion, reason="data loss")


def _environment(action: str, context: Mapping[str, Any], factors: Factors) -> Iterator[Concern]:
    value = context.get("environment")
    if factors.environment and isinstance(value, str) and value.strip().casefold() in factors.environments:
        yield Concern(level=factors.environment, reason=f"{value.strip().casefold()} environment")


def _bulk(action: str, context: Mapping[str, Any], factors: Factors) -> Iterator[Concern]:
    # Whatever is not plainly no ("true", 1, "yes") counts as bulk.
    if factors.bulk and context.get("bulk") not in (False, None):
        yield Concern(level=factors.bulk, reason="bulk operation")


def _sensitive(action: str, context: Mapping[str, Any], factors: Factors) -> Iterator[Concern]:
    if factors.sensitive and _bare(action) in map(_bare, factors.sensitive):
        yield Concern(level=factors.sensitive_level, reason="sensitive action")


def _tools(action: str, context: Mapping[str, Any], factors: Factors) -> Iterator[Concern]:
    if not factors.tools:
        return
    dangerous = {_bare(tool) for tool in factors.tools}
    named = list(_named(context.get("tool"), context.get("tools")))
    found = sorted({name for name in named if isinstance(name, str) and _bare(name) in dangerous})
    if found:
        yield Concern(level=factors.tools_level, reason=f"dangerous tools: {', '.join(found)}")
    elif not all(isinstance(name, str) for name in named):
        yield Concern(level=factors.tools_level, reason="a tool is not named in plain text")


def _named(*values: object) -> Iterator[object]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from value
        elif value is not None:
            yield value


@lru_cache(4096)
def _bare(name: str) -> str:
    """Return a name without what is between its words: `Code-Execution ` is `code_execution` as well."""
    return "".join(char for char in name.casefold() if char.isalnum())


_LOOKS = (_amount, _deletion, _environment, _bulk, _sensitive, _tools, _complexity)
