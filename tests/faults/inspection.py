"""What must hold in a vault: before anything is repaired, and once it is."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

import hitl_vault as hv
from hitl_vault.config import load
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.ledger.sqlite import SqliteLedger
from hitl_vault.vault.ballot import Ballot, notes_headings, read_ballot
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.layout import Folder, Layout, Place, folder_of
from hitl_vault.vault.seal import differences
from hitl_vault.vault.templates import Templates
from tests.house import House

DECIDING = frozenset({Kind.APPROVED, Kind.REJECTED, Kind.EXPIRED, Kind.CANCELLED})
PATIENCE = 30.0
"""Seconds to wait for what must come; only a fault, or a machine that does other things, takes that long."""
IN_PLAY = (Folder.PENDING, Folder.APPROVED, Folder.REJECTED, Folder.DONE)


@contextmanager
def open_ledger(house: House) -> Iterator[SqliteLedger]:
    """Open a copy of the ledger, so that looking repairs nothing."""
    config = load(house.root, state_dir=house.state)
    with tempfile.TemporaryDirectory(dir=house.work) as folder:
        for path in config.state.glob("ledger.db*"):
            shutil.copy(path, folder)
        with closing(SqliteLedger(Path(folder) / "ledger.db", vault_id=config.settings.id)) as ledger:
            yield ledger


def premature(house: House, said: list[dict[str, str]], *, torn: bool = False) -> list[str]:
    """Return what is visible, or was acknowledged, without a durable entry.

    Where files may be `torn`, by a power cut, a note that says nothing may be visible.
    """
    with open_ledger(house) as ledger:
        known = {row.id: str(row.state) for row in ledger.rows()}
        keys = {row.key for row in ledger.rows() if row.key}
        entries = {(str(entry.kind), entry.request) for entry in ledger.entries()}
    found = [
        f"{s['said']} {s['id']} was acknowledged, and is not in the ledger"
        for s in said
        if s["said"] in set(Kind) and (s["said"], s["id"]) not in entries
    ]
    found += [
        f"{s['doing']} {s['id']}{s['key']} raised {s['kind']}, and was recorded"
        for s in said
        if s["said"] == "error" and s["kind"] == "LedgerUnavailable"
        if (s["doing"], s["id"]) in entries or keys.intersection(s["key"].split())
    ]
    for place in notes(house.root):
        found += _premature(place, known, torn)
    return [*found, *_unclaimed(house, {id for kind, id in entries if kind == "claimed"})]


def _premature(place: Place, known: dict[str, str], torn: bool) -> Iterator[str]:
    if not place.canonical:
        return
    id = place.path.stem
    try:
        ballot = read_ballot(place.path.read_bytes())
    except hv.BallotInvalid as problem:
        if not torn:
            yield f"half a note is visible: {place.name}: {problem}"
        return
    if not ballot.has_notes and not torn:
        yield f"half a note is visible: {place.name}"
    if id not in known:
        yield f"a note is visible without an entry: {place.name}"
    elif "decided" in ballot.fields and known[id] == "pending":
        yield f"a decided note is visible without its entry: {place.folder}/{place.name}"


def _unclaimed(house: House, claimed: set[str]) -> Iterator[str]:
    for id in effects(house):
        if id not in claimed:
            yield f"{id} ran without a durable claim"


def effects(house: House) -> list[str]:
    """Return the ids of the actions that ran, once for each run."""
    path = house.state / "effects"
    return path.read_text().split() if path.exists() else []


def notes(root: Path) -> Iterator[Place]:
    """Yield every note in play."""
    layout = Layout(root)
    for folder in IN_PLAY:
        for path in sorted(layout.path(folder).rglob("*.md")):
            if place := layout.classify(path):
                yield place


def misplaced(root: Path, ledger: hv.Ledger) -> list[str]:
    """Return what does not lie where the ledger says, or does not say what the ledger says."""
    lying = list(notes(root))
    own = root / ".hitl" / "templates"
    drawer = _drawer(own if own.is_dir() else None)
    found: list[str] = []
    for row in ledger.rows():
        record = ledger.record(row.id)
        found += _misplaced(drawer, record, lying)
    left = [p for folder in Folder for p in (root / folder).rglob(".hitl-*")]
    return found + [f"left behind: {path.name}" for path in left]


@cache
def _drawer(overrides: Path | None) -> Drawer:
    """Return what draws notes. To compile the templates anew would take longer than all other looking."""
    return Drawer(Templates(overrides))


def _misplaced(drawer: Drawer, record: hv.Record, lying: list[Place]) -> Iterator[str]:
    adopted = record.request.adopted
    name = Path(adopted.name).name if adopted else f"{record.id}.md"
    at = [place for place in lying if place.path.name == name]
    if [place.folder for place in at] != [folder_of(record.state)]:
        yield f"{record.id} is {record.state}, its note lies in {[str(p.folder) for p in at]}"
        return
    try:
        ballot = read_ballot(at[0].path.read_bytes(), skip=notes_headings(adopted.text) if adopted else 0)
        yield from (f"{record.id}: {line}" for line in differences(drawer.sealed(record), ballot))
        yield from _unwanted(record, ballot)
    except (hv.BallotInvalid, FileNotFoundError) as problem:
        yield f"{record.id}: {problem}"


def _unwanted(record: hv.Record, ballot: Ballot) -> Iterator[str]:
    if record.state is not hv.State.PENDING and record.decision and not record.request.adopted:
        if ballot.status != str(record.state) and record.state in set(
            map(hv.State, ("approved", "rejected"))
        ):
            yield f"{record.id} is {record.state}, its note says {ballot.status}"
        if record.decision.notes not in ballot.notes:
            yield f"{record.id}: the person's notes are not in the note"


def doubled(ledger: hv.Ledger) -> list[str]:
    """Return what happened more than once though it may only once, and what breaks the chain."""
    try:
        ledger.verify()
    except hv.LedgerBroken as broken:
        return [f"verify: {broken}"]
    once = Counter((e.request, "decision") for e in ledger.entries() if e.kind in DECIDING)
    once += Counter((e.request, "claim") for e in ledger.entries() if e.kind is Kind.CLAIMED)
    # An approval may end by expiring or being withdrawn, which is a second deciding entry.
    return [
        f"{id} has {number} entries of {what}"
        for (id, what), number in once.items()
        if number > (2 if what == "decision" else 1)
    ]


def ran_twice(house: House) -> list[str]:
    """Return the actions that ran more than once."""
    return [f"{id} ran {number} times" for id, number in Counter(effects(house)).items() if number > 1]


def await_order(gate: hv.Gate, seconds: float = PATIENCE) -> list[str]:
    """Wait until every note lies in its place; return what does not, in the end."""
    ends = time.monotonic() + seconds
    while (wrong := misplaced(gate.config.root, gate.ledger)) and time.monotonic() < ends:
        time.sleep(0.01)
    return wrong
