"""Wherever a process is killed: what it acknowledged is kept, nothing undecided runs, all is put in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.crash import Prepared
from tests.faults.kills import sweep
from tests.faults.results import record
from tests.faults.scenarios import ALL
from tests.faults.tracing import Zygote


@pytest.mark.parametrize("name", ALL)
def test_a_sample_of_kill_points(zygote: Zygote, arena: Path, name: str) -> None:
    found = sweep(zygote, Prepared(ALL[name], arena), every=24)
    assert not found.wrong
    assert found.total >= 6


@pytest.mark.faults
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ALL)
def test_every_kill_point(zygote: Zygote, arena: Path, name: str) -> None:
    found = sweep(zygote, Prepared(ALL[name], arena))
    record("kill points", name, points=found.total, **found.points)
    assert not found.wrong
