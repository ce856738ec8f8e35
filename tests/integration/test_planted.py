"""Notes planted or edited among the resolved ones are found, reported and put right from the ledger."""

from __future__ import annotations

import os
import time
from itertools import count
from pathlib import Path

import pytest

import hitl_vault as hv
from hitl_vault.domain.identity import new_id
from hitl_vault.keeper.index import Index
from hitl_vault.keeper.past import past_of
from hitl_vault.keeper.patrol import PAUSE, Patrol
from hitl_vault.keeper.resolved import Resolved
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.templates import Templates
from tests.house import House, eventually

STRANGE = new_id("payment", hv.times.instant("2099-01-02T03:04:05Z"))
PLANTED = {
    "with an id of our form": (f"{STRANGE}.md", "---\nstatus: approved\n---\nPay.\n"),
    "with our type": (f"{STRANGE}.md", '---\ntype: "approval_request"\n---\n'),
    "with an id in its text": ("Invoice 17.md", f"---\nid: {STRANGE}\n---\n"),
    "with a digest": ("Invoice 17.md", f"---\nstatus: approved\ndigest: sha256:{'ab' * 32}\n---\n"),
    "in a sub-folder": (f"payment/{STRANGE}.md", "---\nstatus: approved\n---\n"),
}
THEIRS = {
    "a note of another system": (
        "EMAIL_17.md",
        "---\ntype: approval_request\nstatus: sent\n---\nSent.\n",
    ),
    "a note with a number for an id": ("Task.md", "---\nid: 17\nstatus: done\n---\n"),
    "a diary": ("20260102-030405-my-diary-abcdefgh.md", "# Day\n\nNothing happened.\n"),
    "no front matter at all": ("README.md", "Notes of approved things.\n"),
    "a note that is no text": ("blob.md", "\x00\x01"),
}


def plant(house: House, name: str, text: str, folder: str = "Approved") -> Path:
    path = house.root / folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def about_the_vault(gate: hv.Gate) -> list[hv.Entry]:
    return [entry for entry in gate.ledger.entries() if not entry.request]


@pytest.mark.parametrize("how", PLANTED)
@pytest.mark.parametrize("folder", ["Approved", "Rejected", "Done"])
def test_a_planted_note_is_put_aside_and_recorded(house: House, gate: hv.Gate, how: str, folder: str) -> None:
    gate.ask("deploy")
    name, text = PLANTED[how]
    path = plant(house, name, text, folder)
    eventually(lambda: not path.exists())
    assert [copy.read_text() for copy in house.aside()] == [text]
    (entry,) = eventually(lambda: about_the_vault(gate))
    assert entry.kind == "tampered"
    assert f"{folder}/{name}" in entry.body["detail"]


@pytest.mark.parametrize("how", THEIRS)
def test_a_note_that_never_was_ours_is_left_alone(house: House, gate: hv.Gate, how: str) -> None:
    name, text = THEIRS[how]
    gate.ask("deploy")
    path = plant(house, name, text)
    time.sleep(0.4)
    assert path.read_text() == text
    assert about_the_vault(gate) == []
    assert hv.verify_vault(gate.config, gate.ledger).notes == 0


def test_a_link_in_place_of_a_note_is_put_aside_unread(house: House, gate: hv.Gate, work: Path) -> None:
    gate.ask("deploy")
    (work / "elsewhere.md").write_text("---\nstatus: approved\n---\n")
    link = house.root / "Approved" / f"{STRANGE}.md"
    link.symlink_to(work / "elsewhere.md")
    eventually(lambda: not link.is_symlink())
    assert len(eventually(lambda: about_the_vault(gate))) == 1


def test_history_of_a_record_that_was_lost_is_told_of_and_left_alone(house: House) -> None:
    old = new_id("payment", hv.times.instant("2020-01-02T03:04:05Z"))
    path = plant(house, f"{old}.md", "---\nstatus: approved\n---\n")
    os.utime(path, (1.5e9, 1.5e9))
    gate = house.gate()
    gate.ask("deploy")
    path.chmod(0o600)
    time.sleep(0.4)
    assert path.exists()
    with pytest.raises(hv.NoteForged, match="the record knows no such request"):
        hv.verify_vault(gate.config, gate.ledger)


def test_a_note_that_comes_again_and_again_is_left_in_the_end(house: House, gate: hv.Gate) -> None:
    """Two keepers with records of their own would otherwise undo each other for ever."""
    gate.ask("deploy")
    for _ in range(3):
        path = plant(house, *PLANTED["with an id of our form"])
        eventually(lambda: not path.exists())  # noqa: B023
    path = plant(house, *PLANTED["with an id of our form"])
    time.sleep(0.4)
    assert path.exists()


def resolved(house: House, gate: hv.Gate) -> tuple[hv.Request, Path]:
    asked = gate.ask("payment", {"amount": 900})
    gate.decide(asked.id, "reject", by="ana")
    note = house.note(asked, "Rejected")
    eventually(lambda: 'status: "rejected"' in note.read_text())
    return asked, note


def edit(note: Path, old: str = 'status: "rejected"', new: str = 'status: "approved"') -> str:
    before = note.read_text()
    assert old in before
    note.write_text(before.replace(old, new))
    return before


