"""How much harm an action could do: a level, a score, and the reasons for both."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The risk levels, mildest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, kw_only=True)
class Risk:
    """A level, a score from 0 to 100, and why."""

    level: Level = Level.LOW
    score: int = 0
    reasons: tuple[str, ...] = ()
