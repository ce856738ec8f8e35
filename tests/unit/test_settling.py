"""What has been the same for a while has settled; until then it is come back to, and no earlier."""

from __future__ import annotations

import pytest

from hitl_vault.keeper.settling import Settling
from hitl_vault.keeper.timers import Timers


class Watched:
    """What settles, on a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.later: Timers[str] = Timers()
        self.settling = Settling(self.later, lambda: self.now)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_what_stays_the_same_has_settled_after_its_time(watched: Watched) -> None:
    assert not watched.settling.settled("a", "one", 2.0)
    assert watched.later.next() == 102.0
    watched.now = 101.9
    assert not watched.settling.settled("a", "one", 2.0)
    watched.now = 102.0
    assert watched.settling.settled("a", "one", 2.0)
    assert watched.settling.settled("a", "one", 2.0)  # until it is forgotten


def test_what_changes_waits_anew(watched: Watched) -> None:
    watched.settling.settled("a", "one", 2.0)
    watched.now = 102.0
    assert not watched.settling.settled("a", "two", 2.0)
    assert watched.later.next() == 104.0


def test_who_waits_longer_waits_since_the_same_time(watched: Watched) -> None:
    watched.settling.begin("a", "one", 2.0)
    watched.now = 102.0
    assert not watched.settling.settled("a", "one", 5.0)
    assert watched.later.next() == 105.0


def test_what_fell_due_too_early_falls_due_again(watched: Watched) -> None:
    watched.settling.begin("a", "one", 2.0)
    watched.later.cancel("a")
    assert not watched.settling.settled("a", "one", 2.0)
    assert watched.later.next() == 102.0


def test_to_begin_again_with_the_same_changes_nothing(watched: Watched) -> None:
    assert watched.settling.begin("a", "one", 2.0)
    watched.now = 101.0
    assert not watched.settling.begin("a", "one", 9.0)
    assert watched.later.next() == 102.0
    assert watched.settling.begin("a", "two", 2.0)
    assert watched.later.next() == 103.0


def test_each_settles_by_itself(watched: Watched) -> None:
    watched.settling.begin("a", "one", 2.0)
    watched.now = 102.0
    assert not watched.settling.settled("b", "one", 2.0)
    assert watched.settling.settled("a", "one", 2.0)


@pytest.mark.parametrize("wait", [0.0, -1.0])
def test_who_does_not_wait_has_settled_at_once(watched: Watched, wait: float) -> None:
    assert watched.settling.settled("a", "one", wait)


def test_what_is_forgotten_is_not_come_back_to_and_waits_anew(watched: Watched) -> None:
    watched.settling.begin("a", "one", 2.0)
    assert "a" in watched.settling
    watched.settling.forget("a")
    watched.settling.forget("never seen")
    assert "a" not in watched.settling
    assert watched.later.next() is None
    watched.now = 102.0
    assert not watched.settling.settled("a", "one", 2.0)
