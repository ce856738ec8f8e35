"""Keeps the time: what falls due is recorded, whether or not anybody edits anything."""

from __future__ import annotations

from collections.abc import Callable

from hitl_vault import acts
from hitl_vault.acts import timing
from hitl_vault.domain.due import next_due
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.keeper.timers import Timers
from hitl_vault.keeper.troubles import RETRY_AFTER, Troubles
from hitl_vault.ledger.protocol import Ledger, Writer


class Clerk:
    """Watches the clock for open requests. For the active keeper alone.

    `tell` takes sentences for the operator.
    """

    def __init__(self, ledger: Ledger, *, tell: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._timers: Timers[str] = Timers()
        self._troubles = Troubles(tell)

    def start(self) -> None:
        """Learn from the ledger what falls due when."""
        for at, id in self._ledger.due():
            self._timers.set(id, at.timestamp())

    def follow(self, record: Record) -> None:
        """Note what falls due next for a request that has changed."""
        at = self._ledger.leased_until(record.id) if record.state is State.EXECUTING else next_due(record)
        if at is None:
            self._timers.cancel(record.id)
        else:
            self._timers.set(record.id, at.timestamp())

    def keep(self) -> None:
        """Record what has fallen due."""
        if (first := self._timers.next()) is None:
            return
        now = self._ledger.now().timestamp()
        if first > now:
            return
        ids = list(self._timers.due(now))
        for id, result in zip(ids, self._ledger.write_all([_job(id) for id in ids]), strict=True):
            if isinstance(result, Record):
                self._troubles.over(id)
                self.follow(result)
            else:
                self._troubles.meet(id, f"{id}: what fell due could not be recorded", result)
                self._timers.set(id, now + RETRY_AFTER)

    def next_in(self) -> float | None:
        """Return the seconds until something falls due, None if nothing will."""
        first = self._timers.next()
        return None if first is None else max(0.0, first - self._ledger.now().timestamp())


def _job(id: str) -> Callable[[Writer], Record]:
    def fall_due(writer: Writer) -> Record:
        record = timing.keep(writer, id)
        return acts.vanish(writer, id) if record.state is State.EXECUTING else record

    return fall_due
