"""Errors of the disk in place of system calls, at every point that changes something."""

from __future__ import annotations

from collections import Counter

from tests.faults.crash import Prepared, strike
from tests.faults.kills import Sweep
from tests.faults.tracing import CHANGING, Zygote, counts, failing, watching


def sweep(
    zygote: Zygote,
    prepared: Prepared,
    error: str,
    *,
    calls: tuple[str, ...] = CHANGING,
    most: int = 10**6,
    bug: str = "",
    dies: bool = False,
    enough: int = 5,
) -> Sweep:
    """Fail a scenario's system calls, one at a time, at `most` points spread over all; see `strike`."""
    found = Sweep(prepared.scenario.name)
    unhurt = strike(zygote, prepared, watching(*calls), bug=bug, trace=True)
    found.wrong += [f"unhurt: {line}" for line in unhurt.wrong]
    for call, point in _spread(counts(unhurt.run.trace), most):
        if len(found.wrong) >= enough:
            break
        blow = strike(zygote, prepared, failing(call, str(point), error), bug=bug, dies=dies)
        found.wrong += [f"{error} at {call} {point}: {line}" for line in blow.wrong]
        found.points[call] = found.points.get(call, 0) + 1
        found.died += blow.run.killed
    return found


def _spread(numbers: Counter[str], most: int) -> list[tuple[str, int]]:
    points = [(call, point) for call, number in sorted(numbers.items()) for point in range(1, number + 1)]
    step = max(1.0, len(points) / most)
    return [points[int(n * step)] for n in range(min(most, len(points)))]
