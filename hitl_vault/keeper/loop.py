"""The active keeper's round: what arrived is looked at, votes are recorded, deadlines kept, notes drawn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from hitl_vault.acts.voting import Voting
from hitl_vault.config import Config
from hitl_vault.domain.lifecycle import State
from hitl_vault.keeper.casting import Cast
from hitl_vault.keeper.clerk import Clerk
from hitl_vault.keeper.courier import Courier
from hitl_vault.keeper.desk import Desk
from hitl_vault.keeper.folders import Folders
from hitl_vault.keeper.inbox import Work
from hitl_vault.keeper.index import Index
from hitl_vault.keeper.looks import Looks
from hitl_vault.keeper.past import Past, past_of
from hitl_vault.keeper.projector import Changed, Projector
from hitl_vault.keeper.queues import first
from hitl_vault.keeper.reading import Read
from hitl_vault.keeper.records import Records
from hitl_vault.keeper.rounds import Rounds
from hitl_vault.keeper.sites import Sites, handed_over
from hitl_vault.keeper.standing import StandingNotes
from hitl_vault.keeper.strangers import Strangers
from hitl_vault.keeper.survey import Survey
from hitl_vault.keeper.syncer import Syncer
from hitl_vault.keeper.timers import Timers
from hitl_vault.keeper.troubles import RETRY_AFTER, Troubles
from hitl_vault.keeper.uncollected import uncollected
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.layout import Layout

T = TypeVar("T")

BATCH = 256
"""How many requests are looked at before the inbox is read again."""
DRAWN = 16
"""How many notes are drawn before the inbox is read again: answers come first."""
MEANWHILE = 1
"""How many while answers wait, or settle."""
FEW = 16
"""With how many answers at once somebody is likely to wait for each."""
BREATH = 0.0005
"""Seconds in which those who wait in this process go on, before drawing keeps the interpreter busy."""

TICK = 1.0
"""Seconds after which deadlines are compared with the clock again, since clocks get set."""


class Loop:
    """All of the active keeper's work, for one thread. `tell` takes sentences for the operator."""

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        layout: Layout,
        drawer: Drawer,
        *,
        tell: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._ledger = ledger
        self._fingerprint = drawer.templates.fingerprint
        self._folders = Folders(layout, tell=tell)
        self._troubles = Troubles(tell)
        self._index = Index(config.state / "notes.db")
        self._projector = Projector(layout, drawer, self._index, past=self._past)
        self._sites = Sites(
            layout, known=self._exists, sha_at=self._projector.sha_at, lies_at=self._projector.lies_at
        )
        self._later: Timers[str] = Timers()
        self._undrawn: Timers[str] = Timers()
        self._records = Records(ledger)
        self._desk = Desk(
            config,
            ledger,
            self._records,
            Voting(ledger, config.state),
            self._sites,
            self._projector,
            later=self._later,
            monotonic=monotonic,
            redraw=self._redraw,
        )
        self._clerk = Clerk(ledger, tell=tell)
        self._courier = Courier(ledger, config.state, monotonic=monotonic, tell=tell)
        resolved = self._projector.resolved
        self._strangers = Strangers(config, layout, ledger, resolved, monotonic=monotonic, tell=tell)
        self._standing = StandingNotes(
            layout, ledger, settle=config.settings.settle, monotonic=monotonic, tell=tell
        )
        self._survey = Survey(layout, ledger, self._sites, self._projector)
        self._looks = Looks(
            layout,
            self._records,
            self._sites,
            self._projector,
            strangers=self._strangers,
            standing=self._standing,
            survey=self._survey,
            let_settle=self._desk.let_settle,
            monotonic=monotonic,
            tell=tell,
        )
        self._rounds = Rounds(
            config,
            ledger,
            layout,
            resolved,
            self._index,
            report=self._looks.report,
            monotonic=monotonic,
            tell=tell,
        )
        self._syncer = Syncer()
        self._draws: dict[str, int] = {}
        self._unsure: set[str] = set()
        self._untidy = False
        self._drawn_up_to = self._index.drawn_up_to

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(failed=error is not None)

    def start(self, *, survey: bool = True) -> None:
        """Catch up with the ledger and, with `survey`, look at what was changed in the vault meanwhile."""
        self._folders.make()
        if not self._index.begin():
            self._folders.tidy()
        self._clerk.start()
        self._courier.start()
        self._clerk.keep()
        for id, name in self._survey.adopted():
            self._sites.adopt(id, name)
        undrawn = list(self._ledger.entries(after=self._drawn_up_to))
        self._unsure.update(entry.request for entry in undrawn)
        self.receive(Work(entries=undrawn))
        if not self._index.same_templates(self._fingerprint):
            self._draws.update((note.id, self._drawn_up_to) for note in self._index)
        if survey:
            self._looks.everywhere()

    @property
    def busy(self) -> bool:
        """Whether there is something to do right now."""
        return bool(self._looks or self._draws)

    @property
    def received_up_to(self) -> int:
        """The last of the ledger's entries that was taken in."""
        return self._drawn_up_to

    def receive(self, work: Work) -> None:
        """Take in what arrived."""
        for entry in work.entries:
            if entry.seq <= self._drawn_up_to:  # read at the start, and delivered once more
                continue
            self._drawn_up_to = entry.seq
            if entry.request:
                self._records.follow(entry)
                self._draws[entry.request] = entry.seq
                self._courier.follow(entry)
                self._standing.follow(entry)
        for path in work.paths:
            self._looks.hear(path, alone=len(work.paths) == 1)
        if work.rescans:
            self._folders.make()
            self._looks.everywhere()

    def turn(self) -> None:
        """Do one batch of what there is to do."""
        self._clerk.keep()
        for id in self._later.due(self._monotonic()):
            self._looks.add(id)
        for id in self._undrawn.due(self._monotonic()):
            self._draws[id] = self._drawn_up_to  # a look tells only whether a note is as it was drawn last
        self._looks.due()
        self._standing.turn()
        self._take_in(self._looks.take(BATCH))
        for id, seq in first(self._draws, MEANWHILE if self._looks or self._later else DRAWN):
            if self._projector.behind(id, seq):
                self._safely(id, partial(self._draw, id), self._undrawn)
        if not self._draws:
            self._settle_up()
        self._rounds.step(self._drawn_up_to, idle=not self.busy)

    def answer(self, path: str) -> None:
        """Take in an answer by itself; the note is drawn in the next turn."""
        self._looks.hear(path)
        self._take_in(self._looks.take(FEW))

    def idle_for(self) -> float:
        """Return how many seconds the loop may sleep if nothing arrives."""
        if self.busy:
            return 0.0
        now = self._monotonic()
        timers = (self._later.next(), self._undrawn.next())
        waits = [
            TICK,
            self._rounds.next_in(),
            self._clerk.next_in(),
            self._looks.next_in(),
            self._standing.next_in(),
            *(at - now for at in timers if at is not None),
        ]
        return max(0.0, min(wait for wait in waits if wait is not None))

    def stop(self, *, failed: bool = False) -> None:
        """Finish syncing and close; `failed` if something may be left half done, for the next start."""
        self._courier.stop()
        self._rounds.stop()
        self._syncer.stop()
        self._index.close(
            self._syncer.synced_up_to or None, tidy=not (failed or self._untidy or self._folders.untidy)
        )

    def _redraw(self, id: str, seq: int) -> None:
        self._draws[id] = seq

    def _take_in(self, looks: Iterable[tuple[str, Mapping[Path, Read]]]) -> None:
        with uncollected():
            casts = self._considered(looks)
            results = self._desk.commit(casts) if casts else ()
            for cast, result in zip(casts, results, strict=True):
                self._safely(cast.id, partial(self._desk.conclude, cast, result), self._later)

    def _considered(self, looks: Iterable[tuple[str, Mapping[Path, Read]]]) -> list[Cast]:
        found = (self._safely(id, partial(self._desk.consider, id, new), self._later) for id, new in looks)
        return [cast for cast in found if cast is not None]

    def _draw(self, id: str) -> None:
        """Draw a note that is behind the ledger, unless somebody has changed it; the desk sees to that."""
        record = self._records.get(id)
        self._clerk.follow(record)
        if id in self._unsure:  # a keeper that was killed may have left it anywhere
            self._unsure.discard(id)
            self._sites.seek(record)
        sightings = self._sites.see(record)
        pending = record.state is State.PENDING
        counted = self._desk.spent(id).union(record.ballots)
        undrawn = any(s.sha in counted for s in sightings)
        adopted = record.request.adopted is not None
        theirs = adopted and not (pending or undrawn) and handed_over(record, sightings)
        gone = not sightings and self._projector.lies_at(id) is not None
        written = any(s.main and not s.as_drawn and s.sha not in counted for s in sightings)
        busy = (pending and (gone or written)) or self._projector.forged(record, sightings, counted)
        if theirs:
            self._projector.let_go(record)
        if busy or (not theirs and self._projector.project(record, sightings, counted=counted)):
            self._looks.add(id)
        elif record.over:
            self._sites.forget(id)
            self._records.forget(id)

    def _safely(self, id: str, do: Callable[[], T], again: Timers[str]) -> T | None:
        """Do something for one request; if that fails, say so once, and set `again`. The others go on."""
        try:
            result = do()
        except Changed:
            self._looks.add(id)
            again.set(id, self._monotonic() + RETRY_AFTER)  # it may only have been unreadable for a moment
        except Exception as error:
            self._troubles.meet(id, id, error)
            self._untidy = True
            again.set(id, self._monotonic() + RETRY_AFTER)
        else:
            self._troubles.over(id)
            return result
        return None

    def _settle_up(self) -> None:
        """Sync what was drawn, and remember how far; no further while a note could not be drawn."""
        if self._syncer.failure:
            raise OSError(f"notes could not be synced to disk and are written anew: {self._syncer.failure}")
        self._projector.arrived(self._drawn_up_to)
        if self._projector.unsynced:
            paths, self._projector.unsynced = self._projector.unsynced, {}
            self._syncer.submit(paths, 0 if self._troubles or self._undrawn else self._drawn_up_to)
        self._index.flush(self._syncer.synced_up_to or None)

    def _exists(self, id: str) -> bool:
        return self._index.get(id) is not None or self._ledger.find(id) == [id]

    def _past(self, id: str) -> Past:
        return past_of(self._ledger.entries(request=id))
