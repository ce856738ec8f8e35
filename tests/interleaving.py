"""Lets somebody save a note between any two system calls of ours that touch it, and kills us between any two.

The system calls are real; only when they happen is decided here, so that every order can be tried.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import pytest

from hitl_vault.vault import placing

Step = Callable[[], object]
CALLS = ("open", "read", "rename", "replace", "unlink", "lstat")
"""What we call of `os` that looks at names and contents; renaming in one step comes besides."""


class Killed(BaseException):
    """We were killed: nothing of ours happens any more."""


class Order:
    """Runs each step of another program just before a certain call of ours, and kills us before one.

    `calls` names the calls that were made.
    """

    def __init__(self, steps: Sequence[Step], at: Sequence[int], killed_at: int | None = None) -> None:
        self.calls: list[str] = []
        self._steps = list(zip(at, steps, strict=True))
        self._killed_at = killed_at
        self._within = False

    def before(self, call: str) -> None:
        """Let others act; called before each call of ours."""
        if self._within:
            return
        number = len(self.calls)
        self._act(number)
        if self._killed_at is not None and number >= self._killed_at:
            raise Killed
        self.calls.append(call)

    def afterwards(self) -> None:
        """Let others finish."""
        self._act(1 << 30)

    def _act(self, number: int) -> None:
        self._within = True
        try:
            while self._steps and self._steps[0][0] <= number:
                self._steps.pop(0)[1]()
        finally:
            self._within = False


@contextmanager
def ordered(order: Order) -> Iterator[None]:
    """Have an order at every call of ours."""
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, _hooked(name, getattr(os, name), order))
        if (one_step := placing._renameat2()) is not None:
            hooked = _hooked("renameat2", one_step, order)
            patch.setattr(placing, "_renameat2", lambda: hooked)
        yield


def _hooked(name: str, call: Callable[..., Any], order: Order) -> Callable[..., Any]:
    def hooked(*given: Any, **more: Any) -> Any:
        order.before(name)
        return call(*given, **more)

    return hooked


def orders(calls: int, steps: int) -> Iterator[tuple[int, ...]]:
    """Yield every way in which steps can fall among calls, in their order; after the last one too."""
    return combinations_with_replacement(range(calls + 1), steps)


def visible(folder: Path) -> dict[str, bytes]:
    """Return the notes that a person would find."""
    return {path.name: path.read_bytes() for path in folder.glob("*.md") if not path.name.startswith(".")}
