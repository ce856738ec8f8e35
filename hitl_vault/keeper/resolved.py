"""Whether a note outside of `Pending_Approval/` says what the ledger says, and whether it is ours at all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hitl_vault.acts import AUTOMATION
from hitl_vault.domain.decision import Verdict
from hitl_vault.domain.lifecycle import NO, State
from hitl_vault.domain.record import Record
from hitl_vault.errors import BallotInvalid, RequestNotFound
from hitl_vault.keeper.adoption import TYPES
from hitl_vault.keeper.index import Seal, head_sha
from hitl_vault.keeper.originals import changes_by_others
from hitl_vault.keeper.past import Past
from hitl_vault.vault.ballot import UNDECIDED, WORDS, Ballot, read_ballot
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.fences import lines_of
from hitl_vault.vault.fields import TYPE, ids_of
from hitl_vault.vault.files import read_note
from hitl_vault.vault.frontmatter import Value, parse
from hitl_vault.vault.layout import Folder, Layout, Place, folder_of
from hitl_vault.vault.seal import differences, factual

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SETTLED_WORDS = {*WORDS, *State} - {State.PENDING}


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """A note that is not what the ledger says. `id` is empty where the ledger knows no such request.

    `unasked` tells that an agent wrote the note by itself as if it were approved.
    """

    place: Place
    id: str
    problem: str
    unasked: bool = False


class Resolved:
    """Holds notes against the ledger. `seal` returns how a note was drawn last, `past` what a request was."""

    def __init__(
        self,
        layout: Layout,
        drawer: Drawer,
        *,
        past: Callable[[str], Past],
        seal: Callable[[str], Seal | None],
    ) -> None:
        self._layout = layout
        self._drawer = drawer
        self._past = past
        self._seal = seal

    def differences(self, record: Record, data: bytes, found: Ballot) -> list[str]:
        """Say what a note of a resolved request says otherwise than it should.

        Where it was drawn with other templates than today's, only the facts are compared, unless it
        is just as it was drawn then.
        """
        seal = self._seal(record.id)
        if seal and seal.sha == head_sha(data, found.notes):
            return []
        drawn = self._drawer.sealed(record)
        told = differences(drawn, found)
        dated = seal is None or seal.templates != self._drawer.templates.fingerprint
        return factual(drawn, found) if told and dated else told

    def misfit(self, place: Place) -> Misfit | None:
        """Say what is wrong with a file; None for one that fits, has gone, or never was ours."""
        found = self.look(place)
        return found if isinstance(found, Misfit) else None

    def look(self, place: Place) -> Misfit | Record | None:
        """Return the record that a file fits, or what is wrong with it; None if it never was ours."""
        if self._layout.link_above(place.path):
            return None
        try:
            data = read_note(place.path)
        except FileNotFoundError:
            return None
        except BallotInvalid as problem:
            past = self._of(place.ids)
            id = past.every[0].id if past else ""
            return _misfit(place, id, str(problem)) if past or place.canonical else None
        return self._look(place, data)

    def _look(self, place: Place, data: bytes) -> Misfit | Record | None:
        fields = _fields(data)
        own = self._of(place.ids)
        named = own or self._of(ids_of(fields))
        if named is None:
            return _unknown(place, fields)
        record = named.every[0]
        if record.state is State.PENDING and (own or record.request.adopted):
            return None  # an answer, which the desk takes in
        if record.request.adopted:
            problem = self._theirs(named, place, data, fields)
        elif own is None:
            problem = self._second(record)
        else:
            problem = self._ours(named, place, data)
        return _misfit(place, record.id, problem) if problem else record

    def _second(self, record: Record) -> str:
        """Say what to do with a note of ours that lies under another name."""
        home = self._layout.below(self._layout.home(record))
        return f"it is a second note of {record.id} under another name; delete it, the note is {home}"

    def changes_by_others(self, record: Record, data: bytes) -> list[str]:
        """Say what an adopted note that is decided says otherwise, its `status` and Notes aside."""
        return changes_by_others(self._past(record.id), data, self._drawer)

    def _theirs(self, past: Past, place: Place, data: bytes, fields: Mapping[str, Value]) -> str:
        """Say what an adopted note claims that is not so; the rest of it is its automation's."""
        record, home = past.every[0], self._layout.home(past.every[0])
        digest = fields.get("hitl_digest", fields.get("digest"))
        if isinstance(digest, str) and _DIGEST.fullmatch(digest) and digest != record.request.digest:
            return "its digest is not the request's"
        if record.state in NO and place.folder in (Folder.APPROVED, Folder.DONE):
            return f"the request is {record.state}"
        if place.folder is not Folder.APPROVED:
            return ""
        if folder_of(record.state) is not Folder.APPROVED:
            return self._returned(record, place, fields)
        if place.path != home and os.path.exists(home):
            return self._second(record)
        return "; ".join(changes_by_others(past, data, self._drawer))

    def _returned(self, record: Record, place: Place, fields: Mapping[str, Value]) -> str:
        """Say what to do with a note that lies in `Approved/` though its request has run."""
        home, here = self._layout.home(record), f"{place.folder}/{place.name}"
        by_itself = record.outcome is not None and record.outcome.by == AUTOMATION
        drawn = fields.get("status") == record.state
        if not (by_itself or drawn or os.path.exists(home)):
            return ""  # no keeper has drawn it since
        where = self._layout.below(home)
        todo = f"delete {here}, the note is" if os.path.exists(home) else "move it back to"
        return (
            f"the request is {record.state}, and a script that finds this would run it again; {todo} {where}"
        )

    def _ours(self, past: Past, place: Place, data: bytes) -> str:
        record = past.every[0]
        try:
            found = read_ballot(data, place.path)
        except BallotInvalid as problem:
            return str(problem)
        told = self.differences(record, data, found)
        home = folder_of(record.state)
        if place.folder is home and not told:
            return ""
        if not os.path.exists(self._layout.home(record)) and self._is_late(past, place, data, found):
            return ""
        return "; ".join(told) if place.folder is home else f"the request is {record.state}"

    def _is_late(self, past: Past, place: Place, data: bytes, found: Ballot) -> bool:
        """Tell whether a note is as it was after an earlier entry, and no keeper has drawn it since."""
        then = [record for record in past.good if folder_of(record.state) is place.folder]
        return any(not self.differences(record, data, found) for record in then)

    def _of(self, ids: tuple[str, ...]) -> Past | None:
        for id in ids:
            try:
                return self._past(id)
            except RequestNotFound:
                continue  # part of the name only looks like an id
        return None


