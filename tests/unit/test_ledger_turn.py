"""Turns at writing: one process at a time, in order, and never waiting for ever."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from hitl_vault.errors import LedgerUnavailable
from hitl_vault.ledger.turn import Turn


@pytest.fixture
def turns(work: Path) -> Iterator[list[Turn]]:
    """Turns as separate processes have them: each with the file opened for itself."""
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Turn(work / "turn", 0.2))) for _ in range(8)]


def test_one_at_a_time(turns: list[Turn]) -> None:
    inside: list[int] = []
    most = 0

    def work(turn: Turn) -> None:
        nonlocal most
        turn._timeout = 20
        for _ in range(30):
            with turn:
                inside.append(1)
                most = max(most, len(inside))
                inside.pop()

    threads = [threading.Thread(target=work, args=(turn,)) for turn in turns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert most == 1


def test_whose_turn_does_not_come_is_told_and_can_try_again(turns: list[Turn]) -> None:
    one, other, *_ = turns
    with one:
        start = time.monotonic()
        for _ in range(2):
            with pytest.raises(LedgerUnavailable, match=r"turn: another process has been writing for 0\.2 s"):
                other.__enter__()
        assert 0.4 <= time.monotonic() - start < 5
    with other:
        pass
    with one:
        pass


def test_who_gave_up_does_not_keep_the_turn_when_it_comes_after_all(turns: list[Turn]) -> None:
    one, other, third, *_ = turns
    with one, pytest.raises(LedgerUnavailable):
        other.__enter__()
    third._timeout = 10
    with third:
        pass
    ends = time.monotonic() + 10
    while any(thread.name == "hitl-ledger-turn" for thread in threading.enumerate()):
        assert time.monotonic() < ends
        time.sleep(0.001)


def test_waiting_opens_no_files_that_stay(turns: list[Turn]) -> None:
    one, other, *_ = turns
    other._timeout = 10
    with one:
        pass
    with other:
        pass
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(20):
        one.__enter__()
        waiting = threading.Thread(target=other.__enter__)
        waiting.start()
        time.sleep(0.002)
        one.__exit__(None, None, None)
        waiting.join(10)
        other.__exit__(None, None, None)
    after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    assert after == before
    with one:
        pass
