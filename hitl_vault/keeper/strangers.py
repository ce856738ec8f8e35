"""Notes that no request owns: adopted, left alone, or put away if they pose as ours."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from hitl_vault import acts
from hitl_vault.config import Config
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Notice, Record
from hitl_vault.errors import BallotInvalid, PolicyInvalid, RequestNotFound
from hitl_vault.keeper import adoption, word
from hitl_vault.keeper.resolved import Resolved, is_elder
from hitl_vault.keeper.settling import Settling
from hitl_vault.keeper.timers import Timers
from hitl_vault.keeper.troubles import RETRY_AFTER, Troubles
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.rules import Rules
from hitl_vault.vault.fields import ids_of
from hitl_vault.vault.files import move_aside, read_note, set_aside
from hitl_vault.vault.layout import Folder, Layout, Place, folder_of
from hitl_vault.vault.placing import create_note, take

Tell = Callable[[str], None]

_TAKEN_OUT = "A note that must not be run was taken out of Approved."
_TIRED = 3
"""How often the same file is put away: two keepers with different records would never end."""


class Strangers:
    """Adopts notes that agents write by themselves, finds ours under other names. For the active keeper."""

    def __init__(
        self,
        config: Config,
        layout: Layout,
        ledger: Ledger,
        resolved: Resolved,
        *,
        monotonic: Callable[[], float],
        tell: Tell,
    ) -> None:
        self._settings = config.settings
        self._rules = Rules(config)
        self._layout = layout
        self._ledger = ledger
        self._resolved = resolved
        self._monotonic = monotonic
        self._tell = tell
        self._later: Timers[Path] = Timers()
        self._settling = Settling(self._later, monotonic)
        self._troubles = Troubles(tell)
        self._put_away: Counter[Path] = Counter()

    def meet(self, place: Place) -> Record | None:
        """Look at a note that no request owns; return the request it became now.

        Or the one whose note it is under another name: a copy, which is looked at beside the note.
        """
        if self._layout.link_above(place.path):
            return None
        try:
            data = read_note(place.path)
        except FileNotFoundError:
            self._mended(place)
            return None
        except BallotInvalid as problem:
            self._unreadable(place, problem)
            return None
        except OSError as error:
            self._troubles.tell(
                place.path, f"{place.folder}/{place.name} cannot be read now: {error.strerror}"
            )
            self._later.set(place.path, self._monotonic() + RETRY_AFTER)
            return None
        if not self._settled(place.path, data):
            return None
        if place.folder is Folder.PENDING:
            return self._adopt(place, data)
        try:
            return self._judge(place, data)
        except OSError as error:
            self._troubles.tell(place.path, f"{place.folder}/{place.name} cannot be put aside: {error}")
        return None

    def due(self) -> list[Place]:
        """Return the notes whose time to be looked at again has come."""
        places = (self._layout.classify(path) for path in self._later.due(self._monotonic()))
        return [place for place in places if place]

    def next_in(self) -> float | None:
        """Return the seconds until `due` has something, None if nothing waits."""
        first = self._later.next()
        return None if first is None else max(0.0, first - self._monotonic())

    def _settled(self, path: Path, data: bytes) -> bool:
        """Tell whether a note has settled, which it never has at first sight."""
        seen = (path, hashlib.sha256(data).hexdigest(), self._settings.settle)
        return not self._settling.begin(*seen) and self._settling.settled(*seen)

    def _adopt(self, place: Place, data: bytes) -> Record | None:
        try:
            said = adoption.asking_of(
                place.name, data, requirement=self._settings.requirement, now=self._ledger.now()
            )
            if said and ("digest" in said.context or "hitl_digest" in said.context):
                return self._returned(place, said)
            asking = said and adoption.ruled(said, self._rules, self._ledger.now())
        except (BallotInvalid, PolicyInvalid) as problem:
            why = str(problem)
            self._troubles.tell(place.path, f"{place.name} is not adopted: {why}")
            self._leave_word(lambda: word.leave(place, data, why))
            return None
        if said is None or asking is None:
            self._leave_word(lambda: word.tidy(place))
            return None
        self._mended(place)
        for caution in adoption.cautions(data, said):
            self._tell(f"{place.name}: {caution}")
        return self._ledger.write(adoption.job(asking))

    def _mended(self, place: Place) -> None:
        self._forget(place.path)
        if place.folder is Folder.PENDING:
            self._leave_word(lambda: word.withdraw(place.path))

    def _leave_word(self, do: Callable[[], object]) -> None:
        try:
            do()
        except OSError as error:  # the name gets too long, or nobody may write here
            folder = self._layout.path(Folder.PENDING)
            self._troubles.tell(folder, f"no word could be left in {Folder.PENDING}: {error.strerror}")

    def _returned(self, place: Place, asking: acts.Asking) -> Record | None:
        """Return the request whose note was renamed, or saved again after it was resolved."""
        id = next(iter(ids_of(asking.context)), "")
        try:
            record = self._ledger.record(id)
        except RequestNotFound:
            self._troubles.tell(place.path, f"{place.name} belongs to another ledger and is left alone")
            return None
        self._forget(place.path)
        return record

    def _unreadable(self, place: Place, problem: BallotInvalid) -> None:
        if place.folder is Folder.PENDING:
            self._troubles.tell(place.path, str(problem))
        elif place.canonical and self._resolved.misfit(place):
            copy = move_aside(self._layout, place.path, "planted")
            self._tell_of(f"{place.folder}/{place.name}", copy)

    def _judge(self, place: Place, data: bytes) -> Record | None:
        """Put a note out of the way that poses as a resolved request of ours; leave any other alone.

        Returns the pending request whose note was moved here under another name.
        """
        self._forget(place.path)
        misfit = self._resolved.misfit(place)
        if misfit is None:
            return None
        if misfit.id:
            record = self._ledger.record(misfit.id)
            if record.request.adopted and record.state is not State.PENDING:
                self._take_out(record, place, data, misfit.problem)
            return record if record.state is State.PENDING else None
        name = f"{place.folder}/{place.name}"
        if misfit.unasked:
            if not self._is_elder(place):
                self._ask_first(place, data, name)
        elif self._is_elder(place):
            self._troubles.tell(
                place.path, f"{name}: {misfit.problem}; it is older than the record, and left alone"
            )
        elif self._put_away[place.path] >= _TIRED:
            self._troubles.tell(place.path, f"{name} comes again and again; find out who writes it")
        else:
            self._put_away[place.path] += 1
            self._put_aside(place, data, name)
        return None

    def _ask_first(self, place: Place, data: bytes, name: str) -> None:
        """Put a note back among those that wait for an answer: an agent wrote it as if it had one."""
        back = self._layout.path(Folder.PENDING) / PurePosixPath(place.name).name
        for path in (back, place.path):
            self._layout.check(path)
        if not create_note(back, data):
            self._put_aside(place, data, name)
        elif take(place.path, data):
            text = "A note that nobody was asked about was put back from Approved into Pending_Approval."
            self._record(text, f"{name} is now {back.name}")

    def _take_out(self, record: Record, place: Place, data: bytes, problem: str) -> None:
        """Take a note of a decided request out of `Approved/` that must not be run, or not again."""
        if place.folder is Folder.APPROVED:
            ran = folder_of(record.state) is Folder.DONE
            kept = self._brought_home(record, place, data) or set_aside(
                self._layout, place.name, data, "came back" if ran else "planted"
            )
            self._layout.check(place.path)
            if take(place.path, data):
                told = problem.partition("; ")[0] if ran else problem
                name = f"{place.folder}/{place.name} of {record.id}"
                self._record(_TAKEN_OUT, f"{name} is now {self._layout.below(kept)}: {told}")

    def _brought_home(self, record: Record, place: Place, data: bytes) -> Path | None:
        """Put a note that has run, and came back, where it lay before; None if something lies there."""
        home = self._layout.home(record)
        if folder_of(record.state) is not Folder.DONE or place.path.name != home.name:
            return None
        self._layout.check(home)
        return home if create_note(home, data, sync=True) else None

    def _is_elder(self, place: Place) -> bool:
        first = next(self._ledger.entries(limit=1), None)
        return first is None or is_elder(place, first.at)

    def _put_aside(self, place: Place, data: bytes, name: str) -> None:
        copy = set_aside(self._layout, place.name, data, "planted")
        self._layout.check(place.path)
        if take(place.path, data):  # else it was changed just now, and is looked at again
            self._tell_of(name, copy)

    def _tell_of(self, name: str, copy: Path) -> None:
        text = "A note that poses as a resolved request, but was never asked, was put into Set_Aside."
        self._record(text, f"{name} is now {copy.name}")

    def _record(self, text: str, detail: str) -> None:
        self._ledger.write(lambda w: acts.found(w, Notice(text=text, detail=detail), self._settings.mode))
        self._tell(f"{text} {detail}")

    def _forget(self, path: Path) -> None:
        self._settling.forget(path)
        self._troubles.over(path)
