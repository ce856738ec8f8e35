"""Puts right what lies in the vault for a request that is decided: it changes nothing any more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hitl_vault import acts
from hitl_vault.domain.lifecycle import NO, Kind, State
from hitl_vault.domain.record import Notice, Record
from hitl_vault.domain.times import readable
from hitl_vault.keeper.projector import Projector
from hitl_vault.keeper.sight import Sighting
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.vault.ballot import WORDS
from hitl_vault.vault.layout import Folder, folder_of

_CHANGED = "This note was changed after the decision and has been put right. What it said is in Set_Aside."
_TAKEN = "This note was changed after the decision and was taken out of Approved. It is in Set_Aside."
_CAME_BACK = "This note lay in Approved again after the run, where a script could have run it once more."


class Archivist:
    """Puts decided notes right. For the active keeper alone, and for files that have settled."""

    def __init__(self, ledger: Ledger, projector: Projector) -> None:
        self._ledger = ledger
        self._projector = projector

    def put_right(self, record: Record, home: Sequence[Sighting], strays: Sequence[Sighting]) -> None:
        """Draw a note again that is not as it should be, and put away what lies beside it."""
        unread = [s for s in home[:1] if s.sha not in record.ballots]  # else it is the answer itself, undrawn
        changes = [change for s in unread for change in self._projector.changes(record, s)]
        if changes:  # told first: once the note is right again nothing in it would show what it said
            record = self._record(record.id, Kind.TAMPERED, _CHANGED, changes)
        self._projector.project(record, [*home, *strays])
        self._put_away(record, strays, home[0] if home else None)

    def concerns(self, record: Record, sightings: Sequence[Sighting]) -> bool:
        """Tell whether there is something to do about an adopted note that is decided.

        It belongs to the automation that wrote it, and what that makes of it in `Done/` is its own. But
        what lies in `Approved/` has to be what was approved.
        """
        return bool(
            _is_done(record, sightings)
            or self._came_back(record, sightings)
            or _strays(record, sightings)
            or self._changed(record, sightings)
        )

    def hand_over(self, record: Record, sightings: Sequence[Sighting]) -> None:
        """Record that an adopted note was moved on to `Done/`, and put right what else `concerns`."""
        if _is_done(record, sightings):
            self._ledger.write(lambda writer: acts.handed_over(writer, record.id))
        if back := self._came_back(record, sightings):
            record = self._record(
                record.id, Kind.TAMPERED, _CAME_BACK, [f"{s.place.folder}/{s.place.name}" for s in back]
            )
            self._projector.put_away(record, self._projector.project(record, sightings))
            return
        for home, changes in self._changed(record, sightings):
            untouched = home.ballot is not None and home.ballot.status in (record.state, *WORDS)
            text = _CHANGED if untouched else _TAKEN
            record = self._record(record.id, Kind.TAMPERED, text, changes)
            if untouched:
                self._projector.project(record, [home])
            else:  # their automation may have run it: with its old word it could run again
                self._projector.put_away(record, [home])
        self._put_away(record, _strays(record, sightings))

    def _changed(self, record: Record, sightings: Sequence[Sighting]) -> list[tuple[Sighting, list[str]]]:
        if folder_of(record.state) is not Folder.APPROVED:
            return []
        homes = [s for s in sightings if s.main and _is_approved(s) and not s.as_drawn]
        unread = [s for s in homes if s.sha not in record.ballots]
        found = ((s, self._projector.resolved.changes_by_others(record, s.data)) for s in unread)
        return [(s, changes) for s, changes in found if changes]

    def _came_back(self, record: Record, sightings: Sequence[Sighting]) -> list[Sighting]:
        """Return what lies in `Approved/` of a run that ended, though its note was drawn elsewhere since."""
        lies = self._projector.lies_at(record.id)
        home = folder_of(record.state)
        there = lies is None or any(str(s.path) == lies or s.place.folder is home for s in sightings)
        if there or home is not Folder.DONE:
            return []
        return [s for s in sightings if s.main and _is_approved(s)]

    def _put_away(self, record: Record, strays: Sequence[Sighting], home: Sighting | None = None) -> None:
        copies: list[Path] = self._projector.put_away(record, strays, home)
        if copies:
            text = f"{_found(record, strays)}{_stands(record)}"
            self._record(record.id, Kind.REFUSED, text, [copy.name for copy in copies])

    def _record(self, id: str, kind: Kind, text: str, found: Sequence[str]) -> Record:
        notice = Notice(text=text, detail="\n".join(found))
        return self._ledger.write(lambda writer: acts.note(writer, id, kind, notice))


def _found(record: Record, strays: Sequence[Sighting]) -> str:
    if record.state is State.EXPIRED and record.expires and any(s.verdicts for s in strays):
        return f"Your answer came after the deadline ({readable(record.expires)})."
    return "Another version of this note was found after the decision."


def _stands(record: Record) -> str:
    """Say what a change of mind comes too late for."""
    stands = f" The decision stands: {record.decision.state}." if record.decision else ""
    return f"{stands} For another, the agent would have to ask again. What was found is in Set_Aside."


def _is_approved(sighting: Sighting) -> bool:
    return sighting.place.folder is Folder.APPROVED


def _is_done(record: Record, sightings: Sequence[Sighting]) -> bool:
    folders = {s.place.folder for s in sightings if s.main}
    return record.state is State.APPROVED and Folder.DONE in folders and Folder.APPROVED not in folders


def _strays(record: Record, sightings: Sequence[Sighting]) -> list[Sighting]:
    """Return saves into `Pending_Approval/`, and what lies in `Approved/` but must not, or twice."""
    home = folder_of(record.state)
    there = any(s.main and s.place.folder is home for s in sightings)
    strays = [s for s in sightings if s.place.folder is Folder.PENDING]
    if home is not Folder.APPROVED and (there or record.state in NO):
        return [*strays, *filter(_is_approved, sightings)]
    return [*strays, *(s for s in sightings if there and _is_approved(s) and not s.main)]
