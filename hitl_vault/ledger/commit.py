"""Group commit: many callers, one transaction at a time, run by whichever caller finds nobody running one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from hitl_vault.errors import HitlVaultError, MaybeRecorded
from hitl_vault.ledger.protocol import Writer
from hitl_vault.wakeup import Wakeup

Job: TypeAlias = Callable[[Writer], Any]

MOST_JOBS = 256
"""How many jobs share one transaction at most, unless one caller brings more."""


class Raised:
    """The result of a job that raised: its exception."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


Result: TypeAlias = Any | Raised


class _Slot:
    """One caller's jobs. `wake` is rung once they are done or the caller is to take the lead."""

    __slots__ = ("error", "jobs", "leads", "results", "wake")

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = jobs
        self.leads = False
        self.results: Sequence[Result] | None = None
        self.error: BaseException | None = None
        self.wake = Wakeup()

    @property
    def done(self) -> bool:
        return self.results is not None or self.error is not None


class GroupCommit:
    """Queues jobs and runs all that wait in one call of `run`, which commits them or raises.

    `after` is called by the leading thread once the next transaction may begin.
    """

    def __init__(self, run: Callable[[Sequence[Job]], Sequence[Result]], after: Callable[[], None]) -> None:
        self._run = run
        self._after = after
        self._mutex = threading.Lock()
        self._queue: deque[_Slot] = deque()
        self._led = False
        self._running: int | None = None

    def submit(self, jobs: Sequence[Job]) -> Sequence[Result]:
        """Return the results of `jobs` once they are committed, or raise why none of them is."""
        if self._running == threading.get_ident():
            raise RuntimeError("a job must not write to the ledger itself; it has the writer")
        slot = _Slot(jobs)
        self._enter(slot)
        if not slot.leads:
            self._wait(slot)
        if not slot.done:
            self._lead()
        if slot.error is not None:
            raise slot.error
        assert slot.results is not None
        return slot.results

    def _enter(self, slot: _Slot) -> None:
        with self._mutex:
            self._queue.append(slot)
            if not self._led:
                self._led = slot.leads = True

    def _wait(self, slot: _Slot) -> None:
        try:
            slot.wake.wait()
        except BaseException:  # whoever is interrupted must not be waited for
            self._leave(slot)
            raise

    def _leave(self, slot: _Slot) -> None:
        """Withdraw an interrupted caller's jobs if they have not begun; pass the lead on if it had it."""
        with self._mutex:
            if slot in self._queue:
                self._queue.remove(slot)
                if slot.leads:
                    self._pass_on()

    def _lead(self) -> None:
        batch: list[_Slot] = []
        try:
            batch = self._take()
            self._run_batch(batch)
        except BaseException as error:  # every caller of the batch raises it
            _fail(batch, error)
        finally:
            with self._mutex:
                self._pass_on()
            for slot in batch:
                slot.wake.ring()
        self._after()

    def _take(self) -> list[_Slot]:
        with self._mutex:
            batch = [self._queue.popleft()]
            room = MOST_JOBS - len(batch[0].jobs)
            while self._queue and len(self._queue[0].jobs) <= room:
                batch.append(self._queue.popleft())
                room -= len(batch[-1].jobs)
            return batch

    def _run_batch(self, batch: list[_Slot]) -> None:
        self._running = threading.get_ident()
        try:
            results = self._run([job for slot in batch for job in slot.jobs])
        finally:
            self._running = None
        start = 0
        for slot in batch:
            slot.results = results[start : start + len(slot.jobs)]
            start += len(slot.jobs)

    def _pass_on(self) -> None:
        if self._queue:
            self._queue[0].leads = True
            self._queue[0].wake.ring()
        else:
            self._led = False


def _fail(batch: list[_Slot], error: BaseException) -> None:
    for number, slot in enumerate(batch):
        if slot.results is None:
            # What interrupts the leading thread, the first of the batch, must not interrupt the others.
            slot.error = error if number == 0 else _unavailable(error)


def _unavailable(error: BaseException) -> BaseException:
    if isinstance(error, HitlVaultError):
        return type(error)(str(error))
    # It may have struck after the commit.
    return MaybeRecorded(f"the transaction was interrupted, it may have been recorded or not: {error!r}")
