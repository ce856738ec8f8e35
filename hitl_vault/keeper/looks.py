"""Which requests' files are to be looked at: those that something was heard of, or that came to notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from hitl_vault.domain.lifecycle import State
from hitl_vault.keeper.projector import Projector
from hitl_vault.keeper.queues import first
from hitl_vault.keeper.reading import NOTHING_READ, Read, read
from hitl_vault.keeper.records import Records
from hitl_vault.keeper.resolved import Misfit
from hitl_vault.keeper.sites import Sites
from hitl_vault.keeper.standing import StandingNotes
from hitl_vault.keeper.strangers import Strangers
from hitl_vault.keeper.survey import Survey
from hitl_vault.keeper.timers import Timers
from hitl_vault.keeper.troubles import RETRY_AFTER, Troubles
from hitl_vault.vault.layout import Folder, Layout, Place

FRESH = 16
"""How many looks keep what was read when they were heard of. What waits longer is read again."""


class Looks:
    """A queue of requests, each once. Files that no request owns are passed on to whom they concern."""

    def __init__(
        self,
        layout: Layout,
        records: Records,
        sites: Sites,
        projector: Projector,
        *,
        strangers: Strangers,
        standing: StandingNotes,
        survey: Survey,
        let_settle: Callable[[str, Path, str], bool],
        monotonic: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        self._layout = layout
        self._records = records
        self._sites = sites
        self._projector = projector
        self._strangers = strangers
        self._standing = standing
        self._survey = survey
        self._let_settle = let_settle
        self._monotonic = monotonic
        self._tell = tell
        self._troubles = Troubles(tell)
        self._again: Timers[str] = Timers()
        self._queue: dict[str, Mapping[Path, Read]] = {}

    def __bool__(self) -> bool:
        return bool(self._queue)

    def take(self, most: int) -> list[tuple[str, Mapping[Path, Read]]]:
        """Take those that wait longest out of the queue, with what was read of their files just now."""
        return first(self._queue, most)

    def add(self, id: str) -> None:
        """Have a request's files looked at."""
        self._queue[id] = NOTHING_READ

    def hear(self, path: str, *, alone: bool = True) -> None:
        """Take in that something may have changed at `path`; of what does not come `alone` only the hash."""
        place = self._layout.classify(path)
        if place is None:
            return
        try:
            self._hear(place, alone=alone)
        except Exception as error:
            self._fail(place, error)
        else:
            self._troubles.over(place.path)

    def _hear(self, place: Place, *, alone: bool) -> None:
        if self._layout.link_above(place.path):
            return
        try:
            found = read(place.path)
        except OSError:  # whoever looks closer will say what is wrong
            self._look(place, None, alone=True)
            return
        if not self._projector.is_echo(place.path, found):
            self._look(place, found, alone=alone)

    def _look(self, place: Place, found: Read | None, *, alone: bool) -> None:
        if place.folder is Folder.STANDING:
            self._standing.look(place)
            return
        owner = self._sites.owner(place)
        if owner is None:
            self._meet(place)
        elif not alone and found and self._let_settle(owner, place.path, found.sha):
            return
        elif found and len(self._queue) < FRESH and owner not in self._queue:
            self._queue[owner] = {place.path: found}
        else:
            self.add(owner)

    def everywhere(self) -> None:
        """Have every request looked at whose files are not as they were drawn."""
        try:
            self._standing.start()
            found = self._survey.differences()
        except OSError:
            raise
        except Exception as error:  # the next survey tries again
            self._troubles.meet(None, "not everything could be looked at", error)
            return
        for id, (path, sha) in found.changed.items():
            if not (sha and self._let_settle(id, path, sha)):
                self.add(id)
        for id in found.others:
            self.add(id)
        for place in found.strangers:
            self.meet(place)

    def report(self, misfit: Misfit) -> None:
        """Have a note looked at that does not fit what the ledger says."""
        owner = self._sites.owner(misfit.place)
        record = self._records.get(misfit.id) if misfit.id else None
        if owner and misfit.unasked:
            self.add(owner)
        elif record is None or record.state is State.PENDING or not (owner or record.request.adopted is None):
            self.meet(misfit.place)
        elif owner is None:
            self._tell(f"{misfit.place.folder}/{misfit.place.name} of {misfit.id}: {misfit.problem}")
        else:
            self.add(misfit.id)

    def meet(self, place: Place) -> None:
        """Meet a note that no request owns; it may be one to adopt, or one of ours under another name."""
        try:
            self._meet(place)
        except Exception as error:
            self._fail(place, error)
        else:
            self._troubles.over(place.path)

    def _meet(self, place: Place) -> None:
        before = self._sites.renamed(place)
        if before is not None:
            self.add(before)
        record = self._strangers.meet(place)
        if record is None:
            return
        if record.request.adopted:
            self._sites.adopt(record.id, place.name)
            self._sites.owner(place)
        else:
            self._sites.rename(record.id, place)
        self.add(record.id)

    def due(self) -> None:
        """Look again at the files whose time has come."""
        for place in self._strangers.due():
            self.meet(place)
        for path in list(self._again.due(self._monotonic())):
            self.hear(path)

    def next_in(self) -> float | None:
        """Return the seconds until something is `due`, None if nothing is."""
        again, met = self._again.next(), self._strangers.next_in()
        waits = [again and max(0.0, again - self._monotonic()), met]
        return min((wait for wait in waits if wait is not None), default=None)

    def _fail(self, place: Place, error: Exception) -> None:
        """Tell once of the trouble with a file, and look at it again later. The others go on."""
        self._troubles.meet(place.path, f"{place.folder}/{place.name}", error)
        self._again.set(str(place.path), self._monotonic() + RETRY_AFTER)
