"""Waiting for what people say about a request; any number of waits on the ledger's one thread."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from typing import Literal, TypeAlias, overload

from hitl_vault.acts import timing
from hitl_vault.domain.decision import Decision
from hitl_vault.domain.entry import Entry
from hitl_vault.domain.fold import fold
from hitl_vault.domain.frozen import changed
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.domain.question import Question
from hitl_vault.domain.record import Record
from hitl_vault.domain.times import Duration, duration, spoken
from hitl_vault.errors import LedgerUnavailable, WaitTimeout
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.verbs.forked import Threaded, anew_in_forks
from hitl_vault.wakeup import Wakeup

Wake = Callable[[], None]
News: TypeAlias = deque[Entry]
OnReminder: TypeAlias = Callable[[Record], object]
"""What somebody who waits wants to have called at each reminder, with the request as it stands."""

TELLING = frozenset(
    {Kind.APPROVED, Kind.REJECTED, Kind.EXPIRED, Kind.CANCELLED, Kind.REMINDED, Kind.QUESTIONED}
)
"""The entries that may matter to somebody who waits."""


GRACE = 1.0
"""Seconds after which whoever waits records an expiry that no keeper has recorded."""


class Watch:
    """What one wait is for: the decision, with `questions` an open question too.

    `on_reminder` is called with the record when a reminder has been given, also for one given before the
    wait; an exception in it ends the wait.
    """

    def __init__(self, *, questions: bool, on_reminder: OnReminder | None) -> None:
        self._questions = questions
        self._on_reminder = on_reminder
        self._reminded = 0

    def take(self, record: Record) -> Decision | Question | None:
        """Return what ends the wait, None to go on."""
        if record.decision is None and len(record.reminded) > self._reminded and self._on_reminder:
            self._reminded = len(record.reminded)
            self._on_reminder(record)
        return record.decision or (record.question if self._questions else None)


class Waiters(Threaded):
    """Who waits for which request. A `wake` must be quick and safe to call from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._closed = False
        self.begin_anew()
        self._listen()
        anew_in_forks(self)

    def begin_anew(self) -> None:
        """See `Threaded`. The forked process listens once it waits, which most never do."""
        self._lock = threading.Lock()
        self._wakes: dict[str, list[tuple[Wake, News]]] = {}
        self._unsubscribe: Callable[[], None] | None = None

    def _listen(self) -> None:
        if self._unsubscribe is None:
            self._unsubscribe = self._ledger.subscribe(self._deliver)

    @contextmanager
    def watching(self, id: str, wake: Wake) -> Iterator[News]:
        """Call `wake` whenever there may be something to tell of the request, until the context is left.

        What comes in of the request meanwhile is in the context's value.
        """
        waiter = (wake, News())
        with self._lock:
            self._listen()
            self._wakes.setdefault(id, []).append(waiter)
        try:
            yield waiter[1]
        finally:
            with self._lock:
                left = [other for other in self._wakes.pop(id) if other is not waiter]
                if left:
                    self._wakes[id] = left

    def close(self) -> None:
        """Stop listening to the ledger, and end every wait."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        self._closed = True
        with self._lock:
            wakes = [wake for waiters in self._wakes.values() for wake, _ in waiters]
        for wake in wakes:
            wake()

    def check_open(self, id: str) -> None:
        """Raise `LedgerUnavailable` once nothing is heard any more."""
        if self._closed:
            raise LedgerUnavailable(f"the gate was closed while {id} was waited for; it is still pending")

    def _deliver(self, entries: list[Entry]) -> None:
        with self._lock:
            wakes = [wake for entry in entries for wake in self._tell(entry)]
        for wake in wakes:
            wake()

    def _tell(self, entry: Entry) -> Iterator[Wake]:
        for wake, news in self._wakes.get(entry.request, ()):
            news.append(entry)
            if entry.kind in TELLING:
                yield wake


def _brought_up(record: Record, news: News) -> Record:
    """Return the record after what has come in, which is quicker than reading all of it again."""
    while news:
        entry = news.popleft()
        if entry.seq > record.seq:
            # Entries go to every subscriber: what the caller may change must not be theirs.
            record = fold(record, changed(entry, body=deepcopy(entry.body)))
    return record


class Waiting:
    """The verbs of a gate that wait."""

    ledger: Ledger
    _waiters: Waiters

    @overload
    def wait(
        self,
        id: str,
        timeout: Duration | None = None,
        *,
        questions: Literal[False] = False,
        on_reminder: OnReminder | None = None,
    ) -> Decision: ...

    @overload
    def wait(
        self,
        id: str,
        timeout: Duration | None = None,
        *,
        questions: bool,
        on_reminder: OnReminder | None = None,
    ) -> Decision | Question: ...

    def wait(
        self,
        id: str,
        timeout: Duration | None = None,
        *,
        questions: bool = False,
        on_reminder: OnReminder | None = None,
    ) -> Decision | Question:
        """Wait until a request is decided and return the decision; `WaitTimeout` leaves it pending.

        With `questions`, a question that an approver asks and nobody has answered yet ends the wait as
        well; `answer` it and wait again. `on_reminder` is called with the record when the deadline is near,
        as often as the requirement says, and at once if that was so before; what it raises ends the wait.
        A deadline that passes ends it whether or not a keeper is at work. `LedgerUnavailable` ends it if
        the gate is closed meanwhile.
        """
        watch = Watch(questions=questions, on_reminder=on_reminder)
        ends = math.inf if timeout is None else time.monotonic() + duration(timeout).total_seconds()
        told = Wakeup()
        with self._waiters.watching(id, told.ring) as news:
            record, due = self._looked_up(id)
            while (found := watch.take(record)) is None:
                now = time.monotonic()
                if now >= ends:
                    raise WaitTimeout(_still_pending(id, timeout))
                self._waiters.check_open(id)
                if now >= due:
                    record, due = self._expired(id)
                    continue
                until = min(ends, due)
                told.wait(None if until == math.inf else until - now)
                record = _brought_up(record, news)
        return found

    @overload
    async def wait_async(
        self,
        id: str,
        timeout: Duration | None = None,
        *,
        questions: Literal[False] = False,
        on_reminder: OnReminder | None = None,
    ) -> Decision: ...

    @overload
    async def wait_async(
        self,
        id: str,
        timeout: Duration | None = None,
        *,
        questions: bool,
        on_reminder: OnReminder | None = None,
    ) -> Decision | Question: ...

    async def wait_async(
        self,
        id: str,
        timeout: Duration | None = None,
        *,
        questions: bool = False,
        on_reminder: OnReminder | None = None,
    ) -> Decision | Question:
        """Wait like `wait`, on the running event loop; any number of such waits share one thread."""
        import asyncio  # heavy, and most programs that open a gate run no event loop

        watch = Watch(questions=questions, on_reminder=on_reminder)
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        ends = math.inf if timeout is None else time.monotonic() + duration(timeout).total_seconds()

        def wake() -> None:
            # A loop that was closed under its waits must not keep the others from being woken.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(told.set)

        with self._waiters.watching(id, wake) as news:
            record, due = await asyncio.to_thread(self._looked_up, id)
            while (found := watch.take(record)) is None:
                self._waiters.check_open(id)
                until = min(ends, due)
                try:
                    async with asyncio.timeout(None if until == math.inf else until - time.monotonic()):
                        await told.wait()
                except TimeoutError:
                    if ends <= due:
                        raise WaitTimeout(_still_pending(id, timeout)) from None
                    record, due = await asyncio.to_thread(self._expired, id)
                    continue
                told.clear()
                record = _brought_up(record, news)
        return found

    def _looked_up(self, id: str) -> tuple[Record, float]:
        """Return a record, and when (by `time.monotonic`) its expiry is to be recorded here."""
        record = self.ledger.record(id)
        if record.deadline is None:
            return record, math.inf
        left = (record.deadline - self.ledger.now()).total_seconds()
        return record, time.monotonic() + left + GRACE

    def _expired(self, id: str) -> tuple[Record, float]:
        """Record an expiry that no keeper has recorded: one may be stuck, or there may be none."""
        self.ledger.write(lambda writer: timing.expire(writer, id))
        return self._looked_up(id)


def _still_pending(id: str, timeout: Duration | None) -> str:
    return f"{id} is still pending after {spoken(duration(timeout or 0))}"
