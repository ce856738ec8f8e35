"""The bell: wakes who listens in another process, at once, and clears away who is gone."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from hitl_vault.ledger.bell import PipeBell, PollBell, hang_bell


@pytest.fixture
def folder(work: Path) -> Path:
    return work / "bells"


@pytest.fixture
def bells(folder: Path) -> Iterator[list[PipeBell]]:
    with ExitStack() as stack:
        yield [stack.enter_context(closing(PipeBell(folder))) for _ in range(3)]


def waited(bell: PipeBell | PollBell, timeout: float) -> float:
    start = time.monotonic()
    bell.wait(timeout)
    return time.monotonic() - start


def test_ringing_wakes_every_other_listener_and_not_oneself(bells: list[PipeBell]) -> None:
    for bell in bells:
        bell.listen()
    bells[0].ring()
    assert waited(bells[1], 5) < 1
    assert waited(bells[2], 5) < 1
    assert waited(bells[0], 0.05) >= 0.04
    assert waited(bells[1], 0.05) >= 0.04, "one ring wakes once"


def test_a_ring_before_the_wait_is_not_lost_and_many_are_one(bells: list[PipeBell]) -> None:
    bells[1].listen()
    for _ in range(5):
        bells[0].ring()
    assert waited(bells[1], 5) < 1
    assert waited(bells[1], 0.05) >= 0.04


def test_who_rings_need_not_listen_and_nobody_need_listen(bells: list[PipeBell], folder: Path) -> None:
    bells[0].ring()
    folder.mkdir()
    bells[0].ring()
    assert list(folder.iterdir()) == []


def test_a_waiting_thread_is_woken_within_milliseconds(bells: list[PipeBell]) -> None:
    bells[1].listen()
    woken: list[float] = []

    def wait() -> None:
        bells[1].wait(10)
        woken.append(time.monotonic())

    delays = []
    for _ in range(20):
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.002)
        rung = time.monotonic()
        bells[0].ring()
        thread.join(10)
        delays.append(woken.pop() - rung)
    assert sorted(delays)[10] < 0.02


def test_a_wait_costs_no_processor_time(bells: list[PipeBell]) -> None:
    bells[0].listen()
    before = time.process_time()
    assert waited(bells[0], 0.3) >= 0.29
    assert time.process_time() - before < 0.05


def test_nudging_ends_ones_own_wait(bells: list[PipeBell]) -> None:
    bells[0].listen()
    bells[0].nudge()
    assert waited(bells[0], 5) < 1


def test_a_listener_that_died_is_cleared_away_by_whoever_rings_next(
    bells: list[PipeBell], folder: Path
) -> None:
    bells[0].listen()
    bells[1].listen()
    os.close(bells[1]._pipe)  # as the kernel does when a process is killed
    bells[1]._pipe = -1
    assert len(list(folder.iterdir())) == 2
    bells[0].ring()
    assert [path.name for path in folder.iterdir()] == [bells[0]._path.name if bells[0]._path else ""]


def test_a_pipe_that_is_only_being_made_is_left_alone(bells: list[PipeBell], folder: Path) -> None:
    folder.mkdir()
    os.mkfifo(folder / ".1-abcd")
    bells[0].ring()
    assert (folder / ".1-abcd").exists()


def test_a_listener_that_reads_slowly_does_not_hold_up_who_rings(bells: list[PipeBell]) -> None:
    bells[1].listen()
    while True:
        try:
            os.write(bells[1]._pipe, b"!" * 4096)
        except BlockingIOError:
            break
    start = time.monotonic()
    bells[0].ring()
    assert time.monotonic() - start < 1
    assert waited(bells[1], 5) < 1


def test_other_things_in_the_folder_hurt_nobody(bells: list[PipeBell], folder: Path) -> None:
    bells[1].listen()
    (folder / "folder").mkdir()
    (folder / "link").symlink_to(folder / "nowhere")
    bells[0].ring()
    assert waited(bells[1], 5) < 1
    assert not (folder / "nowhere").exists()


def test_closing_takes_the_pipe_away_and_letting_go_does_not(bells: list[PipeBell], folder: Path) -> None:
    bells[0].listen()
    bells[1].listen()
    bells[0].close()
    bells[1].release()
    bells[2].close()
    assert len(list(folder.iterdir())) == 1


def test_without_pipes_a_listener_looks_five_times_a_second(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "mkfifo")
    bell = hang_bell(folder)
    assert isinstance(bell, PollBell)
    bell.listen()
    bell.ring()
    assert 0.1 < waited(bell, 10) < 2
    bell.nudge()
    assert waited(bell, 10) < 0.1
    bell.close()
    assert not folder.exists()
