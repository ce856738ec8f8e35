"""Notes that agents of existing vaults write by themselves are served without a change to their scripts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.house import House, eventually

THEIRS = """\
---
type: approval_request
action: send_email
to: client@example.com
subject: "Invoice #42"
amount: 1250.00
priority: high
created: 2026-01-07T10:30:00Z
status: {status}
---

# Send the invoice

Dear client, please find attached...

- [ ] Checked the amount

## To Approve
Move this file to /Approved folder.
"""


def write(house: House, name: str = "email/INVOICE_client_a.md", status: str = "pending") -> Path:
    path = house.root / "Pending_Approval" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(THEIRS.format(status=status))
    return path


def adopted(gate: hv.Gate, count: int = 1) -> hv.Record:
    records = eventually(lambda: (found := list(gate.pending())) and len(found) >= count and found)
    return records[0]


def has_boxes(path: Path) -> bool:
    return path.exists() and "- [ ] Approve" in path.read_text()


def approved_by_ana(house: House, gate: hv.Gate) -> tuple[hv.Record, Path]:
    """Have a note of theirs adopted and approved; return where it lies then."""
    path = write(house)
    record = adopted(gate)
    eventually(lambda: has_boxes(path))
    gate.decide(record.id, "approve", by="ana")
    approved = house.root / "Approved" / path.name
    eventually(lambda: approved.exists() and not path.exists())
    return record, approved


def test_a_note_of_theirs_becomes_a_request_with_its_keys_as_context(house: House, gate: hv.Gate) -> None:
    path = write(house)
    request = adopted(gate).request
    assert request.action == "send_email"
    assert request.context["to"] == "client@example.com"
    assert request.context["amount"] == 1250
    assert request.risk.level == "high"
    assert request.summary == "Invoice #42"
    eventually(lambda: has_boxes(path))


@pytest.mark.parametrize(
    ("body", "summary"),
    [
        ("Please.\n\n```\n# no\n```\n\n## Pay ACME \n# Later\n", "Pay ACME"),
        ("#\n#tag\n", "PAY_7"),
        ("", "PAY_7"),
    ],
)
def test_a_note_without_a_subject_is_listed_by_its_first_heading_else_by_its_name(
    house: House, gate: hv.Gate, body: str, summary: str
) -> None:
    path = house.root / "Pending_Approval" / "payment" / "PAY_7.md"
    path.parent.mkdir()
    path.write_text(f"---\ntype: approval_request\naction: payment\n---\n{body}")
    assert adopted(gate).request.summary == summary


def test_the_file_name_the_keys_and_the_text_stay(house: House, gate: hv.Gate) -> None:
    path = write(house)
    adopted(gate)
    eventually(lambda: has_boxes(path))
    text = path.read_text()
    front, body = THEIRS.format(status="pending").split("---\n\n")
    assert text.startswith(front)
    assert body in text
    path.write_text(text.replace("status: pending", "status: approved"))
    approved = house.root / "Approved" / path.name
    eventually(approved.exists)
    kept = [line for line in front.splitlines() if not line.startswith("status")]
    assert all(line in approved.read_text().splitlines() for line in kept)
    assert body in approved.read_text()
    eventually(lambda: not path.exists())


def test_a_note_that_comes_approved_is_adopted_as_pending(house: House, gate: hv.Gate) -> None:
    path = write(house, status="approved")
    record = adopted(gate)
    eventually(lambda: has_boxes(path))
    time.sleep(0.4)
    assert gate.get(record.id).state == "pending"
    assert "status: approved" not in path.read_text()


@pytest.mark.parametrize("status", ["pending", "approved"])
@pytest.mark.founded(flag_after="20s")
def test_a_note_of_theirs_is_drawn_at_once_and_without_a_complaint(house: House, status: str) -> None:
    gate = house.gate()
    path = write(house, status=status)
    record = adopted(gate)
    eventually(lambda: has_boxes(path), 4)
    time.sleep(0.2)
    assert [entry.kind for entry in gate.history(record.id)] == ["asked"]
    assert house.aside() == []


def test_an_answer_given_in_their_note_before_it_was_drawn_counts(house: House) -> None:
    gate = house.gate()
    path = write(house)
    record = adopted(gate)
    eventually(lambda: has_boxes(path))
    house.close()
    path.write_text(THEIRS.format(status="approved"))  # by an editor that had it open all along
    gate = house.gate()
    assert gate.wait(record.id, timeout=5).approved
    assert [entry.kind for entry in gate.history(record.id)] == ["asked", "voted", "approved"]


def test_their_text_put_back_is_drawn_again(house: House, gate: hv.Gate) -> None:
    path = write(house)
    record = adopted(gate)
    eventually(lambda: has_boxes(path))
    path.write_text(THEIRS.format(status="pending"))
    eventually(lambda: has_boxes(path))
    assert [entry.kind for entry in gate.history(record.id)] == ["asked"]
    assert house.aside() == []


@pytest.mark.parametrize(("folder", "state"), [("Approved", "approved"), ("Rejected", "rejected")])
def test_the_usual_gesture_of_such_vaults_is_to_move_the_file(
    house: House, gate: hv.Gate, folder: str, state: str
) -> None:
    path = write(house)
    record = adopted(gate)
    eventually(lambda: has_boxes(path))
    path.rename(house.root / folder / path.name)
    assert gate.wait(record.id, timeout=5).state == state
    assert (house.root / folder / path.name).exists()


def test_their_own_move_to_done_is_the_outcome_and_the_file_is_left_as_they_made_it(
    house: House, gate: hv.Gate
) -> None:
    path = write(house)
    record = adopted(gate)
    eventually(lambda: has_boxes(path))
    approved, done = house.root / "Approved" / path.name, house.root / "Done" / path.name
    path.rename(approved)
    gate.wait(record.id, timeout=5)
    eventually(lambda: 'status: "approved"' in approved.read_text())
    approved.write_text(approved.read_text() + "\nsent at noon\n")
    theirs = approved.read_bytes()
    approved.rename(done)
    eventually(lambda: gate.get(record.id).state == "executed")
    time.sleep(0.3)
    assert done.read_bytes() == theirs
    assert not approved.exists()
    with pytest.raises(hv.AlreadyClaimed):
        gate.claim(record.id, record.request.context, action=record.request.action)


def test_their_move_to_done_while_nothing_ran_is_the_outcome_too(house: House) -> None:
    gate = house.gate()
    record, approved = approved_by_ana(house, gate)
    house.close()
    approved.rename(house.root / "Done" / approved.name)
    gate = house.gate()
    eventually(lambda: gate.get(record.id).state == "executed")


def test_an_approved_note_that_their_script_took_away_is_not_drawn_again(house: House) -> None:
    _, approved = approved_by_ana(house, house.gate())
    approved.unlink()
    time.sleep(0.4)
    house.close()
    house.gate()
    time.sleep(0.8)
    assert not approved.exists()
    assert not list((house.root / "Pending_Approval").rglob(approved.name))


def test_a_note_moved_to_done_before_it_was_approved_decides_nothing(house: House, gate: hv.Gate) -> None:
    path = write(house)
    record = adopted(gate)
    eventually(lambda: has_boxes(path))
    path.rename(house.root / "Done" / path.name)
    eventually(path.exists)
    assert gate.get(record.id).state == "pending"
    assert "it may have run what is asked here" in path.read_text()


def test_the_same_note_written_again_after_it_was_resolved_is_a_new_request(
    house: House, gate: hv.Gate
) -> None:
    path = write(house)
    first = adopted(gate)
    eventually(lambda: has_boxes(path))
    gate.decide(first.id, "reject", by="ana")
    eventually(lambda: (house.root / "Rejected" / path.name).exists() and not path.exists())
    write(house)
    second = eventually(lambda: next(iter(gate.pending()), None))
    assert second.id != first.id


def test_a_note_with_windows_line_endings_is_adopted_as_it_is(house: House, gate: hv.Gate) -> None:
    path = house.root / "Pending_Approval" / "crlf.md"
    body = "\r\nHello\r\n"
    path.write_bytes(b"---\r\ntype: approval\r\naction: post\r\n---\r\n" + body.encode())
    assert adopted(gate).request.action == "post"
    eventually(lambda: has_boxes(path))
    assert body.encode() in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(b"- [ ] Approve", b"- [x] Approve"))
    eventually(lambda: not list(gate.pending()))


def test_adoption_survives_a_restart(house: House) -> None:
    gate = house.gate()
    path = write(house)
    record = adopted(gate)
    eventually(lambda: has_boxes(path))
    house.close()
    path.rename(house.root / "Approved" / path.name)
    gate = house.gate()
    assert gate.wait(record.id, timeout=5).approved
    assert len(list(gate.ledger.rows())) == 1


def test_two_notes_of_the_same_name_in_two_folders_are_two_requests(house: House, gate: hv.Gate) -> None:
    one, two = write(house, "email/x.md"), write(house, "payment/x.md")
    adopted(gate, 2)
    eventually(lambda: has_boxes(one) and has_boxes(two))
    one.write_text(one.read_text().replace("status: pending", "status: rejected"))
    eventually(lambda: len(list(gate.pending())) == 1)
    assert two.exists()


def test_an_unknown_word_in_their_note_is_flagged_and_their_text_stays(house: House, gate: hv.Gate) -> None:
    path = write(house)
    adopted(gate)
    eventually(lambda: has_boxes(path))
    path.write_text(path.read_text().replace("status: pending", "status: aproved"))
    eventually(lambda: "Not understood" in path.read_text())
    assert "Dear client, please find attached..." in path.read_text()


@pytest.mark.parametrize(
    "text",
    [
        "# Just a note\n",
        "---\ntype: plan\nstatus: pending\n---\n",
        "---\nstatus: approved\n---\n",
        "---\n[broken\n---\n",
    ],
)
def test_other_notes_are_left_alone(house: House, gate: hv.Gate, text: str) -> None:
    path = house.root / "Pending_Approval" / "mine.md"
    path.write_text(text)
    time.sleep(0.4)
    assert path.read_text() == text
    assert list(gate.pending()) == []
