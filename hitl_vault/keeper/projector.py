"""Makes the vault show what the ledger says: one note per request, in the folder of its state.

Whatever else lies there under the request's name is removed, and first copied into
`Set_Aside/` if it holds anything that would be lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.record import Record
from hitl_vault.errors import BallotInvalid
from hitl_vault.keeper.index import Drawn, Index, Seal, head_sha
from hitl_vault.keeper.originals import is_as_written
from hitl_vault.keeper.past import Past
from hitl_vault.keeper.reading import Read
from hitl_vault.keeper.resolved import Resolved
from hitl_vault.keeper.sight import Sighting
from hitl_vault.keeper.traces import Traces
from hitl_vault.vault.ballot import Ballot
from hitl_vault.vault.checklist import marks_in
from hitl_vault.vault.draw import Drawer, notes_of
from hitl_vault.vault.editable import typed_in
from hitl_vault.vault.files import move_aside, set_aside
from hitl_vault.vault.layout import Folder, Layout, folder_of
from hitl_vault.vault.person import Person
from hitl_vault.vault.placing import create_note, replace_note, take
from hitl_vault.vault.seal import differences

_OPEN = (State.PENDING, State.APPROVED, State.EXECUTING, State.UNKNOWN)


class Changed(Exception):
    """A file changed while its note was being drawn; look again."""


class Projector:
    """Draws notes and puts strays away. For the active keeper alone.

    `past` returns what a request was before.
    """

    def __init__(self, layout: Layout, drawer: Drawer, index: Index, *, past: Callable[[str], Past]) -> None:
        self._layout = layout
        self._drawer = drawer
        self._index = index
        self._past = past
        self.resolved = Resolved(layout, drawer, past=past, seal=index.seal)
        self._traces = Traces()
        self._drawn_at: dict[str, int] = {}
        self.unsynced: dict[Path, None] = {}

    def behind(self, id: str, seq: int) -> bool:
        """Tell whether a request's note still has to be drawn with entry `seq`. Asked once for each entry."""
        return self._drawn_at.pop(id, 0) < seq

    def arrived(self, seq: int) -> None:
        """Note that every entry up to `seq` has been asked about."""
        if self._drawn_at:
            self._drawn_at = {id: at for id, at in self._drawn_at.items() if at > seq}

    def sha_at(self, id: str, path: Path) -> str | None:
        """Return the SHA-256 of what was drawn at `path` without a person's marks, if it is remembered."""
        trace = self._traces.get(path)
        if trace is not None:
            return trace.sha if trace.blank else None
        known = self._index.get(id)
        return known.sha if known and self._layout.below(path) == known.path else None

    def lies_at(self, id: str) -> str | None:
        """Return where the note of a request was drawn last, if that is remembered."""
        known = self._index.get(id)
        return self._layout.at(known.path) if known else None

    def is_echo(self, path: Path, found: Read | None) -> bool:
        """Tell whether what was found at `path` is only what was drawn or removed here."""
        return self._traces.is_echo(path, found)

    def let_go(self, record: Record) -> None:
        """Note that an adopted note is its automation's now: to find it in `Approved/` again is no echo."""
        self._traces.drop(self._layout.path(Folder.APPROVED) / self._layout.home(record).name)

    def changes(self, record: Record, sighting: Sighting) -> list[str]:
        """Return what a file says that is in no good drawing of this request, its Notes and marks aside."""
        if sighting.as_drawn or sighting.plain:
            return []
        if sighting.problem:
            return [str(sighting.problem)]
        found = self._differences(record, sighting)
        good = bool(found) and self._is_one_of(self._past(record.id).good, sighting)
        return [] if good else found

    def stale(self, record: Record, sighting: Sighting) -> bool:
        """Tell whether a file is the note as it was drawn earlier, and would be drawn otherwise now."""
        drawn = sighting.as_drawn and sighting.sha == self.sha_at(record.id, sighting.path)
        return not drawn and bool(self._differences(record, sighting))

    def forged(self, record: Record, sightings: Iterable[Sighting], counted: Collection[str]) -> bool:
        """Tell whether the note of a resolved request says what it never said: somebody has to be told."""
        home, past = folder_of(record.state), self._past
        ours = record.state is not State.PENDING and not record.request.adopted
        mains = [s for s in sightings if ours and s.main and s.place.folder is home]
        read = [s for s in mains if s.sha not in counted and not s.unread]  # what is no file is moved aside
        return any(self.changes(record, s) and not self._is_one_of(past(record.id).every, s) for s in read)

    def _differences(self, record: Record, sighting: Sighting) -> list[str]:
        found = sighting.ballot
        if found is None:
            return [str(sighting.problem)]
        if record.state is State.PENDING:
            return differences(self._drawer.sealed(record), found)
        return self.resolved.differences(record, sighting.data, found)

    def accept(self, record: Record, sighting: Sighting) -> None:
        """Take a resolved note as it lies: a person added to its Notes."""
        self._remember(record, sighting.path, sighting.sha, blank=True)

    def project(
        self,
        record: Record,
        sightings: Sequence[Sighting],
        *,
        counted: Collection[str] = (),
        before: Record | None = None,
    ) -> list[Sighting]:
        """Draw the note and clear away what is as it was drawn, or `counted` as a vote.

        `before` is the record that the files were held against, if something was added since. Returns
        what is left because it holds more than that; `put_away` is for those, once they have settled.
        Raises `Changed` if a file is no longer as it was seen.
        """
        counted = {*counted, *record.ballots}
        target = self._target(record, sightings)
        carried = _carried(record, sightings, target)
        person = self._person(record, carried, counted, before or record)
        data = self._drawer.draw(record, person)
        replaced = next((s for s in sightings if s.path == target), None)
        if replaced and self._holds_more(record, replaced, carried, counted):
            self._keep(record, replaced)
        self._write(record, target, data, replaced)
        bare = Person(notes=person.notes)
        blank = person == bare or (bool(person.checks) and data == self._drawer.draw(record, bare))
        self._remember(record, target, hashlib.sha256(data).hexdigest(), blank=blank)
        self._seal(record, data, notes_of(record, person))
        self._drawn_at[record.id] = record.seq
        # A conflict copy is for the person to settle while there is still something to decide.
        strays = [s for s in sightings if s.path != target and (s.main or record.state is not State.PENDING)]
        left = [s for s in strays if self._holds_more(record, s, carried, counted)]
        self._clear(record, [s for s in strays if s not in left])
        return left

    def put_away(
        self, record: Record, strays: Sequence[Sighting], home: Sighting | None = None
    ) -> list[Path]:
        """Remove files that have no place any more, keeping copies of those that say more than `home`.

        Raises `Changed` like `project`.
        """
        strange = [s for s in strays if self._holds_more(record, s, home, record.ballots)]
        kept = [self._keep(record, s) for s in strange]
        self._clear(record, strays)
        return kept

    def _keep(self, record: Record, sighting: Sighting) -> Path:
        return set_aside(self._layout, sighting.place.name, sighting.data, _why(record))

    def _target(self, record: Record, sightings: Sequence[Sighting]) -> Path:
        """Return where the note belongs: where it lies if that is the right folder, else at its top."""
        folder = folder_of(record.state)
        for sighting in sightings:
            if sighting.main and sighting.place.folder is folder:
                return sighting.path
        return self._layout.home(record)

    def _person(
        self, record: Record, carried: Sighting | None, counted: Collection[str], before: Record
    ) -> Person:
        """Return what of a person's stays: their words, and their marks too unless those are spent."""
        ballot = carried.ballot if carried else None
        if carried is None or ballot is None:
            return Person()
        if carried.as_drawn:
            return Person(notes=ballot.notes)
        checks = marks_in(ballot.head)
        if record.state is not State.PENDING or carried.sha in counted:
            return Person(notes=ballot.notes, checks=checks)
        void = carried.place.folder is not Folder.PENDING or self.changes(before, carried)
        if void or record.notice_kind is Kind.REFUSED:
            return Person(notes=ballot.notes, approver=ballot.approver, comment=ballot.comment, checks=checks)
        return replace(Person.of(ballot), edits=typed_in(ballot.edits, record.proposed))

    def _holds_more(
        self, record: Record, sighting: Sighting, carried: Sighting | None, counted: Collection[str]
    ) -> bool:
        """Tell whether removing a file would lose something that neither the new note nor the ledger has."""
        if sighting.as_drawn or not sighting.data or sighting.sha in counted:
            return False
        ballot = sighting.ballot
        if ballot is None or not sighting.main:
            same = carried is not None and sighting.data == carried.data
            return not (same or (ballot and self._is_blank(record, sighting, ballot.notes, carried)))
        if sighting is not carried and not _goes_on(record, ballot.notes, carried):
            return True
        late = record.state is not State.PENDING or sighting is not carried
        if late and _open(sighting) and _marked(ballot):
            return True
        past = self._past(record.id)
        return not self._is_one_of(past.every if _open(sighting) else past.good, sighting)

    def _is_blank(self, record: Record, sighting: Sighting, notes: str, carried: Sighting | None) -> bool:
        """Tell whether a copy that waits for an answer is just a drawing, without a person's marks."""
        if not (_open(sighting) and _goes_on(record, notes, carried)):
            return False
        drawn = (self._drawer.draw(then, Person(notes=notes)) for then in self._past(record.id).every)
        return sighting.data in drawn

    def _is_one_of(self, drawings: Sequence[Record], sighting: Sighting) -> bool:
        """Tell whether a file, but for a person's marks and notes, is the note as drawn for one of these."""
        first = drawings[-1]
        undrawn = first.notice is None and not first.votes and is_as_written(first, sighting)
        return undrawn or any(not self._differences(then, sighting) for then in drawings)

    def _write(self, record: Record, target: Path, data: bytes, seen: Sighting | None) -> None:
        if seen and seen.data == data and target in self._traces:
            return  # else nobody knows whether it would outlast a power cut
        self._layout.check(target)
        if seen and seen.unread:  # a folder, a link or worse: out of the way with it
            move_aside(self._layout, target, _why(record))
        if not (
            replace_note(target, data, seen.data) if seen and not seen.unread else create_note(target, data)
        ):
            raise Changed(target)
        self.unsynced[target] = None

    def _clear(self, record: Record, strays: Iterable[Sighting]) -> None:
        for stray in strays:
            if not self._take(record, stray):
                raise Changed(stray.path)
            self._traces.leave(stray.path, None, blank=True)

    def _take(self, record: Record, stray: Sighting) -> bool:
        self._layout.check(stray.path)
        try:
            return take(stray.path, stray.data)
        except BallotInvalid:
            move_aside(self._layout, stray.path, _why(record))
            return True

    def _remember(self, record: Record, path: Path, sha: str, *, blank: bool) -> None:
        self._traces.leave(path, sha, blank=blank)
        if record.state in _OPEN:
            relative = self._layout.below(path)
            self._index.put(Drawn(id=record.id, path=relative, sha=sha if blank else ""))
        else:
            self._index.forget(record.id)

    def _seal(self, record: Record, data: bytes, notes: str) -> None:
        if record.state is not State.PENDING:
            fingerprint = self._drawer.templates.fingerprint
            self._index.put_seal(record.id, Seal(sha=head_sha(data, notes), templates=fingerprint))


def _open(sighting: Sighting) -> bool:
    """Tell whether a file lies where notes wait for an answer."""
    return sighting.place.folder is Folder.PENDING


def _carried(record: Record, sightings: Sequence[Sighting], target: Path) -> Sighting | None:
    """Return the file whose Notes go on: while pending one that votes, else the one in place."""
    pending = record.state is State.PENDING
    readable = [s for s in sightings if s.main and s.ballot]
    return min(readable, key=lambda s: (pending and not s.verdicts, s.path != target), default=None)


def _goes_on(record: Record, notes: str, carried: Sighting | None) -> bool:
    """Tell whether notes are kept elsewhere too: in the file that is carried on, or with the decision."""
    recorded = record.decision.notes if record.decision else ""
    return notes in ("", recorded, carried.ballot.notes if carried and carried.ballot else "")


def _marked(ballot: Ballot) -> bool:
    return bool(ballot.verdicts or ballot.beside or ballot.unknown or ballot.comment)


def _why(record: Record) -> str:
    if record.state is not State.PENDING:
        return f"after {record.state}"
    return "refused" if record.notice_kind is Kind.REFUSED else "did not count"
