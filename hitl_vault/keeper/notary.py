"""Has the record signed now and then, in a thread of its own, so that nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from hitl_vault.checkpoints import Checkpoints
from hitl_vault.keeper.troubles import Troubles, said
from hitl_vault.ledger.protocol import Ledger

EVERY = 1000
"""Entries after which a checkpoint is made at once."""

AFTER = timedelta(minutes=10)
"""How long an entry waits for a checkpoint at most, give or take a look."""

LOOK_EVERY = 30.0
"""Seconds between two looks at whether one is due."""


class Notary:
    """Makes checkpoints. For the active keeper alone; `tell` takes sentences for the operator."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        ledger: Ledger,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        tell: Callable[[str], None],
    ) -> None:
        self._checkpoints = checkpoints
        self._ledger = ledger
        self._monotonic = monotonic
        self._troubles = Troubles(tell)
        self._look_at = 0.0
        self._signed_up_to = 0
        self._thread: threading.Thread | None = None

    def step(self, last: int) -> None:
        """Start a checkpoint if one is due; `last` is the number of the newest entry."""
        busy = self._thread is not None and self._thread.is_alive()
        many = last - self._signed_up_to >= EVERY
        if busy or last <= self._signed_up_to or not (many or self._monotonic() >= self._look_at):
            return
        self._look_at = self._monotonic() + LOOK_EVERY
        self._thread = threading.Thread(target=self._sign, args=(last,), name="hitl-notary", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait for a checkpoint that is being made."""
        if self._thread is not None:
            self._thread.join()

    def _sign(self, last: int) -> None:
        try:
            size, at = self._checkpoints.reach()
            if last - size < EVERY and not self._waited(size, at):
                return
            # A page at a time: a ledger that has never had a checkpoint may be long.
            note = self._checkpoints.make(most=EVERY)
            self._signed_up_to = int(note.split("\n", 2)[1])
            self._troubles.over(None)
        except Exception as error:
            self._troubles.tell(None, f"no checkpoint of the record could be made: {said(error)}")

    def _waited(self, size: int, since: datetime | None) -> bool:
        """Tell whether the first entry that no checkpoint has, has waited long enough."""
        first = next(self._ledger.entries(after=size, limit=1), None)
        if first is None:
            return False
        start = first.at if since is None else max(first.at, since)
        return self._ledger.now() - start >= AFTER
