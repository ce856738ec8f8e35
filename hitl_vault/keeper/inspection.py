"""Holds every resolved note against the ledger, for whoever wants to know."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hitl_vault.config import TEMPLATES, Config
from hitl_vault.errors import NoteForged
from hitl_vault.keeper.index import Index
from hitl_vault.keeper.past import past_of
from hitl_vault.keeper.resolved import Misfit, Resolved, is_elder
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.layout import Layout, Place
from hitl_vault.vault.templates import Templates


def inspect(config: Config, ledger: Ledger, places: Iterable[Place]) -> int:
    """Return how many of these notes are resolved ones; `NoteForged` names the first that does not fit."""
    index = Index(config.state / "notes.db")
    resolved = Resolved(
        Layout(config.root),
        Drawer(Templates(config.source / TEMPLATES)),
        past=lambda id: past_of(ledger.entries(request=id)),
        seal=index.seal,
    )
    try:
        first = next(ledger.entries(limit=1), None)
        return sum(_fits(resolved, place, first.at if first else None) for place in places)
    finally:
        index.close(tidy=False)  # a keeper may be at work, whose end this is not


def _fits(resolved: Resolved, place: Place, began: datetime | None) -> bool:
    found = resolved.look(place)
    if isinstance(found, Misfit) and found.unasked and (began is None or is_elder(place, began)):
        return False  # from before there was a record
    if isinstance(found, Misfit):
        whose = f" of {found.id}" if found.id else ""
        raise NoteForged(f"{place.folder}/{place.name}{whose}: {found.problem}", path=place.path)
    return found is not None
