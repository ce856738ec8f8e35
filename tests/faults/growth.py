"""Whether a soak stayed flat: each measure of its last third against its first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from tests.faults.sampling import Sample

MEMORY = 1536
"""Bytes that a process may grow by for each request in between. The keeper remembers the last 32,768 paths
that it drew or cleared, on purpose: up to three for each request, of some 300 bytes. What leaks of a
request, its record and note of 4 KB with all that is read of them, would be more."""
ROOM = 4.0
"""MiB that a process may grow by besides: what the allocator keeps moves by that much."""
DESCRIPTORS, THREADS, BELLS = 3, 2, 4
"""How many more there may be in the median: fewer than one for each hundred requests, or for each kill."""
SLOWER = 1.5
"""Times that the median from save to resume may grow; the machine's other work shows in it."""
LATER = 25.0
"""Milliseconds that it may grow by besides."""
LARGEST_LOG = 8 * 2**20
"""Bytes that the write-ahead log may have at most: SQLite writes it back at 4 MiB."""
ENTRY = 1.1
"""Times that the bytes for each entry may grow, of ledger and log from the beginning on."""


@dataclass(frozen=True, kw_only=True)
class Trend:
    """One measure in the first third and in the last, and the most that it may be then."""

    what: str
    unit: str
    first: float
    last: float
    most: float

    @property
    def holds(self) -> bool:
        """Whether it stayed within bounds."""
        return self.last <= self.most

    def __str__(self) -> str:
        return f"{self.what}: {self.first:.1f} to {self.last:.1f} {self.unit}, at most {self.most:.1f}"


def trends(samples: Sequence[Sample], resumed: Sequence[tuple[float, float]]) -> Iterator[Trend]:
    """Compare the thirds of a soak; `resumed` has when answers were saved, and the ms until they counted."""
    first, last = _thirds(samples)
    requests = (_middle(s.entries for s in last) - _middle(s.entries for s in first)) / 5
    for name in samples[0].held:
        yield from _held(name, first, last, requests)
    yield _counted("bells of dead processes", [s.bells for s in first], [s.bells for s in last], BELLS)
    yield Trend(
        what="write-ahead log, largest",
        unit="MiB",
        first=max(s.wal for s in first) / 2**20,
        last=max(s.wal for s in last) / 2**20,
        most=LARGEST_LOG / 2**20,
    )
    yield _grown("ledger for each entry", "bytes", _per_entry(first), _per_entry(last), ENTRY)
    yield from _resumed(samples[-1].at, resumed)


def _thirds(samples: Sequence[Sample]) -> tuple[Sequence[Sample], Sequence[Sample]]:
    end = samples[-1].at
    first = [s for s in samples if s.at <= end / 3]
    return first, [s for s in samples if s.at >= end * 2 / 3]


def _held(name: str, first: Sequence[Sample], last: Sequence[Sample], requests: float) -> Iterator[Trend]:
    before, after = (_middle(s.held[name].memory for s in third) for third in (first, last))
    most = before + ROOM + requests * MEMORY / 2**20
    yield Trend(what=f"memory, {name}", unit="MiB", first=before, last=after, most=most)
    yield _counted(
        f"descriptors, {name}",
        [s.held[name].descriptors for s in first],
        [s.held[name].descriptors for s in last],
        DESCRIPTORS,
    )
    yield _counted(
        f"threads, {name}",
        [s.held[name].threads for s in first],
        [s.held[name].threads for s in last],
        THREADS,
    )


def _counted(what: str, first: Sequence[int], last: Sequence[int], more: int) -> Trend:
    before, after = median(first), median(last)
    return Trend(what=what, unit="", first=before, last=after, most=before + more)


def _grown(what: str, unit: str, first: float, last: float, times: float, more: float = 0.0) -> Trend:
    return Trend(what=what, unit=unit, first=first, last=last, most=first * times + more)


def _per_entry(third: Sequence[Sample]) -> float:
    return (third[-1].ledger + third[-1].wal) / third[-1].entries


def _resumed(end: float, resumed: Sequence[tuple[float, float]]) -> Iterator[Trend]:
    first = [ms for at, ms in resumed if at <= end / 3]
    last = [ms for at, ms in resumed if at >= end * 2 / 3]
    yield _grown("save to resume, median", "ms", median(first), median(last), SLOWER, LATER)
    tails = [quantiles(third, n=10)[-1] for third in (first, last)]
    yield _grown("save to resume, 90th of 100", "ms", tails[0], tails[1], SLOWER * 2, LATER * 4)


def _middle(values: Iterator[float]) -> float:
    return median(values)
