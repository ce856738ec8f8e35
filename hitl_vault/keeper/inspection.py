"""Holds every resolved note against the ledger, for whoever wants to know."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hitl_vault.config import TEMPLATES, Config
from hitl_vault.domain.lifecycle import FINAL
from hitl_vault.domain.request import ADOPTED
from hitl_vault.errors import NoteForged
from hitl_vault.keeper.index import Index
from hitl_vault.keeper.past import past_of
from hitl_vault.keeper.resolved import Misfit, Resolved, is_elder
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.layout import Layout, Place
from hitl_vault.vault.placing import create_note
from hitl_vault.vault.templates import Templates


def inspect(config: Config, ledger: Ledger, *, draw: bool = False) -> tuple[int, int]:
    """Return how many resolved notes there are, and how many that were drawn are missing.

    `NoteForged` names the first that does not fit. With `draw` the missing ones are drawn again.
    """
    index = Index(config.state / "notes.db")
    layout, drawer = Layout(config.root), Drawer(Templates(config.source / TEMPLATES))
    resolved = Resolved(
        layout,
        drawer,
        past=lambda id: past_of(ledger.entries(request=id)),
        seal=index.seal,
    )
    try:
        first = next(ledger.entries(limit=1), None)
        began = first.at if first else None
        found = [_fits(resolved, place, began) for place in layout.resolved()]
        missing = _over(ledger, index.drawn_up_to).difference(found)
        if draw:
            _draw(ledger, layout, drawer, missing)
        return sum(1 for id in found if id), len(missing)
    finally:
        index.close(tidy=False)  # a keeper may be at work, whose end this is not


def _over(ledger: Ledger, drawn_up_to: int) -> set[str]:
    """Return the requests that are over whose notes a keeper has drawn; adopted ones are not ours."""
    rows = (row for state in FINAL for row in ledger.rows(states={state}))
    return {row.id for row in rows if row.seq <= drawn_up_to and not (row.key or "").startswith(ADOPTED)}


def _draw(ledger: Ledger, layout: Layout, drawer: Drawer, ids: Iterable[str]) -> None:
    """Draw notes where there are none; a keeper that is at work takes them as its own."""
    layout.make()
    for id in ids:
        record = ledger.record(id)
        create_note(layout.home(record), drawer.draw(record))


def _fits(resolved: Resolved, place: Place, began: datetime | None) -> str:
    """Return the id of the request whose note this is, empty if it is none of ours."""
    found = resolved.look(place)
    if isinstance(found, Misfit) and found.unasked and (began is None or is_elder(place, began)):
        return ""  # from before there was a record
    if isinstance(found, Misfit):
        whose = f" of {found.id}" if found.id else ""
        raise NoteForged(f"{place.folder}/{place.name}{whose}: {found.problem}", path=place.path)
    return "" if found is None else found.id
