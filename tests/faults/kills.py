"""Kill points: a scenario is killed just before each system call that changes something, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.faults.crash import Blow, Prepared, strike
from tests.faults.tracing import CHANGING, Zygote, counts, killing, watching


@dataclass
class Sweep:
    """What came of all points of one scenario: how many struck, by system call, and what was wrong."""

    name: str
    points: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    died: int = 0
    """How many victims of an error ended themselves."""

    @property
    def total(self) -> int:
        """How many victims were struck."""
        return sum(self.points.values())


def sweep(
    zygote: Zygote,
    prepared: Prepared,
    *,
    every: int = 1,
    bug: str = "",
    enough: int = 5,
    strike: Callable[..., Blow] = strike,
) -> Sweep:
    """Kill a scenario at every nth point of each system call until it completes unhurt.

    Stops when `enough` points have gone wrong. `strike` is what is done at each.
    """
    found = Sweep(prepared.scenario.name)
    unhurt = strike(zygote, prepared, watching(*CHANGING), bug=bug, trace=True)
    found.wrong += [f"unhurt: {line}" for line in unhurt.wrong]
    for call, number in sorted(counts(unhurt.run.trace).items()):
        for point in _points(number, every):
            if len(found.wrong) >= enough:
                return found
            blow = strike(zygote, prepared, killing(call, point), bug=bug)
            found.wrong += [f"killed before {call} {point}: {line}" for line in blow.wrong]
            if blow.run.killed:
                found.points[call] = found.points.get(call, 0) + 1
            elif every == 1:
                break
    return found


def _points(number: int, every: int) -> Iterator[int]:
    """Yield the points to strike; twice as many as were counted, since another run may do more."""
    if every == 1:
        yield from range(1, 2 * number + 2)
    else:
        yield from range(1, number + 1, every)
