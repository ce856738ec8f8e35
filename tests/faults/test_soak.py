"""A soak finds what grows, and finds nothing in a short one of the product."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.publish import replaced
from tests.faults import soaked
from tests.faults.growth import trends
from tests.faults.sampling import Held, Sample
from tests.faults.soak import soak
from tests.faults.stage import Stage

FLAT = [
    Sample(
        at=float(second),
        held={"keeper": Held(memory=30.0 + second % 3, descriptors=20 + second % 2, threads=6)},
        ledger=2500 * second,
        wal=2**22,
        entries=6000 + 5 * second,
        bells=9,
    )
    for second in range(1, 301)
]
QUICK = [(float(second), 60.0 + second % 7) for second in range(1, 301)]


def grown(change: Callable[[Sample], Sample]) -> list[str]:
    return [trend.what for trend in trends([change(one) for one in FLAT], QUICK) if not trend.holds]


def held(one: Sample, **more: float) -> Sample:
    keeper = one.held["keeper"]
    changed = {name: getattr(keeper, name) + by * one.at for name, by in more.items()}
    return replace(one, held={"keeper": replace(keeper, **changed)})


def test_what_stays_as_it_is_holds() -> None:
    assert grown(lambda one: one) == []


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("memory, keeper", lambda one: held(one, memory=0.03)),
        ("descriptors, keeper", lambda one: held(one, descriptors=0.03)),
        ("threads, keeper", lambda one: held(one, threads=0.02)),
        ("bells of dead processes", lambda one: replace(one, bells=int(9 + one.at / 20))),
        ("write-ahead log, largest", lambda one: replace(one, wal=int(2**22 * (1 + one.at / 100)))),
        ("ledger for each entry", lambda one: replace(one, ledger=int(30 * one.at**2))),
    ],
)
def test_what_leaks_is_named(what: str, change: Callable[[Sample], Sample]) -> None:
    assert grown(change)[0] == what


def test_answers_that_arrive_later_and_later_are_noticed() -> None:
    slower = [(at, ms + at / 2) for at, ms in QUICK]
    assert "save to resume, median" in [t.what for t in trends(FLAT, slower) if not t.holds]


@pytest.mark.faults
@pytest.mark.timeout(240)
def test_nothing_grows_in_a_short_soak(arena: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    with Stage() as stage:
        found = soak(stage, arena, seconds=25, seed=seed, kill_every=1.5)
    assert found.wrong == [], f"seed {seed}"
    assert found.account.killed >= 8
    assert found.account.counts()["run"] >= 20


def test_a_soak_is_published_as_a_table_plots_and_samples(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    page.write_text(replaced("# Reliability\n", "soak", "earlier\n"))
    given = {
        "seconds": 300.0,
        "counts": {"requests": 1, "operations": 2, "killed": 3},
        "wrong": [],
        "samples": [one.as_json() for one in FLAT],
        "resumed": QUICK,
    }
    soaked.publish(given, list(trends(FLAT, QUICK)), page)
    text = page.read_text()
    assert "earlier" not in text
    assert "| memory, keeper | 31.0 MiB | 31.0 MiB |" in text
    assert "soak-resume.svg" in text
    assert (tmp_path / "reliability" / "soak-memory.svg").read_text().count("<circle") == 40
    assert len(json.loads((tmp_path / "reliability" / "soak.json").read_text())["samples"]) == len(FLAT)
