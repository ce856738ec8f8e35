"""What docs/adoption.md shows runs as it stands there, and what it says goes wrong goes wrong so."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.acceptance.pages import ROOT, blocks
from tests.house import House, eventually

FILE = ROOT / "docs" / "adoption.md"
YEAR = datetime.now(UTC).year + 1
EXPIRES = f"expires: {YEAR}-01-31T09:00:00Z"
NOTE = blocks(FILE, "markdown").replace("expires: 2027-01-31T09:00:00Z", EXPIRES)
WORD = "Not adopted, PAYMENT_ACME.md"


@pytest.fixture
def gate(house: House) -> hv.Gate:
    """A gate whose keeper adopts what lies there."""
    return house.gate()


def put(house: House, *changes: tuple[str, str]) -> Path:
    """The page's note with something else in it, as an agent writes it."""
    text, path = NOTE, house.root / "Pending_Approval" / "PAYMENT_ACME.md"
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return path


def adopted(gate: hv.Gate) -> hv.Request:
    record = eventually(lambda: next(iter(gate.pending()), None))
    assert record is not None
    return record.request


def test_the_example_is_asked_answered_by_moving_it_and_run_by_its_own_script(house: House) -> None:
    gate = house.gate()
    path = put(house)
    request = adopted(gate)
    assert (request.action, request.agent, request.summary) == ("payment", "invoice-bot", "Re: Invoice #1234")
    assert (request.context["amount"], str(request.risk.level)) == (500, "medium")
    assert request.expires is not None and request.expires.year == YEAR
    command = [sys.executable, "-c", blocks(FILE, "python")]
    script = subprocess.Popen(command, cwd=house.work, stdout=subprocess.PIPE, text=True)
    try:
        eventually(lambda: "- [ ] Approve" in path.read_text())
        path.rename(house.root / "Approved" / path.name)
        out, _ = script.communicate(timeout=20)
    finally:
        script.kill()
    assert out == "paying ACME\n"
    eventually(lambda: gate.get(request.id).state == "executed")
    assert 'status: "approved"' in (house.root / "Done" / path.name).read_text()


def test_a_script_that_takes_a_note_before_its_answer_counts_gets_it_asked_again(
    house: House, gate: hv.Gate
) -> None:
    path = put(house)
    request = adopted(gate)
    eventually(lambda: "- [ ] Approve" in path.read_text())
    path.rename(house.root / "Done" / path.name)
    eventually(path.exists)
    assert gate.get(request.id).state == "pending"
    assert "it may have run what is asked here" in path.read_text()


@pytest.mark.parametrize(
    ("old", "new", "remedy"),
    [
        ('"Re: Invoice #1234"', "Re: invoice", 'put it into quotes: `subject: "Re: invoice"`'),
        ("status: pending", "status: pending\nsubject: twice", "names 'subject' a second time; keep one"),
    ],
)
def test_word_lies_beside_a_note_that_cannot_be_read_until_it_is_mended(
    house: House, gate: hv.Gate, old: str, new: str, remedy: str
) -> None:
    path = put(house, (old, new))
    word = path.with_name(WORD)
    eventually(word.exists)
    assert remedy in word.read_text()
    assert list(gate.pending()) == []
    put(house)
    adopted(gate)
    eventually(lambda: not word.exists())


def test_word_goes_with_the_note_that_it_is_about_and_stays_if_somebody_wrote_into_it(
    house: House,
) -> None:
    gate = house.gate()
    path = put(house, ('"Re: Invoice #1234"', "Re: invoice"))
    word = path.with_name(WORD)
    eventually(word.exists)
    house.close()
    path.unlink()
    gate = house.gate()
    eventually(lambda: not word.exists())
    put(house, ('"Re: Invoice #1234"', "Re: invoice"))
    eventually(word.exists)
    word.write_text(word.read_text() + "asked the bot's people\n")
    put(house)
    adopted(gate)
    eventually(lambda: "- [ ] Approve" in path.read_text())
    assert word.exists()


def test_no_word_is_left_about_notes_that_ask_for_nothing(house: House, gate: hv.Gate) -> None:
    path = house.root / "Pending_Approval" / "mine.md"
    path.write_text("---\nsubject: Re: x\n---\n")
    put(house)
    adopted(gate)
    assert [file.name for file in path.parent.glob("Not adopted*")] == []


def test_doctor_finds_nothing_wrong_with_the_word_itself(house: House, gate: hv.Gate) -> None:
    path = put(house, ('"Re: Invoice #1234"', "Re: invoice"))
    eventually(path.with_name(WORD).exists)
    (check,) = (check for check in hv.diagnose(house.root, state_dir=house.state) if "notes" in check.name)
    assert check.found.startswith("PAYMENT_ACME.md (") and "put it into quotes" in check.found
    assert "Not adopted" not in check.found


@pytest.mark.parametrize(
    ("expires", "left"),
    [("", None), ("expires: tomorrow\n", timedelta(hours=1)), ("deadline: 7\n", timedelta(hours=1))],
)
def test_a_deadline_that_cannot_be_read_is_the_vaults(
    house: House, gate: hv.Gate, expires: str, left: timedelta | None
) -> None:
    put(house, (f"{EXPIRES}\n", expires))
    request = adopted(gate)
    assert request.expires == (left and request.created + left)


def test_what_a_note_may_have_meant_otherwise_is_told(house: House) -> None:
    told: list[str] = []
    gate = house.gate(keeper=False)
    put(house, (EXPIRES, "expires: tomorrow\nreason: Invoice #1234 payment # of May"))
    keeper = hv.Keeper(gate.config, gate.ledger, tell=told.append)
    keeper.start()
    try:
        assert adopted(gate).reason == "Invoice"
        eventually(lambda: len(told) > 1)
    finally:
        keeper.stop()
    assert "`reason` ends at ` #`" in told[1] and "into quotes" in told[1]
    assert "its deadline 'tomorrow' is no time" in told[0]


def test_a_status_that_obsidian_saved_as_a_list_counts(house: House, gate: hv.Gate) -> None:
    path = put(house)
    request = adopted(gate)
    eventually(lambda: "- [ ] Approve" in path.read_text())
    path.write_text(path.read_text().replace("status: pending", "status:\n  - approved"))
    assert gate.wait(request.id, timeout=5).approved
