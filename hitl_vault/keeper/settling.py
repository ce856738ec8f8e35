"""What has lain still: when each thing was first seen as it is now, and when to come back to it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from hitl_vault.keeper.timers import Timers

K = TypeVar("K", bound=Hashable)


class Settling(Generic[K]):
    """Names, what was seen there, and since when (seconds of `monotonic`).

    `later` is set to the time at which what was seen has settled. What is not forgotten is remembered.
    """

    def __init__(self, later: Timers[K], monotonic: Callable[[], float]) -> None:
        self._later = later
        self._monotonic = monotonic
        self._since: dict[K, tuple[Hashable, float]] = {}

    def __contains__(self, name: K) -> bool:
        return name in self._since

    def begin(self, name: K, seen: Hashable, wait: float) -> bool:
        """Remember what was seen if it is new, and come back in `wait` seconds; tell whether it is new."""
        if self._since.get(name, (None,))[0] == seen:
            return False
        now = self._monotonic()
        self._since[name] = (seen, now)
        self._later.set(name, now + wait)
        return True

    def settled(self, name: K, seen: Hashable, wait: float) -> bool:
        """Tell whether `seen` has been the same for `wait` seconds; if not, come back when it may have."""
        if wait <= 0:
            return True
        self.begin(name, seen, wait)
        at = self._since[name][1] + wait
        if self._monotonic() >= at:
            return True
        self._later.set(name, at)
        return False

    def forget(self, name: K) -> None:
        """Forget what was seen, and do not come back for it."""
        self._since.pop(name, None)
        self._later.cancel(name)
