"""How cost grows with pending requests, with resolved ones, and with agents that wait.

Each step is a vault of its own size, measured with a gate that keeps it and a settle of 0, in one
process. What is measured is what people and agents wait for: asking, deciding through the API, and
from saving a note to going on. The waiting agents are coroutines of one process.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import hitl_vault as hv
from benchmarks import generated, vaults
from benchmarks.actors import resident
from benchmarks.harness import Bench, Stats, millis, timed, timings, until
from benchmarks.report import Check, Plot, Table
from benchmarks.resume import QUIET, Waiting

Point = dict[str, Stats]


def run(bench: Bench) -> Iterator[Table | Plot]:
    """Measure three curves."""
    resolved = bench.pick((0, 20), (0, 10_000), (0, 1_000, 10_000, 100_000), (0, 10_000, 100_000, 1_000_000))
    yield from _curve(bench, "resolved", {n: _vault(bench, resolved=n) for n in resolved})
    pending = bench.pick((10, 20), (10, 1_000), (10, 100, 1_000, 10_000), (10, 1_000, 10_000, 100_000))
    yield from _curve(bench, "pending", {n: _vault(bench, pending=n) for n in pending})
    waiting = bench.pick((1, 20), (1, 10, 100, 1_000), (1, 10, 100, 1_000, 10_000))
    yield _waits([_waiting(bench, count) for count in waiting])


def _vault(bench: Bench, *, pending: int = 10, resolved: int = 0) -> hv.Config:
    config = vaults.found(bench.folder("grown"), settle="0s")
    with vaults.open_gate(config, keeper=False) as gate:
        generated.add_resolved(gate, resolved)
        generated.add_pending(gate, pending)
    return config


def _points(bench: Bench, configs: dict[int, hv.Config]) -> dict[int, Point]:
    """Measure each vault several times, in turns with the others."""
    taken = {count: dict[str, list[float]]() for count in configs}
    for _ in range(bench.pick(1, 2, 5)):
        for count, config in configs.items():
            for name, more in _measured(bench, config).items():
                taken[count].setdefault(name, []).extend(more)
    return {count: {name: Stats.of(all) for name, all in found.items()} for count, found in taken.items()}


def _measured(bench: Bench, config: hv.Config) -> dict[str, list[float]]:
    """Time what people and agents wait for."""
    with vaults.open_gate(config, keeper=True) as gate:
        _save(gate, config)  # from here on the keeper has caught up
        contenders: dict[str, Callable[[], float]] = {
            "ask": lambda: _quietly(lambda: gate.ask(**vaults.asking(1))),
            "decide": lambda: _decide(gate),
            "save to resume": lambda: _save(gate, config),
            "newest 10": lambda: timed(lambda: gate.ledger.rows(states={hv.State.PENDING}, limit=10)),
            "counts": lambda: timed(gate.ledger.counts),
        }
        return timings(contenders, bench.pick(1, 10, 15), bench.pick(0, 2, 2))


def _quietly(work: Callable[[], object]) -> float:
    """Time `work` once the keeper has drawn what came before."""
    time.sleep(QUIET)
    return timed(work)


def _decide(gate: hv.Gate) -> float:
    request = gate.ask(**vaults.asking(1))
    return _quietly(lambda: gate.decide(request.id, "approve", by="ana"))


def _save(gate: hv.Gate, config: hv.Config) -> float:
    request = gate.ask(**vaults.asking(1))
    path = vaults.note(config, request.id)
    until(path.exists)
    wait = Waiting(lambda: gate.wait(request.id))
    time.sleep(QUIET)
    closed = vaults.approve(path)
    return wait.ended() - closed


def _curve(bench: Bench, what: str, configs: dict[int, hv.Config]) -> Iterator[Table | Plot]:
    found = _points(bench, configs)
    names = list(next(iter(found.values())))
    rows = [(f"{count:,}", *(millis(point[name].p50) for name in names)) for count, point in found.items()]
    checks = [_flat(name, what, found) for name in names if name != "counts"]
    note = "`counts` counts every request there is, by state; nothing that anybody waits for asks for it."
    heads = (what, *(f"{name} ms" for name in names))
    yield Table(f"Cost by number of {what} requests (medians)", heads, rows, note, checks, found)
    series = {name: [(max(1.0, n), point[name].p50 * 1000) for n, point in found.items()] for name in names}
    yield Plot(f"growth-{what}", f"Cost by number of {what} requests", what, "ms (median)", series)


def _flat(name: str, what: str, found: dict[int, Point]) -> Check:
    few, many = min(found), max(found)
    # Below a tenth of a millisecond a ratio tells of caches, not of growth.
    growth = found[many][name].p50 / max(found[few][name].p50, 1e-4)
    return Check(f"{name} with {many:,} {what} over {few:,}", growth, 1.5)


@dataclass(frozen=True)
class _Waits:
    """What so many waiting coroutines cost."""

    count: int
    threads: int
    memory: int
    one: float
    all: float


def _waiting(bench: Bench, count: int) -> _Waits:
    config = vaults.found(bench.folder("waiting"), settle="0s")
    with vaults.open_gate(config, keeper=False) as gate:
        ids = [request.id for request in vaults.ask_all(gate, count)]
        return asyncio.run(_wait_for(gate, ids))


async def _wait_for(gate: hv.Gate, ids: list[str]) -> _Waits:
    memory, threads = resident(os.getpid()), threading.active_count()
    waits = [asyncio.create_task(gate.wait_async(id)) for id in ids]
    await _calm()
    held, more = resident(os.getpid()) - memory, threading.active_count() - threads
    one = await _woken(gate, ids[:1], waits[:1])
    return _Waits(len(ids), more, held, one, await _woken(gate, ids[1:], waits[1:]) if ids[1:] else one)


async def _calm() -> None:
    """Return once this process has nothing to do: every wait waits."""
    used = -1.0
    while (now := time.process_time()) - used > 0.02:
        used = now
        await asyncio.sleep(0.2)


async def _woken(gate: hv.Gate, ids: list[str], waits: list[asyncio.Task[hv.Decision]]) -> float:
    """Decide in another thread and return the seconds until all these waits are over."""

    def decide() -> None:
        for id in ids:
            gate.decide(id, "approve", by="ana")

    begin = time.perf_counter()
    await asyncio.gather(asyncio.to_thread(decide), *waits)
    return time.perf_counter() - begin


def _waits(found: Sequence[_Waits]) -> Table:
    rows = [
        (
            f"{w.count:,}",
            str(w.threads),
            f"{w.memory / w.count / 1000:.1f}" if w.count >= 1000 else "",
            millis(w.one),
            millis(w.all / max(1, w.count - 1)),
        )
        for w in found
    ]
    last = found[-1]
    checks = [
        Check(f"threads more for {last.count:,} waits than for one", last.threads - found[0].threads, 6),
    ]
    heads = ("waiting", "threads more", "KB each", "decide and wake one, ms", "all the others, ms each")
    note = "The threads are those that asyncio runs blocking calls in, at most six here; none of them waits."
    return Table("Waiting agents in one process", heads, rows, note, checks, list(found))
