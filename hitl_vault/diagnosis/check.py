"""One thing that was looked at, and how it was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Check:
    """`level` is ok, warn or fail; `remedy` says what to do, empty if there is nothing to."""

    level: Literal["ok", "warn", "fail"]
    name: str
    found: str
    remedy: str = ""


def ok(name: str, found: str) -> Check:
    """Return what is as it should be."""
    return Check(level="ok", name=name, found=found)


def warn(name: str, found: str, remedy: str) -> Check:
    """Return what may lead to trouble."""
    return Check(level="warn", name=name, found=found, remedy=remedy)


def fail(name: str, found: str, remedy: str) -> Check:
    """Return what is trouble."""
    return Check(level="fail", name=name, found=found, remedy=remedy)


def some(names: list[str], most: int = 3) -> str:
    """Return a few names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
