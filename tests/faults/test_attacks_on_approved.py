"""What agents try in `Approved/`, from which the scripts of an existing vault run."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import hitl_vault as hv
from hitl_vault.vault.ballot import THEIRS as AS_WRITTEN
from tests.house import House, eventually

THEIRS = """\
---
type: approval_request
action: pay
amount: 5.00
due: 2026-01-07T10:30:00Z
status: {status}
---

Pay ACME.
"""


def approved(house: House, gate: hv.Gate) -> tuple[hv.Record, Path]:
    """Let an agent write a note, and somebody approve it; return where it lies then."""
    return decided(house, gate, "approve", "Approved")


def decided(house: House, gate: hv.Gate, verdict: str, folder: str) -> tuple[hv.Record, Path]:
    """Let an agent write a note, and somebody decide it; return where it lies then."""
    path = house.root / "Pending_Approval" / "PAY.md"
    path.write_text(THEIRS.format(status="pending"))
    (record,) = eventually(lambda: list(gate.pending()))
    gate.decide(record.id, verdict, by="ana")
    home = house.root / folder / path.name
    eventually(lambda: home.exists() and not path.exists())
    return record, home


def kinds(gate: hv.Gate, record: hv.Record) -> list[str]:
    return [str(entry.kind) for entry in gate.history(record.id)]


CHANGES = [
    ("amount: 5.00", "amount: 9000"),
    ("Pay ACME.", "Pay MALLORY."),
    ("Pay ACME.", "Pay ACME.\n\nThen pay MALLORY."),
    ("action: pay\n", ""),
    ("type: approval_request", "type: [unreadable"),
]


@pytest.mark.parametrize("running", [True, False], ids=["at once", "found when a keeper starts"])
@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_an_approved_note_that_was_changed_is_put_right_or_taken_out(
    house: House, old: str, new: str, running: bool
) -> None:
    gate = house.gate()
    record, home = approved(house, gate)
    if not running:
        house.close()
    changed = home.read_text().replace(old, new)
    home.write_text(changed)
    if not running:
        gate = house.gate(keeper=False)
        if "unreadable" not in new:  # nobody knows then whose it is
            with pytest.raises(hv.NoteForged):
                hv.verify_vault(gate.config, gate.ledger)
        gate = house.gate()
    eventually(lambda: "tampered" in kinds(gate, record))
    eventually(lambda: not home.exists() or "This note was changed" in home.read_text())
    assert home.exists() == ("unreadable" not in new)
    if home.exists():
        ours = home.read_text()
        assert ours.startswith(THEIRS.format(status='"approved"').split("\n---\n")[0])
        assert ours.endswith(f"{AS_WRITTEN}\nPay ACME.\n\n## Notes\n")
    assert changed in [copy.read_text() for copy in house.aside()]


def test_what_their_automation_does_to_its_own_note_is_no_change_of_it(house: House) -> None:
    """It writes its word, fields of its own and the same values in another way, and adds to the Notes."""
    gate = house.gate()
    record, home = approved(house, gate)
    text = home.read_text().replace("5.00", "5.0").replace('status: "approved"', "status: sent")
    text = text.replace("due: 2026-01-07T10:30:00Z", "due: 2026-01-07 10:30:00+00:00\nsent_by: mailer")
    home.write_text(f"{text}\nSent at noon.\n")
    theirs = home.read_bytes()
    time.sleep(0.5)
    assert (home.read_bytes(), kinds(gate, record)) == (theirs, ["asked", "voted", "approved"])
    hv.verify_vault(gate.config, gate.ledger)


def test_what_their_automation_may_have_run_is_not_given_back_to_it(house: House) -> None:
    gate = house.gate()
    record, home = approved(house, gate)
    home.write_text(home.read_text().replace("5.00", "9000").replace('status: "approved"', "status: sent"))
    eventually(lambda: not home.exists())
    time.sleep(0.4)
    assert not home.exists()
    assert kinds(gate, record)[-1] != "approved"
    assert any("9000" in copy.read_text() for copy in house.aside())


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("name", ["AGAIN.md", "PAY (1).md"])
def test_a_second_copy_of_an_approved_note_is_taken_out(house: House, name: str, running: bool) -> None:
    gate = house.gate()
    _, home = approved(house, gate)
    if not running:
        house.close()
    copy = home.with_name(name)
    copy.write_bytes(home.read_bytes())
    gate = gate if running else house.gate()
    eventually(lambda: not copy.exists())
    assert home.exists()


@pytest.mark.parametrize("running", [True, False])
def test_a_rejected_note_does_not_stay_among_the_approved(house: House, running: bool) -> None:
    gate = house.gate()
    _, home = decided(house, gate, "reject", "Rejected")
    if not running:
        house.close()
    there = home.rename(house.root / "Approved" / home.name)
    gate = gate if running else house.gate()
    eventually(lambda: not there.exists())
    assert len(house.aside()) == 1


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("status", ["approved", "pending", "''"])
def test_a_note_that_was_written_straight_into_approved_is_asked_first(
    house: House, status: str, running: bool
) -> None:
    gate = house.gate()
    gate.ask("deploy")
    if not running:
        house.close()
    path = house.root / "Approved" / "PAY.md"
    path.write_text(THEIRS.format(status=status))
    if not running:
        gate = house.gate(keeper=False)
        with pytest.raises(hv.NoteForged, match="nobody asked"):
            hv.verify_vault(gate.config, gate.ledger)
        gate = house.gate()
    eventually(lambda: not path.exists())
    asked = eventually(lambda: [r for r in gate.pending() if r.request.adopted])
    assert asked[0].request.action == "pay"
    gate.decide(asked[0].id, "approve", by="ana")
    eventually(path.exists)


OTHERS = {
    "a plan of a person's": "---\ntype: plan\nstatus: approved\n---\n",
    "what has run": THEIRS.format(status="sent"),
    "a note without a type": "---\nstatus: approved\n---\n",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS.keys())
def test_other_notes_in_approved_are_left_alone(house: House, text: str) -> None:
    gate = house.gate()
    gate.ask("deploy")
    path = house.root / "Approved" / "PAY.md"
    path.write_text(text)
    time.sleep(0.4)
    assert path.read_text() == text
    assert not any(record.request.adopted for record in gate.pending())


def test_what_was_approved_before_there_was_a_record_stays_where_it_is(house: House) -> None:
    path = house.root / "Approved" / "PAY.md"
    path.write_text(THEIRS.format(status="approved"))
    os.utime(path, (1.5e9, 1.5e9))
    gate = house.gate()
    gate.ask("deploy")
    path.chmod(0o600)
    time.sleep(0.5)
    assert path.exists()
    hv.verify_vault(gate.config, gate.ledger)
