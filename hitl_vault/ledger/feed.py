"""Delivers committed entries to the subscribers of this process: each one, once, in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from hitl_vault.domain.entry import Entry
from hitl_vault.errors import HitlVaultError, LedgerUnavailable
from hitl_vault.ledger.bell import Bell
from hitl_vault.ledger.protocol import Subscriber

if TYPE_CHECKING:
    import logging

Page: TypeAlias = Callable[[int, int], list[Entry]]

PAGE = 200
"""How many entries are read and delivered at once."""

_SAFETY = 1.0  # seconds between looks without being rung at, should a ring ever be lost


class _Subscription:
    __slots__ = ("after", "callback")

    def __init__(self, callback: Subscriber, after: int) -> None:
        self.callback = callback
        self.after = after

    def deliver(self, entries: list[Entry]) -> None:
        if entries[0].seq <= self.after:
            entries = [entry for entry in entries if entry.seq > self.after]
        if not entries:
            return
        try:
            self.callback(entries)
        except Exception:  # one subscriber's fault must not keep entries from the others
            _logger().exception("a subscriber of the ledger failed at entries from %d on", entries[0].seq)


class Feed:
    """Serves all subscribers of one ledger, with one thread that the first of them starts.

    `last_seq` and `page(after, limit)` read the ledger. Whoever has entries or a reason to look calls
    `advance`; one thread at a time delivers, and takes over what the others bring meanwhile.
    """

    def __init__(self, bell: Bell, *, last_seq: Callable[[], int], page: Page) -> None:
        self._bell = bell
        self._last_seq = last_seq
        self._page = page
        self._turn = threading.Lock()
        self._members = threading.Lock()
        self._subscriptions: tuple[_Subscription, ...] = ()
        self._offers: deque[list[Entry]] = deque()
        self._look = False
        self._position = 0
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Deliver what is committed after this returns to `callback`; return what ends it."""
        with self._members:
            self._start()
            subscription = _Subscription(callback, self._last_seq())
            self._subscriptions = (*self._subscriptions, subscription)
        return lambda: self._unsubscribe(subscription)

    def offer(self, entries: list[Entry]) -> None:
        """Take entries that this process committed, in the order of its commits; `advance` delivers them."""
        if self._thread is not None:
            self._offers.append(entries)

    def advance(self) -> None:
        """Deliver all that was offered, and all that other processes committed if it is time to look."""
        while (self._offers or self._look) and self._turn.acquire(blocking=False):
            try:
                self._deliver_all()
            finally:
                self._turn.release()

    def close(self) -> None:
        """Stop the thread and drop the subscribers."""
        self._closed.set()
        thread = self._thread
        if thread is not None:
            self._bell.nudge()
            if thread is not threading.current_thread():
                thread.join()
            self._bell.close()
        self._thread, self._subscriptions = None, ()

    def abandon(self) -> None:
        """In a forked process: let go of what belongs to the one it was forked from."""
        self._bell.release()

    def _start(self) -> None:
        if self._closed.is_set():
            raise LedgerUnavailable("this gate was closed; open another one")
        if self._thread is not None:
            return
        position = self._last_seq()
        self._bell.listen()
        self._position = position
        self._thread = threading.Thread(target=self._serve, name="hitl-ledger-feed", daemon=True)
        self._thread.start()

    def _unsubscribe(self, subscription: _Subscription) -> None:
        with self._members:
            self._subscriptions = tuple(s for s in self._subscriptions if s is not subscription)

    def _serve(self) -> None:
        # Looks before it waits: something may have been committed while it was being started.
        while not self._closed.is_set():
            self._look = True
            self.advance()
            self._bell.wait(_SAFETY)

    def _deliver_all(self) -> None:
        while self._offers or self._look:
            entries = self._next()
            if not entries:
                continue
            self._position = entries[-1].seq
            for subscription in self._subscriptions:
                subscription.deliver(entries)

    def _next(self) -> list[Entry]:
        if not self._offers:
            self._look = False
            return self._read()
        offered = self._offers.popleft()
        fresh = [entry for entry in offered if entry.seq > self._position]
        if fresh and fresh[0].seq != self._position + 1:
            return self._read()  # another process committed in between
        return fresh

    def _read(self) -> list[Entry]:
        try:
            entries = self._page(self._position, PAGE)
        except HitlVaultError as error:
            _logger().warning("the ledger cannot be read, trying again: %s", error)
            return []
        if len(entries) == PAGE:
            self._look = True
        return entries


def _logger() -> logging.Logger:
    import logging  # slow to load, and there is seldom anything to say

    return logging.getLogger(__name__)
