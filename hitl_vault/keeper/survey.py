"""Compares what lies in the vault with what was drawn, by content, when events cannot be relied on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.request import ADOPTED
from hitl_vault.errors import BallotInvalid
from hitl_vault.keeper.projector import Projector
from hitl_vault.keeper.sites import Sites
from hitl_vault.ledger.protocol import Ledger, Row
from hitl_vault.vault.files import read_note
from hitl_vault.vault.layout import Folder, Layout, Place

_GOING_ON = frozenset({State.APPROVED, State.EXECUTING, State.UNKNOWN})
_MOVED_TO = (Folder.APPROVED, Folder.REJECTED, Folder.DONE)


class Differences(NamedTuple):
    """What is not as it was drawn.

    `changed` has for requests that wait where such a file lies and its hash, empty if that is not known;
    `others` are further requests, `strangers` the notes that no request owns.
    """

    changed: Mapping[str, tuple[Path, str]]
    others: Sequence[str]
    strangers: Sequence[Place]


class Survey:
    """Looks at every note in `Pending_Approval/`, and elsewhere only for those of requests that go on."""

    def __init__(self, layout: Layout, ledger: Ledger, sites: Sites, projector: Projector) -> None:
        self._layout = layout
        self._ledger = ledger
        self._sites = sites
        self._projector = projector

    def differences(self) -> Differences:
        """Look everywhere."""
        untouched: set[str] = set()
        changed: dict[str, tuple[Path, str]] = {}
        strangers: list[Place] = []
        whole: set[str] = set()
        for place in self._layout.notes(Folder.PENDING):
            owner = self._sites.owner(place)
            if owner is None:
                strangers.append(place)
                continue
            if not self._sites.is_copy(owner, place):
                whole.add(owner)
            sha = self._changed(owner, place)
            if sha is None:
                untouched.add(owner)
            else:
                changed[owner] = (place.path, sha)
        pending = set(self._ledger.ids({State.PENDING}))
        missing = pending - whole
        astray = self._astray()
        if missing or astray:
            self._find(missing | astray)
        others = [*(untouched - pending), *missing, *astray, *self._handed_on()]
        return Differences(changed, others, strangers)

    def adopted(self) -> Iterator[tuple[str, str]]:
        """Yield the id and the name of every open request that was adopted from a note."""
        return self._adopted({State.PENDING, State.APPROVED, State.EXECUTING})

    def _adopted(self, states: set[State]) -> Iterator[tuple[str, str]]:
        for id in self._ledger.ids(states, key=ADOPTED):
            adopted = self._ledger.record(id).request.adopted
            if adopted:
                yield id, adopted.name

    def _handed_on(self) -> Iterator[str]:
        """Yield the approved requests whose adopted notes were moved on to `Done/`, or changed."""
        for id, name in self._adopted({State.APPROVED}):
            for folder in (Folder.DONE, Folder.APPROVED):
                place = self._layout.classify(self._layout.path(folder) / PurePosixPath(name).name)
                if place is None or not os.path.exists(place.path) or self._sites.owner(place) != id:
                    continue
                if folder is Folder.DONE or self._changed(id, place) is not None:
                    yield id

    def _astray(self) -> set[str]:
        """Return the decided requests that are not over whose notes are not as drawn; theirs left aside."""
        found = set()
        for row in self._ledger.rows(states=_GOING_ON):
            lies = self._projector.lies_at(row.id) or self._layout.note(row.id, row.state)
            place = self._layout.classify(lies)
            if place and not _is_adopted(row) and self._changed(row.id, place) is not None:
                found.add(row.id)
        return found

    def _find(self, missing: set[str]) -> None:
        """Learn where notes went that are not where they belong."""
        for folder in _MOVED_TO:
            for place in self._layout.notes(folder):
                name = PurePosixPath(place.name).name
                if name.removesuffix(".md") in missing or not place.ids:
                    self._sites.owner(place)

    def _changed(self, id: str, place: Place) -> str | None:
        """Return the SHA-256 of a file that is not as it was drawn, empty if not known; None if it is."""
        drawn = self._projector.sha_at(id, place.path)
        if not drawn or self._layout.link_above(place.path):
            return ""
        try:
            found = hashlib.sha256(read_note(place.path)).hexdigest()
        except (BallotInvalid, OSError):
            return ""  # whoever looks closer will say what is wrong
        return None if found == drawn else found


def _is_adopted(row: Row) -> bool:
    return bool(row.key and row.key.startswith(ADOPTED))
