"""Whatever several processes do at once, and whichever of them are killed, some order of events explains it.

The lots are drawn from a seed, which is printed on failure; `FAULTS_SEED` draws them again. What each process
wrote down is kept then, and `python -m tests.faults.checker FOLDER` judges it again.
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.bustle import Account, Bustle
from tests.faults.results import FOLDER, record
from tests.faults.stage import Stage
from tests.house import House

SECONDS = float(os.environ.get("FAULTS_SECONDS", "240"))


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Where the actors come from."""
    with Stage() as stage:
        yield stage


def house(folder: Path) -> House:
    """Return a vault whose executors are presumed dead after a second without a sign of life."""
    house = House(folder)
    house.found(lease="1s")
    return house


@pytest.fixture
def seed() -> int:
    """A new seed, or the one that was asked for."""
    return int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(1 << 32))


def judged(stage: Stage, bustle: Bustle) -> Account:
    """Let everything happen, and keep what was written down if something is wrong."""
    bustle.play(stage)
    account = bustle.account(stage)
    if account.wrong:
        kept = FOLDER / "histories" / str(bustle.seed)
        shutil.copytree(bustle.folder, kept, dirs_exist_ok=True)
        pytest.fail("\n".join([f"FAULTS_SEED={bustle.seed}, history in {kept}", *account.wrong[:20]]))
    return account


def much(counts: Counter[str], requests: int) -> bool:
    """Tell whether so much happened that something could have gone wrong."""
    return counts["requests"] >= requests and min(counts["run"], counts["reject"], counts["killed"]) >= 3


@pytest.mark.slow
def test_what_processes_were_told_in_some_seconds_can_be_explained(
    stage: Stage, arena: Path, seed: int
) -> None:
    """On a machine that is busy with other things some seconds are little: then there are more rounds."""
    counts: Counter[str] = Counter()
    for number in range(8):
        bustle = Bustle(house(arena / str(number)), seed + number, seconds=6, rate=15, kill_every=0.8)
        counts.update(judged(stage, bustle).counts())
        if much(counts, 20):
            return
    pytest.fail(f"too little happened to say anything: {dict(counts)}")


@pytest.mark.faults
@pytest.mark.timeout(SECONDS * 3 + 120)
@pytest.mark.parametrize(("what", "kill_every"), [("nobody is killed", 0.0), ("killed at random", 1.0)])
def test_what_processes_were_told_in_some_minutes_can_be_explained(
    stage: Stage, arena: Path, seed: int, what: str, kill_every: float
) -> None:
    account = judged(stage, Bustle(house(arena), seed, SECONDS, rate=12, kill_every=kill_every))
    counts = account.counts()
    record("histories", what, seed=seed, seconds=SECONDS, **counts)
    assert much(counts + Counter(killed=3), int(SECONDS / 2))
