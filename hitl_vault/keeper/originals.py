"""What agents wrote in notes of their own, against what is found there later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import yaml

from hitl_vault.domain.record import Record
from hitl_vault.errors import BallotInvalid
from hitl_vault.keeper.past import Past
from hitl_vault.keeper.sight import Sighting
from hitl_vault.vault.ballot import PERSON_FIELDS, Ballot, notes_headings, read_ballot
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.frontmatter import Value
from hitl_vault.vault.seal import Sealed, differences


def is_as_written(record: Record, sighting: Sighting) -> bool:
    """Tell whether a file is an adopted note as the agent wrote it, answered before it was drawn.

    Where the agent filled in what a person answers with, nobody can tell whose it is, and every box
    in it is the agent's: a tick answers nothing.
    """
    adopted, found = record.request.adopted, sighting.ballot
    if adopted is None or found is None:
        return False
    try:
        theirs = read_ballot(adopted.text.encode(), skip=sighting.skip)
    except BallotInvalid:
        return False
    filled = any(theirs.fields.get(name) for name in PERSON_FIELDS if name != "status")
    ticked = found.approve or found.reject or found.torn or found.remember_ticked or found.beside
    return not (filled or ticked or theirs.verdicts) and not differences(theirs, found)


def changes_by_others(past: Past, data: bytes, drawer: Drawer) -> list[str]:
    """Say what a decided note says otherwise than as it was adopted or drawn, above its Notes.

    The agent's automation may write `status`, add fields and write the same values in another way.
    """
    adopted = past.every[0].request.adopted
    skip = notes_headings(adopted.text) if adopted else 0
    try:
        found = read_ballot(data, skip=skip)
    except BallotInvalid as problem:
        return [str(problem)]
    told: list[str] = []
    for drawn in _drawings(past, drawer, skip):
        kept = {name: value for name, value in drawn.fields.items() if name not in ("approver", "comment")}
        changes = differences(
            Sealed(fields=kept | {"status": "approved"}, head=drawn.head, has_notes=drawn.has_notes),
            replace(found, fields=_alike(kept, found) | {"status": "approved"}),
        )
        if not changes:
            return []
        told = told or changes
    return told


def _drawings(past: Past, drawer: Drawer, skip: int) -> Iterator[Sealed | Ballot]:
    """Yield the note as it is drawn now, as it was before, and as the agent wrote it."""
    yield from map(drawer.sealed, past.every)
    adopted = past.every[0].request.adopted
    if adopted:
        try:
            yield read_ballot(adopted.text.encode(), skip=skip)
        except BallotInvalid:
            return


def _alike(drawn: dict[str, Value], found: Ballot) -> dict[str, Value]:
    """Return the fields that were found, with the drawn value where it only is written in another way."""
    return {
        name: drawn[name] if name in drawn and _moment(drawn[name]) == _moment(value) else value
        for name, value in found.fields.items()
    }


def _moment(value: Value) -> object:
    """Return the date or time in a value, which programs write in their own way; else the value."""
    if not isinstance(value, str) or not 8 <= len(value) <= 40 or not value[:4].isdigit():
        return value
    try:
        read = yaml.safe_load(value)
    except (yaml.YAMLError, ValueError, OverflowError):
        return value
    return read if isinstance(read, date) else value
