"""Others on the same work: an agent asks, a person decides, the agent goes on.

Agent, person and whatever stands between them are processes of their own, and each does what its
users' programs do. Latency: one request at a time, decided at a random moment, from the beginning
of the person's act to the agent going on. At once: so many requests made one by one, decided one by
one, until the agent has gone on with the last. How long a poller sleeps is its users' choice: a usual
time and a short one are shown.
"""

from __future__ import annotations

import functools
import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.contenders import RIVALS, Contender, Later, Missing, Pair
from benchmarks.harness import Bench, Closing, Stats, in_turns, millis, rate, ratio
from benchmarks.report import Plot, Table, curves

QUIET = 0.03
SLOW = 1.0
"""Seconds between two polls from which on contenders are measured side by side, since they mostly sleep."""


def run(bench: Bench) -> Iterator[Table | Plot]:
    """Measure everybody who is installed."""
    with Closing() as later:
        pairs, missing = dict[str, Pair](), list[str]()
        for rival in RIVALS:
            if rival.every < SLOW or bench.size != "tiny":
                _start(rival, bench, later, pairs, missing)
        stats = _latencies(bench, pairs)
        yield _table(bench, pairs, stats, missing)
        yield curves("peers", "Create, decide, resume", stats)


def _start(rival: Contender, bench: Bench, later: Later, pairs: dict[str, Pair], missing: list[str]) -> None:
    try:
        pairs[rival.name] = rival.start(bench, later)
    except Missing as why:
        missing.append(f"{rival.name}: {why}")
        print(f"skipped {rival.name}: {why}", flush=True)


def _table(bench: Bench, pairs: dict[str, Pair], stats: dict[str, Stats], missing: list[str]) -> Table:
    crowd = bench.pick(5, 200, 200)  # one of them takes minutes for a thousand
    together = {name: crowd / _together(pair, crowd) for name, pair in pairs.items()}
    best = stats["hitl-vault, settle 0"].p50
    rows = [
        (
            name,
            millis(found.least),
            millis(found.p50),
            millis(found.p99),
            ratio(found.p50 / best),
            rate(together[name]),
            pairs[name].keeps,
        )
        for name, found in sorted(stats.items(), key=lambda item: item[1].p50)
    ]
    heads = ("", "min ms", "p50 ms", "p99 ms", "of ours", f"{crowd:,} at once, per s", "after a power cut")
    note = f"Rounds: {stats['hitl-vault, settle 0'].count}, of the slow pollers {bench.pick(0, 4, 10)}."
    if missing:
        note += " Not measured: " + "; ".join(missing) + "."
    return Table("Create, decide, resume", heads, rows, note, data=[stats, together])


def _latencies(bench: Bench, pairs: dict[str, Pair]) -> dict[str, Stats]:
    quick = {name: pair for name, pair in pairs.items() if pair.every < SLOW}
    slow = {name: pair for name, pair in pairs.items() if pair.every >= SLOW}
    contenders = {name: functools.partial(_one, pair) for name, pair in quick.items()}
    stats = in_turns(contenders, bench.pick(2, 15, 100), 1)
    with ThreadPoolExecutor(max(1, len(slow))) as pool:
        rounds = bench.pick(1, 4, 10)
        found = pool.map(lambda pair: Stats.of([_one(pair) for _ in range(rounds)]), slow.values())
        return stats | dict(zip(slow, found, strict=True))


def _one(pair: Pair) -> float:
    """Return the seconds from the person's act to the agent going on, for one request."""
    pair.agent.send("1")
    _, ids = json.loads(pair.agent.line())
    time.sleep(QUIET + random.uniform(0, pair.every))
    decided = json.loads(pair.person.ask(json.dumps(ids)))
    return pair.resumed() - float(decided)


def _together(pair: Pair, count: int) -> float:
    """Return the seconds from the first request made to the last one resumed."""
    pair.agent.send(str(count))
    begin, ids = json.loads(pair.agent.line())
    pair.person.ask(json.dumps(ids))
    return pair.resumed() - float(begin)
