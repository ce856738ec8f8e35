"""The notes in `Pending_Approval/`: whose they are, whether they can be read, what waits for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from hitl_vault.config import Config
from hitl_vault.diagnosis.check import Check, fail, ok, some, warn
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.request import ADOPTED
from hitl_vault.errors import BallotInvalid
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.vault.ballot import read_ballot
from hitl_vault.vault.fields import ids_of
from hitl_vault.vault.files import read_note
from hitl_vault.vault.frontmatter import Value
from hitl_vault.vault.layout import Folder, Layout, Place, is_copy

MOST = 10_000
"""Notes that are read at most."""


@dataclass
class Found:
    """The notes by what is remarkable about them."""

    count: int = 0
    foreign: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def notes(config: Config, ledger: Ledger) -> Iterator[Check]:
    """Look at every pending note."""
    found = Found()
    adopted = _adopted(ledger)
    for place in _places(Layout(config.root)):
        _sort(found, place, ledger, adopted)
    yield from _found(found)
    yield from _approved(config, ledger)
    yield from _waiting(ledger)
    aside = sum(1 for _ in Layout(config.root).path(Folder.SET_ASIDE).glob("*.md"))
    if aside:
        yield ok("set aside", f"{aside} files that did not count are kept in {Folder.SET_ASIDE}/")


def _places(layout: Layout) -> Iterator[Place]:
    return islice(layout.notes(Folder.PENDING), MOST)


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
    lists = _listed(place, fields, ledger, adopted)
    if lists is not None:
        getattr(found, lists).append(place.name)


def _listed(
    place: Place, fields: Mapping[str, Value], ledger: Ledger, adopted: list[str]
) -> Literal["copies", "renamed", "foreign"] | None:
    """Say what is remarkable about a note that can be read."""
    if any(ledger.find(id) == [id] for id in place.ids):
        return None if place.canonical else "copies"
    if any(is_copy(place.name, name) for name in adopted):
        return "copies"
    if any(_is_ours(ledger, id) for id in ids_of(fields)):
        return "renamed"
    return "foreign" if place.ids and "digest" in fields else None


def _is_ours(ledger: Ledger, id: str) -> bool:
    """Tell whether a note with this id has the id as its name too."""
    return ledger.find(id) == [id] and ledger.record(id).request.adopted is None


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
    if found.renamed:
        yield warn(
            "renamed notes",
            f"notes of known requests under other names: {some(found.renamed)}",
            "A note counts under its own name alone, and is drawn again there: answer in that one, "
            "and delete the other.",
        )
    if found.unreadable:
        yield warn(
            "unreadable notes",
            some(found.unreadable),
            "Mend or remove them; deleting a note decides nothing, it is drawn again.",
        )
    if not (found.foreign or found.copies or found.renamed or found.unreadable):
        yield ok("notes", f"{found.count} in {Folder.PENDING}/, each readable and known")


def _approved(config: Config, ledger: Ledger) -> Iterator[Check]:
    from hitl_vault.keeper.inspection import misfits  # heavy: all that draws notes

    problems = list(misfits(config, ledger, Folder.APPROVED, most=MOST))
    if problems:
        yield fail(
            "notes in Approved",
            some(problems),
            "A script that runs what lies in Approved/ would run them. `hitl watch` takes them out or puts "
            "them right.",
        )


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
