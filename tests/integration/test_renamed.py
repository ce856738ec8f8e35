"""A note that was given another name is a copy: it decides nothing, and is never passed over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.house import House, eventually


def rejecting(note: Path) -> Path:
    """Rename a note, and say no in it."""
    renamed = note.rename(note.with_name("Pay Ada.md"))
    renamed.write_text(renamed.read_text().replace('status: "pending"', "status: rejected"))
    return renamed


def dragged(note: Path) -> Path:
    """Rename a note, and drag it into `Rejected/`."""
    renamed = note.rename(note.with_name("Pay Ada.md"))
    return renamed.rename(note.parents[1] / "Rejected" / renamed.name)


@pytest.mark.parametrize("answer", [rejecting, dragged])
def test_an_answer_in_a_renamed_note_holds_the_request_until_it_is_settled(
    house: House, answer: Callable[[Path], Path]
) -> None:
    gate = house.gate()
    asked = gate.ask("payment", {"amount": 900})
    note = house.note(asked)
    renamed = answer(note)
    eventually(note.exists)
    eventually(lambda: house.says(asked, f"{renamed.parent.name}/Pay Ada.md: reject"))
    assert gate.get(asked.id).notice_kind == "held"
    assert renamed.exists()
    renamed.unlink()
    eventually(lambda: gate.get(asked.id).notice is None)
    house.vote(asked, "approved")
    assert gate.wait(asked.id, timeout=8).approved


@pytest.mark.parametrize("answer", [rejecting, dragged])
def test_an_answer_in_a_note_renamed_while_no_keeper_ran_is_found(
    house: House, answer: Callable[[Path], Path]
) -> None:
    with house.gate() as gate:
        asked = gate.ask("payment", {"amount": 900})
        answer(house.note(asked))
    gate = house.gate()
    eventually(lambda: gate.get(asked.id).notice_kind == "held")
    assert gate.get(asked.id).state == "pending"


def test_a_renamed_note_is_put_away_after_the_decision(house: House) -> None:
    gate = house.gate()
    asked = gate.ask("payment", {"amount": 900})
    note = house.note(asked)
    renamed = note.rename(note.with_name("Pay Ada.md"))
    house.vote(asked, "approved")
    assert gate.wait(asked.id, timeout=8).approved
    eventually(lambda: not renamed.exists())
    house.note(asked, "Approved")


def test_a_file_that_becomes_the_note_of_another_request_holds_that_one(house: House) -> None:
    gate = house.gate()
    first, second = gate.ask("payment", {"amount": 900}), gate.ask("payment", {"amount": 90})
    house.note(second)
    renamed = rejecting(house.note(first))
    eventually(lambda: gate.get(first.id).notice_kind == "held")
    renamed.write_text(house.note(second).read_text().replace('status: "pending"', "status: rejected"))
    eventually(lambda: gate.get(second.id).notice_kind == "held")
    eventually(lambda: gate.get(first.id).notice is None)


def test_a_renamed_note_among_the_resolved_is_named_with_what_to_do(house: House) -> None:
    with house.gate() as gate:
        asked = gate.ask("payment", {"amount": 900})
        gate.decide(asked.id, "approve")
        note = house.note(asked, "Approved")
        eventually(lambda: 'status: "approved"' in note.read_text())
    note.with_name("Pay Ada.md").write_bytes(note.read_bytes())
    gate = house.gate(keeper=False)
    with pytest.raises(hv.NoteForged, match=rf"second note .* delete it, the note is Approved/{asked.id}.md"):
        hv.verify_vault(gate.config, gate.ledger)
