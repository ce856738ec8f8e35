"""Errors of the disk in place of system calls: told clearly, nothing half done, and on it goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.crash import Prepared, strike
from tests.faults.errors import sweep
from tests.faults.plot import Scenario
from tests.faults.results import record
from tests.faults.scenarios import ALL, ASK, DECIDE, RUN
from tests.faults.tracing import Zygote, failing


@pytest.mark.parametrize("scenario", [ASK, DECIDE, RUN], ids=lambda s: s.name)
def test_what_could_not_be_synced_does_not_come_back_after_a_crash(
    zygote: Zygote, arena: Path, scenario: Scenario
) -> None:
    """A failed sync leaves a whole transaction in the log, where recovery would find it."""
    found = sweep(zygote, Prepared(scenario, arena), "EIO", calls=("fdatasync",), dies=True)
    assert not found.wrong
    assert found.died >= 3


@pytest.mark.parametrize("scenario", [DECIDE, RUN], ids=lambda s: s.name)
def test_a_disk_that_cannot_sync_any_more_leaves_open_what_was_recorded(
    zygote: Zygote, arena: Path, scenario: Scenario
) -> None:
    """The first commit that failed may be there or not, as its error says; those after it are not begun."""
    blow = strike(zygote, Prepared(scenario, arena), failing("fdatasync", "5+", "EIO"))
    kinds = [s["kind"] for s in blow.run.said if s["said"] == "error"]
    assert not blow.wrong
    assert kinds[:1] == ["MaybeRecorded"]
    assert set(kinds[1:]) <= {"LedgerUnavailable"}


@pytest.mark.parametrize("name", ALL)
def test_a_sample_of_errors(zygote: Zygote, arena: Path, name: str) -> None:
    error = ("EIO", "ENOSPC")[list(ALL).index(name) % 2]
    found = sweep(zygote, Prepared(ALL[name], arena), error, most=4)
    assert not found.wrong
    assert found.total == 4


@pytest.mark.faults
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("name", ALL)
def test_an_error_at_every_point(zygote: Zygote, arena: Path, name: str, error: str) -> None:
    found = sweep(zygote, Prepared(ALL[name], arena), error)
    record("errors", f"{name}, {error}", points=found.total, **found.points)
    assert not found.wrong


@pytest.mark.faults
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("scenario", [ASK, DECIDE, RUN], ids=lambda s: s.name)
def test_an_error_at_every_point_and_a_crash_as_soon_as_it_is_told(
    zygote: Zygote, arena: Path, scenario: Scenario, error: str
) -> None:
    found = sweep(zygote, Prepared(scenario, arena), error, dies=True)
    record("errors with a crash", f"{scenario.name}, {error}", points=found.total, died=found.died)
    assert not found.wrong
    assert found.died >= 3
