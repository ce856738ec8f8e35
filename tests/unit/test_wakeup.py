"""What wakes one thread."""

from __future__ import annotations

import threading
import time

import pytest

from hitl_vault.wakeup import Wakeup


@pytest.mark.parametrize("times", [1, 2, 5])
def test_what_was_rung_before_the_wait_ends_one_wait_however_often_it_was(times: int) -> None:
    wakeup = Wakeup()
    for _ in range(times):
        wakeup.ring()
    assert wakeup.wait(60)
    assert not wakeup.wait(0)


def test_a_wait_that_nobody_ends_is_over_after_its_time() -> None:
    wakeup, begun = Wakeup(), time.monotonic()
    assert not wakeup.wait(0.05)
    assert time.monotonic() - begun >= 0.05


@pytest.mark.parametrize("timeout", [None, 60.0])
def test_a_ring_wakes_the_thread_that_waits(timeout: float | None) -> None:
    wakeup, woken = Wakeup(), list[bool]()
    waiting = threading.Thread(target=lambda: woken.append(wakeup.wait(timeout)))
    waiting.start()
    wakeup.ring()
    waiting.join(60)
    assert woken == [True]


def test_no_ring_is_lost_between_two_waits() -> None:
    """Each ring is answered before the next one, a thousand times; one that was lost would never be."""
    there, back = Wakeup(), Wakeup()

    def answer() -> None:
        for _ in range(1000):
            there.wait()
            back.ring()

    answering = threading.Thread(target=answer, daemon=True)
    answering.start()
    for _ in range(1000):
        there.ring()
        assert back.wait(60)
    answering.join(60)
