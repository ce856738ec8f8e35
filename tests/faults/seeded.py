"""Deliberate faults, each switched on by itself to see that the campaigns find it. Never in the product."""

from __future__ import annotations

from collections.abc import Callable

BUGS: dict[str, Callable[[], None]] = {}


def plant(name: str) -> None:
    BUGS[name]()
