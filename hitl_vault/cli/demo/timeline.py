"""The demo's timeline: who did what, how many seconds after the start."""

from __future__ import annotations

import time

import hitl_vault as hv
from hitl_vault.cli import render

_COLOURS = {"agent": "cyan", "person": "yellow", "ledger": "green"}


class Timeline:
    """Prints what happens, each on a line with its time."""

    def __init__(self) -> None:
        self._start = time.time_ns()

    def line(self, who: str, what: str, *, at: int | None = None) -> None:
        """Print a line; `at` is when it happened, in nanoseconds since 1970."""
        seconds = ((time.time_ns() if at is None else at) - self._start) / 1e9
        name = render.paint(f"{who:<7}", _COLOURS.get(who, "dim"))
        first, *rest = render.wrapped(hv.text.one_line(what), render.width() - 18)
        print(f"{seconds:7.2f} s  {name}  {first}", flush=True)
        for line in rest:
            print(" " * 18 + line, flush=True)

    @property
    def seconds(self) -> float:
        """The seconds since the start."""
        return (time.time_ns() - self._start) / 1e9
