"""The whole corpus and some hundred mutations of it, for each target; `make fuzz` goes on from there."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from tests.fuzz import seeded
from tests.fuzz.mutate import mutations
from tests.fuzz.target import CORPUS, MEMORY, TooSlow
from tests.fuzz.targets import TARGETS

MUTATIONS = 400
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("target", "name"), [(t, n) for t in TARGETS for n in TARGETS[t].corpus()])
def test_the_corpus_holds(target: str, name: str) -> None:
    TARGETS[target].run(TARGETS[target].corpus()[name])


@pytest.mark.parametrize("name", TARGETS)
def test_mutations_of_the_corpus_hold(name: str) -> None:
    target = TARGETS[name]
    outcomes = {
        target.run(data)
        for data in islice(mutations(list(target.corpus().values()), target.words, name), MUTATIONS)
    }
    assert len(outcomes) > 1, f"everything is {outcomes}, so nothing is tried"


def test_every_folder_of_the_corpus_has_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_is_read_within_bounds_of_memory(name: str) -> None:
    """In a process that cannot have more than a gigabyte, counted allocation by allocation."""
    run = [sys.executable, "-m", "tests.fuzz.memory", name]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 0 < int(done.stdout) < MEMORY


@pytest.mark.parametrize(("fault", "target"), seeded.FAULTY.items(), ids=list(seeded.FAULTY))
def test_a_fault_put_in_on_purpose_is_found_by_these_mutations(fault: str, target: seeded.Target) -> None:
    tried = islice(mutations(list(target.corpus().values()), target.words, target.name), 4 * MUTATIONS)
    assert any(seeded.fails(target, data) for data in (*target.corpus().values(), *tried))


def test_what_takes_too_long_is_found() -> None:
    def idle(data: bytes) -> str:
        ends = time.process_time() + 1.1
        while time.process_time() < ends:
            pass
        return "late"

    with pytest.raises(TooSlow):
        replace(TARGETS["name"], check=idle).run(b"x")
