"""What is due when: one heap, with at most one time per name."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_SLACK = 64


class Timers(Generic[K]):
    """Names and the times (seconds, on whichever clock the owner uses) at which they fall due."""

    def __init__(self) -> None:
        self._times: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._count = 0

    def set(self, name: K, at: float) -> None:
        """Let `name` fall due at `at`, instead of whenever it was set for before."""
        if self._times.get(name) != at:
            self._times[name] = at
            self._count += 1
            heapq.heappush(self._heap, (at, self._count, name))
            if len(self._heap) > 2 * len(self._times) + _SLACK:
                self._sweep()

    def cancel(self, name: K) -> None:
        """Forget `name`."""
        self._times.pop(name, None)

    def due(self, now: float) -> Iterator[K]:
        """Yield and forget every name whose time has come, earliest first."""
        while (head := self.next()) is not None and head <= now:
            _, _, name = heapq.heappop(self._heap)
            del self._times[name]
            yield name

    def next(self) -> float | None:
        """Return the earliest time, or None if nothing is set."""
        while self._heap and self._times.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _sweep(self) -> None:
        """Drop what was cancelled or set anew; far deadlines of what is long over would pile up."""
        self._heap = [entry for entry in self._heap if self._times.get(entry[2]) == entry[0]]
        heapq.heapify(self._heap)

    def __len__(self) -> int:
        return len(self._times)
