"""Wakes whoever waits for a request; any number of waits on the ledger's one thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hitl_vault.domain.entry import Entry
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.ledger.protocol import Ledger

Wake = Callable[[], None]

DECIDING = frozenset({Kind.APPROVED, Kind.REJECTED, Kind.EXPIRED, Kind.CANCELLED})


class Waiters:
    """Who waits for which request. A `wake` must be quick and safe to call from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._lock = threading.Lock()
        self._wakes: dict[str, list[Wake]] = {}
        self._unsubscribe = ledger.subscribe(self._deliver)

    @contextmanager
    def watching(self, id: str, wake: Wake) -> Iterator[None]:
        """Call `wake` whenever the request is decided, until the context is left."""
        with self._lock:
            self._wakes.setdefault(id, []).append(wake)
        try:
            yield
        finally:
            with self._lock:
                wakes = self._wakes[id]
                wakes.remove(wake)
                if not wakes:
                    del self._wakes[id]

    def close(self) -> None:
        """Stop listening to the ledger."""
        self._unsubscribe()

    def _deliver(self, entries: list[Entry]) -> None:
        with self._lock:
            wakes = [
                wake
                for entry in entries
                if entry.kind in DECIDING
                for wake in self._wakes.get(entry.request, ())
            ]
        for wake in wakes:
            wake()