def _misfit(place: Place, id: str, problem: str) -> Misfit:
    return Misfit(place=place, id=id, problem=problem)


def _unknown(place: Place, fields: Mapping[str, Value]) -> Misfit | None:
    if _claims(place, fields):
        return _misfit(place, "", "the record knows no such request")
    if _asks(place, fields):
        return replace(_misfit(place, "", "nobody asked for it"), unasked=True)
    return None


def _fields(data: bytes) -> Mapping[str, Value]:
    try:
        return parse(lines_of(data.decode("utf-8-sig"))).fields
    except (BallotInvalid, UnicodeDecodeError):
        return {}


def _claims(place: Place, fields: Mapping[str, Value]) -> bool:
    """Tell whether a note says of itself that it is one of ours; notes of other systems do not."""
    digests = (fields.get(name) for name in ("hitl_digest", "digest"))
    proven = any(isinstance(text, str) and _DIGEST.fullmatch(text) for text in digests)
    status = fields.get("status", "")
    told = isinstance(status, str) and status.strip().casefold() in _SETTLED_WORDS
    named = bool(place.ids) and (told or fields.get("type") == TYPE)
    return bool(ids_of(fields)) or proven or named


def _asks(place: Place, fields: Mapping[str, Value]) -> bool:
    """Tell whether a note in `Approved/` is one that agents write, and says that it may run now."""
    status = fields.get("status", "")
    word = status.strip().casefold() if isinstance(status, str) else ""
    runs = word in UNDECIDED or WORDS.get(word) is Verdict.APPROVE
    return place.folder is Folder.APPROVED and runs and fields.get("type") in TYPES


def is_elder(place: Place, began: datetime) -> bool:
    """Tell whether a note seems to be older than the record, as when the record was lost or is elsewhere.

    By its name and by the file's time, so that what is planted today is not taken for history.
    """
    changed = datetime.fromtimestamp(place.path.stat().st_mtime, UTC)
    return changed < began and all(_asked(id) < began for id in place.ids)


def _asked(id: str) -> datetime:
    try:
        return datetime.strptime(id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
