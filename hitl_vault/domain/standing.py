"""Standing rules: "always, for this", as an approval made them, and what they answer.

Nothing here widens what was approved: the same agent and action, the same members of the context
but for those that the policy lists, at most its risk, until its end, while the policy is as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hitl_vault.domain.canonical import digest
from hitl_vault.domain.edits import alike_placed, picked, without
from hitl_vault.domain.requirement import Remember, Requirement
from hitl_vault.domain.risk import Risk

ACTIVE = "active"
"""The status in the note of a rule that is in force; any other word ends it."""


@dataclass(frozen=True, kw_only=True)
class StandingRule:
    """A rule by which requests like an approved one are approved until it `ends`.

    `id` is that of the approved request, `context` what was approved, `by` who approved it. `requirement`
    is what the policy asked; where it asks anything else by now, the rule answers nothing. `ended` is
    when and `why` why the rule ended before its time.
    """

    id: str
    action: str
    agent: str
    context: Mapping[str, Any]
    requirement: Requirement
    granted: datetime
    ends: datetime
    by: tuple[str, ...] = ()
    ended: datetime | None = None
    why: str = ""

    @property
    def scope(self) -> Remember:
        """What may differ from what was approved, and up to which risk."""
        assert self.requirement.remember is not None
        return self.requirement.remember

    def holds(self, at: datetime) -> bool:
        """Tell whether the rule is in force."""
        return self.ended is None and self.granted <= at < self.ends

    @property
    def equal(self) -> Mapping[str, Any]:
        """The part of the context that has to be the same."""
        return without(self.context, (*self.scope.at_most, *self.scope.free))

    @property
    def limits(self) -> Mapping[str, Any]:
        """By path the values that may be smaller numbers, but not larger ones nor below zero."""
        return picked(self.context, self.scope.at_most)

    def covers(
        self, action: str, agent: str, context: Mapping[str, Any], risk: Risk, needs: Requirement
    ) -> bool:
        """Tell whether what is asked is within what was approved."""
        return (
            (action, agent) == (self.action, self.agent)
            and risk.level.rank <= self.scope.up_to.rank
            and comparable(needs) == self.requirement
            and self._takes(context)
        )

    def _takes(self, context: Mapping[str, Any]) -> bool:
        listed = (*self.scope.at_most, *self.scope.free)
        if not alike_placed(self.context, context, listed):
            return False  # a member under a dotted name would stand in for the one that was approved
        if digest(without(context, listed)) != digest(self.equal):
            return False
        given = picked(context, self.scope.at_most)
        return given.keys() == self.limits.keys() and all(
            _within(value, self.limits[path]) for path, value in given.items()
        )


def comparable(needs: Requirement) -> Requirement:
    """Return a requirement without the words that differ from one request to the next."""
    return replace(needs, grounds=())


def _within(value: Any, limit: Any) -> bool:
    numbers = all(isinstance(n, int | float) and not isinstance(n, bool) for n in (value, limit))
    return digest(value) == digest(limit) or (numbers and 0 <= value <= limit)
