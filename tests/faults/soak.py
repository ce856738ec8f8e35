"""A mixed load for a long time, with random kills, and what it does to those who live through it.

`python -m tests.faults.soak --seconds 3600` prints a table and fails if anything grows beyond its bound;
`--publish` puts it, the samples and the plots into docs/.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import hitl_vault as hv
from tests.faults import soaked
from tests.faults.actors import PROBE
from tests.faults.bustle import Account, Bustle
from tests.faults.growth import Trend, trends
from tests.faults.history import Operation
from tests.faults.results import FOLDER
from tests.faults.sampling import Sample, sample
from tests.faults.stage import Stage
from tests.house import House

STEADY = ("keeper", "agent", "probe")
"""Who is never killed; the keeper comes first, so that it leads the whole time."""
OTHERS = ("agent", "person", "person", "reader", "keeper")
SAMPLES = 240


@dataclass
class Soak:
    """What a soak gave: how it was set up, its samples, the waits for an answer, and what is wrong."""

    seed: int
    seconds: float
    samples: list[Sample]
    resumed: list[tuple[float, float]]
    account: Account
    trends: list[Trend]

    @property
    def wrong(self) -> list[str]:
        """Everything that must not be, growth included."""
        return [*self.account.wrong, *(f"grew: {trend}" for trend in self.trends if not trend.holds)]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "seed": self.seed,
            "seconds": self.seconds,
            "counts": self.account.counts(),
            "wrong": self.wrong,
            "trends": [asdict(trend) | {"holds": trend.holds} for trend in self.trends],
            "samples": [one.as_json() for one in self.samples],
            "resumed": [[round(at, 2), round(ms, 2)] for at, ms in self.resumed],
        }


def soak(stage: Stage, folder: Path, *, seconds: float, seed: int, kill_every: float = 5.0) -> Soak:
    """Let everything happen for so long, and look at it."""
    house = House(folder)
    house.found(lease="1s")
    began = time.monotonic()
    bustle = Bustle(
        house, seed, seconds, rate=4, kill_every=kill_every, cast=(*STEADY, *OTHERS), steady=len(STEADY)
    )
    with _looking(bustle, house.kept(), seconds) as samples:
        bustle.play(stage)
    account = bustle.account(stage)
    resumed = sorted(_resumed(account.history, began))
    return Soak(seed, seconds, samples, resumed, account, list(trends(samples, resumed)))


@contextmanager
def _looking(bustle: Bustle, kept: Path, seconds: float) -> Iterator[list[Sample]]:
    """Take samples meanwhile, from when all have entered until shortly before the end."""
    samples: list[Sample] = []
    stop = threading.Event()
    began = time.monotonic()
    every = max(0.25, seconds / SAMPLES)

    def look() -> None:
        with hv.open_gate(bustle.house.root, state_dir=bustle.house.state, keeper=False) as gate:
            while not stop.wait(every) and time.monotonic() - began < seconds - 1:
                if len(bustle.playing) >= len(STEADY):
                    pids = dict(zip(STEADY, bustle.playing, strict=False))
                    samples.append(sample(pids, kept, gate.ledger.last_seq(), began))

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            yield samples
        finally:
            stop.set()
            looking.result()


def _resumed(history: Sequence[Operation], began: float) -> Iterator[tuple[float, float]]:
    """Yield when each probe saved its answer, and the milliseconds until its agent had the decision."""
    probes = [op for op in history if f"-{PROBE}-" in op.request and op.end]
    ends = {op.request: op.end for op in probes if op.verb == "wait"}
    for op in probes:
        if op.verb == "approve" and (end := ends.get(op.request)):
            yield op.begin / 1e9 - began, (end - op.begin) / 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak as the command line says; 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--publish", action="store_true", help="put table, samples and plots into docs/")
    asked = parser.parse_args(arguments)
    parent = os.environ.get("HITL_TEST_DIR", "/var/tmp")
    with tempfile.TemporaryDirectory(prefix="hitl-soak-", dir=parent) as folder, Stage() as stage:
        found = soak(stage, Path(folder), seconds=asked.seconds, seed=asked.seed)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "soak.json").write_text(json.dumps(found.as_json()) + "\n")
    print(soaked.table(found.trends), *found.wrong[:20], f"seed {found.seed}", sep="\n")
    if asked.publish:
        soaked.publish(found.as_json(), found.trends)
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