def test_what_was_done_while_no_keeper_ran_is_found_when_one_starts(house: House) -> None:
    with house.gate() as gate:
        asked, note = resolved(house, gate)
    edit(note)
    planted = plant(house, *PLANTED["with an id of our form"], folder="Done")
    gate = house.gate()
    eventually(lambda: not planted.exists())
    eventually(lambda: 'status: "rejected"' in note.read_text())
    eventually(lambda: gate.history(asked.id)[-1].kind == "tampered")
    eventually(lambda: house.says(asked, "This note was changed", "Rejected"))
    assert len(house.aside()) == 2


def test_a_round_passes_over_what_has_not_changed_since_the_one_before(house: House) -> None:
    with house.gate() as gate:
        _, note = resolved(house, gate)
    gate = house.gate(keeper=False)
    layout, index = hv.Layout(house.root), Index(gate.config.state / "notes.db")
    past = lambda id: past_of(gate.ledger.entries(request=id))  # noqa: E731
    found = Resolved(layout, Drawer(Templates()), past=past, seal=index.seal)

    told: list[str] = []

    def reported(now: float) -> list[Path]:
        paths: list[Path] = []
        report = lambda misfit: paths.append(misfit.place.path)  # noqa: E731
        times = count(step=PAUSE).__next__
        Patrol(layout, found, index, report=report, tell=told.append, monotonic=times, now=lambda: now).step()
        return paths

    edit(note)
    index.patrolled = 0.0
    assert reported(time.time()) == [note]
    assert reported(time.time() + 1e6) == [note], "it changed since the last round began"
    assert reported(time.time() + 2e6) == [], "it has not changed since the clock said 1e6 s more"
    index.close()
    assert told == []


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("status", 'the field "status" reads approved instead of rejected'),
        ("context", '"amount" reads 90 instead of 900'),
        ("moved", "the request is rejected"),
        ("renamed", "under another name; delete it"),
        ("planted", "the record knows no such request"),
        ("unreadable", "UTF-8"),
    ],
)
def test_verify_names_the_first_note_that_does_not_fit(house: House, how: str, why: str) -> None:
    with house.gate() as gate:
        _, note = resolved(house, gate)
    gate = house.gate(keeper=False)
    found = hv.verify_vault(gate.config, gate.ledger)
    assert (found.entries, found.notes) == (3, 1)
    if how == "status":
        edit(note)
    elif how == "context":
        edit(note, '"amount": 900', '"amount": 90')
    elif how == "moved":
        note = note.rename(house.root / "Approved" / note.name)
        note.with_name("x").touch()
        (house.root / "Rejected" / note.name).write_bytes(note.read_bytes())
    elif how == "renamed":
        text = note.read_bytes()
        note = note.with_name("Invoice.md")
        note.write_bytes(text)
    elif how == "planted":
        note = plant(house, *PLANTED["with a digest"], folder="Done")
    else:
        note.write_bytes(note.read_bytes() + b"\xff")
    with pytest.raises(hv.NoteForged) as error:
        hv.verify_vault(gate.config, gate.ledger)
    assert why in str(error.value)
    assert error.value.path == note


def test_a_person_may_add_notes_and_tidy_up_the_archive(house: House) -> None:
    with house.gate() as gate:
        _, note = resolved(house, gate)
        _, other = resolved(house, gate)
    note.write_text(note.read_text() + "Told the customer.\n")
    other.unlink()
    gate = house.gate(keeper=False)
    assert hv.verify_vault(gate.config, gate.ledger).notes == 1


def test_notes_that_no_keeper_has_moved_yet_are_no_forgery(house: House) -> None:
    with house.gate() as gate:
        asked = gate.ask("payment", {"amount": 900})
        gate.decide(asked.id, "approve", by="ana")
        house.note(asked, "Approved")
        eventually(lambda: 'status: "approved"' in house.path(asked, "Approved").read_text())
    house.script(
        f"g = hv.open_gate({str(house.root)!r}, agent='crm-bot', state_dir={str(house.state)!r}, "
        f"keeper=False)\ng.claim({asked.id!r}, {{'amount': 900}}, action='payment').executed()\n"
        "print('done')\nimport os; os._exit(0)"
    ).line()
    gate = house.gate(keeper=False)
    assert hv.verify_vault(gate.config, gate.ledger).notes == 1


@pytest.mark.parametrize("forged", [False, True])
def test_notes_drawn_by_another_version_are_held_to_the_facts(house: House, forged: bool) -> None:
    """An archive is not called forged because a later version words its notes otherwise."""
    with house.gate() as gate:
        _, note = resolved(house, gate)
    templates = house.root / ".hitl" / "templates"
    templates.mkdir()
    source = Path(hv.__file__).parent.parent / "templates" / "payment.md.j2"
    (templates / "payment.md.j2").write_text(source.read_text().replace("## Context", "## The context"))
    note.write_text(note.read_text() + "Told the customer.\n")
    if forged:
        edit(note, '"amount": 900', '"amount": 90')
    gate = house.gate(keeper=False)
    if forged:
        with pytest.raises(hv.NoteForged):
            hv.verify_vault(gate.config, gate.ledger)
    else:
        assert hv.verify_vault(gate.config, gate.ledger).notes == 1
