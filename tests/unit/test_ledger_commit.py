"""Group commit: who waits shares a commit, everybody gets their own result, and failure reaches all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from hitl_vault.errors import LedgerUnavailable, MaybeRecorded
from hitl_vault.ledger.commit import MOST_JOBS, GroupCommit, Job, Result
from hitl_vault.wakeup import Wakeup


class Runner:
    """Stands where the transaction stands; remembers the batches, and can be held up."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.running = threading.Event()
        self.go = threading.Event()
        self.error: BaseException | None = None
        self.go.set()

    def __call__(self, jobs: Sequence[Job]) -> Sequence[Result]:
        self.batches.append(len(jobs))
        self.running.set()
        assert self.go.wait(20)
        if self.error is not None:
            raise self.error
        return [job(None) for job in jobs]  # type: ignore[arg-type]


@pytest.fixture
def runner() -> Runner:
    return Runner()


@pytest.fixture
def commit(runner: Runner) -> GroupCommit:
    return GroupCommit(runner, lambda: None)


def giving(value: Any) -> Job:
    return lambda writer: value


class Caller(threading.Thread):
    """A thread that submits and keeps what it got."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work = work
        self.got: Any = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.got = self._work()
        except BaseException as error:
            self.error = error


def held_up(runner: Runner, commit: GroupCommit, followers: Sequence[Sequence[Job]]) -> list[Caller]:
    """Start a leader that is held up in its commit, and callers that queue up behind it."""
    runner.go.clear()
    callers = [Caller(lambda: commit.submit([giving("leader")]))]
    assert runner.running.wait(20)
    for number, jobs in enumerate(followers, start=1):
        callers.append(Caller(lambda jobs=jobs: commit.submit(jobs)))  # type: ignore[misc]
        wait_for(lambda number=number: len(commit._queue) == number)  # type: ignore[misc]
    return callers


def wait_for(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.001)


def finished(callers: list[Caller]) -> list[Any]:
    for caller in callers:
        caller.join(20)
        assert not caller.is_alive()
    return [caller.got for caller in callers]


def test_who_comes_alone_is_served_alone(runner: Runner, commit: GroupCommit) -> None:
    assert commit.submit([giving(1), giving(2)]) == [1, 2]
    assert commit.submit([giving(3)]) == [3]
    assert runner.batches == [2, 1]


def test_all_that_wait_share_the_next_commit(runner: Runner, commit: GroupCommit) -> None:
    callers = held_up(runner, commit, [[giving((n, i)) for i in range(n)] for n in range(1, 6)])
    runner.go.set()
    assert finished(callers) == [["leader"]] + [[(n, i) for i in range(n)] for n in range(1, 6)]
    assert runner.batches == [1, 15]


def test_a_commit_is_not_shared_without_end(runner: Runner, commit: GroupCommit) -> None:
    half = [giving(None)] * (MOST_JOBS // 2 + 1)
    callers = held_up(runner, commit, [half, half, [giving(None)] * (MOST_JOBS * 2)])
    runner.go.set()
    finished(callers)
    assert runner.batches == [1, len(half), len(half), MOST_JOBS * 2]


def test_a_commit_that_fails_fails_for_everyone_in_it_and_for_nobody_else(
    runner: Runner, commit: GroupCommit
) -> None:
    callers = held_up(runner, commit, [[giving(1)], [giving(2)]])
    runner.error = LedgerUnavailable("disk full")
    runner.go.set()
    finished(callers)
    errors = [caller.error for caller in callers]
    assert [str(error) for error in errors] == ["disk full"] * 3
    assert {type(error) for error in errors} == {LedgerUnavailable}
    assert len({id(error) for error in errors}) >= 2, "callers of one batch have tracebacks of their own"
    runner.error = None
    assert commit.submit([giving(4)]) == [4]


def test_what_interrupts_the_leader_does_not_interrupt_the_others(
    runner: Runner, commit: GroupCommit
) -> None:
    callers = held_up(runner, commit, [[giving(1)], [giving(2)], [giving(3)]])
    first_batch_is_done = threading.Event()

    def interrupted(writer: object) -> None:
        first_batch_is_done.set()
        raise KeyboardInterrupt

    commit._queue[0].jobs = [interrupted]
    runner.go.set()
    finished(callers)
    assert first_batch_is_done.is_set()
    assert callers[0].got == ["leader"]
    assert isinstance(callers[1].error, KeyboardInterrupt)
    assert [type(caller.error) for caller in callers[2:]] == [MaybeRecorded] * 2
    assert commit.submit([giving(4)]) == [4]


class Interrupted:
    """What the interpreter does on Ctrl-C: a wait ends with an exception, here once `when` is true."""

    def __init__(self, wakeup: Wakeup, when: Callable[[], bool]) -> None:
        self.ring = wakeup.ring
        self._when = when

    def wait(self) -> None:
        wait_for(self._when)
        raise KeyboardInterrupt


@pytest.mark.parametrize("has_the_lead", [False, True])
def test_who_is_interrupted_while_waiting_leaves_and_passes_the_lead_on(
    runner: Runner, commit: GroupCommit, has_the_lead: bool
) -> None:
    entering = commit._enter
    all_queued = threading.Event()

    def enter(slot: Any) -> None:
        entering(slot)
        if slot.jobs[0](None) == "leaves":
            slot.wake = Interrupted(slot.wake, lambda: all_queued.is_set() and slot.leads is has_the_lead)

    commit._enter = enter  # type: ignore[method-assign]
    first, leaves, stays = held_up(runner, commit, [[giving("leaves")], [giving("stays")]])
    all_queued.set()
    if not has_the_lead:
        leaves.join(20)
    runner.go.set()
    assert finished([first, leaves, stays]) == [["leader"], None, ["stays"]]
    assert isinstance(leaves.error, KeyboardInterrupt)
    assert runner.batches == [1, 1]
    assert commit.submit([giving("next")]) == ["next"]


def test_a_job_that_submits_is_refused_instead_of_waiting_for_itself(commit: GroupCommit) -> None:
    with pytest.raises(RuntimeError, match="must not write"):
        commit.submit([lambda writer: commit.submit([giving(1)])])
    assert commit.submit([giving(2)]) == [2]


def test_under_load_everyone_gets_their_own_and_commits_are_shared(
    runner: Runner, commit: GroupCommit
) -> None:
    def work(n: int) -> list[Any]:
        return [commit.submit([giving((n, i))])[0] for i in range(200)]

    callers = [Caller(lambda n=n: work(n)) for n in range(16)]  # type: ignore[misc]
    assert finished(callers) == [[(n, i) for i in range(200)] for n in range(16)]
    assert sum(runner.batches) == 3200
    assert commit._led is False
