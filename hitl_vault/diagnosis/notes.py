"""The notes in `Pending_Approval/`: whose they are, whether they can be read, what waits for a person."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from hitl_vault.config import Config
from hitl_vault.diagnosis.check import Check, fail, ok, some, warn
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.request import ADOPTED
from hitl_vault.errors import BallotInvalid
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.vault.ballot import read_ballot
from hitl_vault.vault.files import read_note
from hitl_vault.vault.layout import Folder, Layout, Place, is_copy

MOST = 10_000
"""Notes that are read at most."""


@dataclass
class Found:
    """The notes by what is remarkable about them."""

    count: int = 0
    foreign: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def notes(config: Config, ledger: Ledger) -> Iterator[Check]:
    """Look at every pending note."""
    found = Found()
    adopted = _adopted(ledger)
    for place in _places(Layout(config.root)):
        _sort(found, place, ledger, adopted)
    yield from _found(found)
    yield from _waiting(ledger)
    aside = sum(1 for _ in Layout(config.root).path(Folder.SET_ASIDE).glob("*.md"))
    if aside:
        yield ok("set aside", f"{aside} files that did not count are kept in {Folder.SET_ASIDE}/")


def _places(layout: Layout) -> Iterator[Place]:
    seen = 0
    for where, _, names in os.walk(layout.path(Folder.PENDING)):
        for name in names:
            place = layout.classify(os.path.join(where, name))
            if place and (seen := seen + 1) <= MOST:
                yield place


def _adopted(ledger: Ledger) -> list[str]:
    records = (ledger.record(id).request.adopted for id in ledger.ids({State.PENDING}, key=ADOPTED))
    return [adopted.name for adopted in records if adopted]


def _sort(found: Found, place: Place, ledger: Ledger, adopted: list[str]) -> None:
    found.count += 1
    try:
        fields = read_ballot(read_note(place.path), place.path).fields
    except FileNotFoundError:
        return
    except BallotInvalid as problem:
        found.unreadable.append(f"{place.name} ({problem.field or problem})")
        return
    except OSError as error:
        found.unreadable.append(f"{place.name} ({error.strerror})")
        return
    known = any(ledger.find(id) == [id] for id in place.ids)
    if known:
        if not place.canonical:
            found.copies.append(place.name)
    elif any(is_copy(place.name, name) for name in adopted):
        found.copies.append(place.name)
    elif place.ids and "digest" in fields:
        found.foreign.append(place.name)


def _found(found: Found) -> Iterator[Check]:
    if found.foreign:
        yield fail(
            "foreign notes",
            f"notes that this record does not know: {some(found.foreign)}",
            "Another machine keeps this vault, or the record was lost or moved. Let one machine keep it; "
            "name the old record with HITL_STATE_DIR, or move these notes away.",
        )
    if found.copies:
        yield warn(
            "conflict copies",
            f"a sync tool made copies: {some(found.copies)}",
            "Keep one of each pair and delete the other; while they disagree the request is held.",
        )
    if found.unreadable:
        yield warn(
            "unreadable notes",
            some(found.unreadable),
            "Mend or remove them; deleting a note decides nothing, it is drawn again.",
        )
    if not (found.foreign or found.copies or found.unreadable):
        yield ok("notes", f"{found.count} in {Folder.PENDING}/, each readable and known")


def _waiting(ledger: Ledger) -> Iterator[Check]:
    stuck = []
    for row in ledger.rows(states={State.PENDING}, limit=MOST):
        record = ledger.record(row.id)
        if record.notice_kind in (Kind.HELD, Kind.FLAGGED):
            stuck.append(f"{row.id} ({record.notice_kind})")
    if stuck:
        yield warn(
            "held requests",
            f"an answer was found that cannot count: {some(stuck)}",
            "`hitl show ID` and the note say what is wrong; correct the note, or answer with `hitl approve`.",
        )
