"""An adopted note that comes back to `Approved/` once it ran, or was turned down, does not stay there."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import hitl_vault as hv
from hitl_vault.acts import vanish
from tests.faults.puppet import Puppet
from tests.house import House, eventually

NOTE = """\
---
type: approval_request
agent: crm-bot
action: pay
amount: 5.00
status: pending
---

Pay ACME.
"""


def decided(house: House, gate: hv.Gate, verdict: str, folder: str) -> tuple[hv.Record, Path]:
    path = house.root / "Pending_Approval" / "PAY.md"
    path.write_text(NOTE)
    (record,) = eventually(lambda: list(gate.pending()))
    eventually(lambda: "- [ ] Approve" in path.read_text())
    gate.decide(record.id, verdict, by="ana")
    home = house.root / folder / path.name
    eventually(lambda: home.exists() and not path.exists())
    return record, home


def executed(house: House, gate: hv.Gate) -> tuple[hv.Record, Path, Path]:
    """Have a note adopted, approved and moved on by its script; return where it lay, and lies."""
    record, approved = decided(house, gate, "approve", "Approved")
    done = approved.rename(house.root / "Done" / approved.name)
    eventually(lambda: gate.get(record.id).state == "executed")
    return record, approved, done


def alarms(gate: hv.Gate) -> list[str]:
    found = (entry for entry in gate.ledger.entries() if entry.kind == "tampered")
    return [f"{entry.body['text']} {entry.body['detail']}" for entry in found]


def move(note: Path, to: Path) -> None:
    note.rename(to)


def copy(note: Path, to: Path) -> None:
    shutil.copyfile(note, to)


@pytest.mark.parametrize("running", [True, False], ids=["at once", "found when a keeper starts"])
@pytest.mark.parametrize("bring", [move, copy])
def test_an_executed_note_that_comes_back_is_taken_out_and_told(
    house: House, bring: Callable[[Path, Path], None], running: bool
) -> None:
    gate = house.gate()
    record, approved, done = executed(house, gate)
    theirs = done.read_bytes()
    if not running:
        house.close()
    bring(done, approved)
    gate = gate if running else house.gate()
    eventually(lambda: not approved.exists(), 4)
    (told,) = eventually(lambda: alarms(gate))
    assert f"Approved/PAY.md of {record.id}" in told
    assert "the request is executed" in told
    assert done.read_bytes() == theirs
    kept = {path.name: path.read_bytes() for path in house.aside()}
    assert kept == ({"PAY (came back).md": theirs} if bring is copy else {})


def test_it_is_taken_out_each_time(house: House, gate: hv.Gate) -> None:
    _, approved, done = executed(house, gate)
    for times in (1, 2, 3):
        eventually(done.exists)
        done.rename(approved)
        eventually(lambda: not approved.exists(), 4)
        eventually(lambda: len(alarms(gate)) == times)  # noqa: B023


@pytest.mark.parametrize(
    ("bring", "remedy"), [(move, "move it back to Done/PAY.md"), (copy, "delete Approved/PAY.md")]
)
def test_verify_and_doctor_name_it_with_what_to_do(
    house: House, bring: Callable[[Path, Path], None], remedy: str
) -> None:
    with house.gate() as gate:
        record, approved, done = executed(house, gate)
    bring(done, approved)
    gate = house.gate(keeper=False)
    with pytest.raises(hv.NoteForged, match=f"PAY.md of {record.id}: the request is executed.*{remedy}"):
        hv.verify_vault(gate.config, gate.ledger)
    found = {check.name: check for check in hv.diagnose(house.root, state_dir=house.state)}
    assert found["notes in Approved"].level == "fail"
    assert remedy in found["notes in Approved"].found


@pytest.mark.parametrize("running", [True, False], ids=["at once", "found when a keeper starts"])
@pytest.mark.parametrize("bring", [move, copy])
@pytest.mark.parametrize("end", ["reject", "expire"])
def test_a_note_that_was_turned_down_does_not_stay_there_either(
    house: House, bring: Callable[[Path, Path], None], running: bool, end: str
) -> None:
    gate = house.gate()
    if end == "reject":
        _, home = decided(house, gate, "reject", "Rejected")
    else:
        path = house.root / "Pending_Approval" / "PAY.md"
        soon = (gate.ledger.now() + hv.times.duration("1s")).isoformat()
        path.write_text(NOTE.replace("status:", f'expires: "{soon}"\nstatus:'))
        home = house.root / "Rejected" / path.name
        eventually(lambda: home.exists() and not path.exists())
    if not running:
        house.close()
    approved = house.root / "Approved" / home.name
    bring(home, approved)
    gate = gate if running else house.gate()
    eventually(lambda: not approved.exists(), 4)
    assert len(eventually(lambda: alarms(gate))) == 1


def test_a_note_taken_away_whose_approval_was_withdrawn_then_is_taken_out_when_it_comes_back(
    house: House, gate: hv.Gate
) -> None:
    record, approved = decided(house, gate, "approve", "Approved")
    elsewhere = approved.rename(house.root / "kept.md")
    gate.cancel(record.id)
    eventually(lambda: gate.get(record.id).state == "cancelled")
    time.sleep(0.4)  # nothing is drawn, which nothing tells
    elsewhere.rename(approved)
    eventually(lambda: not approved.exists(), 4)
    eventually(lambda: alarms(gate))


def test_a_note_whose_run_ended_nobody_knows_how_is_moved_home_and_told(puppet: Puppet) -> None:
    pending = puppet.root / "Pending_Approval" / "PAY.md"
    pending.write_text(NOTE)
    puppet.hear(pending)
    puppet.settle(rescan=True)
    (record,) = puppet.gate.pending()
    puppet.gate.decide(record.id, "approve", by="ana")
    puppet.settle(rescan=False)
    puppet.gate.claim(record.id, record.request.context, action="pay")
    puppet.settle(rescan=False)
    puppet.advance(hv.times.duration("2h"))
    puppet.ledger.write(lambda writer: vanish(writer, record.id))
    puppet.settle(rescan=False)
    done, approved = puppet.root / "Done" / "PAY.md", puppet.root / "Approved" / "PAY.md"
    assert done.exists()
    done.rename(approved)
    puppet.hear(done, approved)
    puppet.settle(rescan=False)
    assert not approved.exists()
    assert done.exists()
    assert [entry.kind for entry in puppet.gate.history(record.id)][-1] == "tampered"
