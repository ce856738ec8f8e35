"""What every test may ask for, a vault above all; and where CI runs, nothing is skipped."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.house import House

_skipped: list[str] = []


def pytest_configure() -> None:
    """Let programs that tests start be interrupted, also where this was started in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Clock:
    """A clock that stands still until it is told otherwise; call it for the time."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def set(self, at: datetime) -> None:
        """Jump to `at`, forwards or backwards."""
        assert at.tzinfo is not None, "a clock needs an aware time"
        self.at = at

    def advance(self, by: timedelta | float) -> datetime:
        """Go on by a timedelta or by seconds, and return the new time."""
        self.at += by if isinstance(by, timedelta) else timedelta(seconds=by)
        return self.at


@pytest.fixture
def clock() -> Clock:
    """A settable clock, at 2026-01-02 03:04:05 UTC."""
    return Clock(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


@pytest.fixture
def work() -> Iterator[Path]:
    """A fresh folder outside /tmp, where editors make no backups; `HITL_TEST_DIR` names another parent."""
    parent = Path(os.environ.get("HITL_TEST_DIR", "/var/tmp"))
    folder = Path(tempfile.mkdtemp(prefix="hitl-test-", dir=parent if parent.is_dir() else Path.home()))
    yield folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(work: Path) -> Iterator[House]:
    """A house whose vault the test makes, with settings of its own."""
    house = House(work)
    yield house
    house.close()


@pytest.fixture
def house(home: House, request: pytest.FixtureRequest) -> House:
    """A vault; the mark `founded` gives it other settings."""
    mark = request.node.get_closest_marker("founded")
    home.found(**(mark.kwargs if mark else {}))
    return home


@pytest.fixture
def gate(house: House) -> hv.Gate:
    """A gate that keeps the vault."""
    return house.gate()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("HITL_") and name != "HITL_TEST_DIR"]:
        monkeypatch.delenv(name)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what was skipped; an expected failure is no skip."""
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where CI runs nothing may be skipped."""
    if os.environ.get("CI") and _skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print("\nskipped, which fails in CI:", *_skipped, sep="\n  ")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Where mutmut runs the tests, forget what was found before the mutant came into being."""
    if "MUTANT_UNDER_TEST" in os.environ:
        from tests.mutation.fresh import forget

        forget()
