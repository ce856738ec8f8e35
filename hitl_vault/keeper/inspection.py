"""Holds every resolved note against the ledger, for whoever wants to know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from hitl_vault.config import TEMPLATES, Config
from hitl_vault.domain.lifecycle import FINAL
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import ADOPTED
from hitl_vault.errors import NoteForged
from hitl_vault.keeper.index import Index
from hitl_vault.keeper.past import past_of
from hitl_vault.keeper.resolved import Misfit, Resolved, is_elder
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.layout import Folder, Layout, Place
from hitl_vault.vault.placing import create_note
from hitl_vault.vault.templates import Templates


def inspect(config: Config, ledger: Ledger, *, draw: bool = False) -> tuple[int, int]:
    """Return how many resolved notes there are, and how many that were drawn are missing.

    `NoteForged` names the first that does not fit. With `draw` the missing ones are drawn again.
    """
    layout, drawer = Layout(config.root), Drawer(Templates(config.source / TEMPLATES))
    with _index(config) as index:
        look = _look(layout, drawer, index, ledger)
        found = [_id_of(look(place)) for place in layout.resolved()]
        missing = _over(ledger, index.drawn_up_to).difference(found)
        if draw:
            _draw(ledger, layout, drawer, missing)
        return sum(1 for id in found if id), len(missing)


def misfits(config: Config, ledger: Ledger, folder: Folder, *, most: int) -> Iterator[str]:
    """Yield what is wrong with each note in a folder that does not fit; at most `most` notes are read."""
    layout, drawer = Layout(config.root), Drawer(Templates(config.source / TEMPLATES))
    with _index(config) as index:
        look = _look(layout, drawer, index, ledger)
        for place in islice(layout.notes(folder), most):
            found = look(place)
            if isinstance(found, Misfit):
                yield _told(found)


@contextmanager
def _index(config: Config) -> Iterator[Index]:
    index = Index(config.state / "notes.db")
    try:
        yield index
    finally:
        index.let_go()


def _look(
    layout: Layout, drawer: Drawer, index: Index, ledger: Ledger
) -> Callable[[Place], Misfit | Record | None]:
    """Return what looks at one note as `Resolved` does, but passes over what is older than the record."""
    resolved = Resolved(layout, drawer, past=lambda id: past_of(ledger.entries(request=id)), seal=index.seal)
    first = next(ledger.entries(limit=1), None)

    def look(place: Place) -> Misfit | Record | None:
        found = resolved.look(place)
        unasked = isinstance(found, Misfit) and found.unasked
        return None if unasked and (first is None or is_elder(place, first.at)) else found

    return look


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


def _id_of(found: Misfit | Record | None) -> str:
    """Return the id of the request whose note was found, empty if it is none of ours."""
    if isinstance(found, Misfit):
        raise NoteForged(_told(found), path=found.place.path)
    return "" if found is None else found.id


def _told(misfit: Misfit) -> str:
    whose = f" of {misfit.id}" if misfit.id else ""
    return f"{misfit.place.folder}/{misfit.place.name}{whose}: {misfit.problem}"
