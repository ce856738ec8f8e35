"""What every benchmark shares: folders of its own, how much to measure, turns, and statistics."""

from __future__ import annotations

import itertools
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar

T = TypeVar("T")
Size = Literal["tiny", "quick", "normal", "full"]
SIZES: tuple[Size, ...] = ("tiny", "quick", "normal", "full")


class Bench:
    """One run: hands out fresh folders below one parent, and removes them all at the end.

    Nothing is removed between timed runs: ext4 is slow at creating files for a while afterwards.
    """

    def __init__(self, *, size: Size = "normal", work: Path | None = None) -> None:
        self.size = size
        parent = work or Path(os.environ.get("HITL_BENCH_DIR", "/var/tmp"))
        self._parent = Path(tempfile.mkdtemp(prefix="hitl-bench-", dir=parent)).resolve()
        self._numbers = itertools.count(1)

    def pick(self, tiny: T, quick: T, normal: T, full: T | None = None) -> T:
        """Return the amount that belongs to this run's size; `full` is `normal` unless given."""
        chosen = {"tiny": tiny, "quick": quick, "normal": normal, "full": normal if full is None else full}
        return chosen[self.size]

    def folder(self, name: str = "run") -> Path:
        """Return a new empty folder."""
        folder = self._parent / f"{name}-{next(self._numbers)}"
        folder.mkdir()
        return folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._parent, ignore_errors=True)


SHARES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
"""Which shares of all timings a curve tells of."""


@dataclass(frozen=True)
class Stats:
    """What a number of timings amount to, in seconds."""

    count: int
    least: float
    p50: float
    p99: float
    most: float
    spread: float
    """Half the distance between the quartiles, as a share of the median."""
    curve: Sequence[float] = ()
    """What lies at each of `SHARES`."""

    @classmethod
    def of(cls, timings: Sequence[float]) -> Self:
        """Sum up; `ValueError` without any timing."""
        ordered = sorted(timings)
        middle = statistics.median(ordered)
        quarter, three = at(ordered, 0.25), at(ordered, 0.75)
        return cls(
            count=len(ordered),
            least=ordered[0],
            p50=middle,
            p99=at(ordered, 0.99),
            most=ordered[-1],
            spread=(three - quarter) / 2 / middle if middle else 0.0,
            curve=[at(ordered, share) for share in SHARES],
        )

    def ms(self) -> tuple[str, ...]:
        """Return least, median, p99 and spread for a table, in milliseconds."""
        return (*(millis(x) for x in (self.least, self.p50, self.p99)), f"±{self.spread:.0%}")


MS = ("min ms", "p50 ms", "p99 ms", "spread")
"""The headings of `Stats.ms`."""


def at(ordered: Sequence[float], share: float) -> float:
    """Return the value below which `share` of an ordered sequence lies (nearest rank)."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def millis(seconds: float) -> str:
    """Return seconds as milliseconds with three significant digits."""
    value = seconds * 1000
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def rate(per_second: float) -> str:
    """Return a rate for a table."""
    return f"{per_second:,.0f}" if per_second >= 10 else f"{per_second:.2f}"


def ratio(value: float) -> str:
    """Return a ratio for a table."""
    return f"{value:.2f}x"


def in_turns(contenders: Mapping[str, Callable[[], float]], rounds: int, warm: int = 3) -> dict[str, Stats]:
    """Time contenders A B A B …, so that whatever else the machine does meets all of them alike.

    Each contender does its work once and returns the seconds that count. `warm` rounds are not counted.
    """
    return {name: Stats.of(taken) for name, taken in timings(contenders, rounds, warm).items()}


def timings(
    contenders: Mapping[str, Callable[[], float]], rounds: int, warm: int = 3
) -> dict[str, list[float]]:
    """Return every timing of `in_turns`."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(warm + rounds):
        for name, work in contenders.items():
            took = work()
            if number >= warm:
                taken[name].append(took)
    return taken


def timed(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def until(look: Callable[[], T], seconds: float = 120.0, every: float = 0.002) -> T:
    """Return the first true answer of `look`; `TimeoutError` if none comes."""
    ends = time.monotonic() + seconds
    while not (answer := look()):
        if time.monotonic() > ends:
            raise TimeoutError(f"it did not come true within {seconds:g} s")
        time.sleep(every)
    return answer


@dataclass
class Closing:
    """Closes what was opened, last first."""

    jobs: list[Callable[[], object]] = field(default_factory=list)

    def __enter__(self) -> Callable[[Callable[[], object]], None]:
        return self.jobs.append

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self.jobs:
            self.jobs.pop()()


def steps(most: int, base: int = 10, first: int = 1) -> Iterator[int]:
    """Yield first, first * base, … up to `most`."""
    while first <= most:
        yield first
        first *= base
