"""Walks through the resolved notes now and then, a few at a time, for what was done while nobody looked."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

from hitl_vault.keeper.index import Index
from hitl_vault.keeper.resolved import Misfit, Resolved
from hitl_vault.keeper.troubles import Troubles
from hitl_vault.vault.layout import Layout, Place

EVERY = 3600.0
"""Seconds from the end of one round to the next."""
PAUSE = 0.1
"""Seconds between two steps of a round."""
FILES, READ = 64, 4
"""How many files one step passes at most, and how many of them it reads."""

_MARGIN = 2 * EVERY


class Patrol:
    """Looks for notes that do not fit. For the active keeper alone.

    Only files that changed since the last round are read. That is told by the time of the last change to
    the file itself (ctime), which no program can set. `report` takes what does not fit, `tell`
    sentences for the operator.
    """

    def __init__(
        self,
        layout: Layout,
        resolved: Resolved,
        index: Index,
        *,
        report: Callable[[Misfit], None],
        tell: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._layout = layout
        self._resolved = resolved
        self._index = index
        self._report = report
        self._troubles = Troubles(tell)
        self._monotonic = monotonic
        self._now = now
        self._next: float | None = None
        self._began = 0.0
        self._since = 0.0
        self._round: Iterator[Place] | None = None
        self._whole = True

    def next_in(self) -> float:
        """Return the seconds until the next step."""
        return PAUSE if self._next is None else max(0.0, self._next - self._monotonic())

    def step(self) -> None:
        """Go on with the round if it is time; never more than a few files.

        The first step only sets the time: to list many notes takes a while, and a start is waited for.
        """
        if self._next is None:
            self._next = self._monotonic() + PAUSE
        if self._monotonic() < self._next:
            return
        if self._round is None:
            self._began, self._since = self._now(), self._index.patrolled - _MARGIN
            self._round, self._whole = self._layout.resolved(), True
        self._next = self._monotonic() + (PAUSE if self._some(self._round) else EVERY)

    def _some(self, places: Iterator[Place]) -> bool:
        """Look at some files; tell whether there are more."""
        read = 0
        try:
            for passed, place in enumerate(places):
                if _changed(place) >= self._since:
                    read += 1
                    self._look(place)
                if read >= READ or passed >= FILES:
                    return True
        except OSError as error:  # a folder cannot be listed for the moment
            self._whole = False
            self._troubles.meet(None, "the resolved notes could not be looked through", error)
        self._round = None
        if self._whole:
            self._index.patrolled = self._began
        return False

    def _look(self, place: Place) -> None:
        try:
            misfit = self._resolved.misfit(place)
            if misfit:
                self._report(misfit)
        except Exception as error:
            self._whole = False  # the next round reads it again
            name = f"{place.folder}/{place.name} could not be held against the record"
            self._troubles.meet(place.path, name, error)
        else:
            self._troubles.over(place.path)


def _changed(place: Place) -> float:
    try:
        return place.path.lstat().st_ctime
    except FileNotFoundError:
        return 0.0
    except OSError:
        return math.inf  # whoever looks closer will say what is wrong
