"""`hitl doctor` finds what is wrong with a vault, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.acceptance.shell import Shell
from tests.house import House, eventually

Spoil = Callable[[House, Path, str], None]


def note_of(house: House, id: str) -> Path:
    return house.root / "Pending_Approval" / f"{id}.md"


def settings_line(line: str) -> Spoil:
    def add(house: House, state: Path, id: str) -> None:
        path = house.root / ".hitl" / "vault.yaml"
        path.write_text(path.read_text() + line + "\n")

    return add


def settings_for_all(house: House, state: Path, id: str) -> None:
    (house.root / ".hitl" / "vault.yaml").chmod(0o666)


def state_for_all(house: House, state: Path, id: str) -> None:
    state.chmod(0o755)


def state_synced(house: House, state: Path, id: str) -> None:
    (house.work / ".stfolder").mkdir()


def conflict_copy(house: House, state: Path, id: str) -> None:
    note = note_of(house, id)
    note.with_name(f"{id}.sync-conflict-20260102-030405-ABCDEFG.md").write_bytes(note.read_bytes())


def renamed_note(house: House, state: Path, id: str) -> None:
    note = note_of(house, id)
    note.rename(note.with_name("Pay Ada.md"))


def note_elsewhere(house: House, state: Path, id: str) -> None:
    (house.root / "Plans" / "May").mkdir(parents=True)
    (house.root / "Plans" / "May" / "Pay Ada.md").write_text(
        note_of(house, id).read_text().replace('"pending"', "approved")
    )


def foreign_note(house: House, state: Path, id: str) -> None:
    text = note_of(house, id).read_text()
    other = id[:-8] + "zzzzzzzz"
    note_of(house, other).write_text(text.replace(id, other))


def unreadable_note(house: House, state: Path, id: str) -> None:
    note_of(house, id).write_text("---\nstatus: [[[[\n")


def leftover(house: House, state: Path, id: str) -> None:
    (house.root / "Done" / ".hitl-0123456789abcdef.tmp").touch()


def half_taken(house: House, state: Path, id: str) -> None:
    folder = house.root / "Approved" / "email"
    folder.mkdir()
    (folder / ".hitl-0123456789abcdef-INVOICE.md.taken").write_text("what somebody wrote")


def other_machine(house: House, state: Path, id: str) -> None:
    (house.root / ".hitl" / "keeper-nas.json").write_text(json.dumps({"host": "nas", "pid": 1}))


def broken_ledger(house: House, state: Path, id: str) -> None:
    (state / "ledger.db").write_bytes(b"not a database" * 100)


def broken_template(house: House, state: Path, id: str) -> None:
    (house.root / ".hitl" / "templates").mkdir()
    (house.root / ".hitl" / "templates" / "payment.md.j2").write_text("{% if %}")


SPOILT = [
    (broken_template, "warn", "templates"),
    (settings_for_all, "warn", "settings"),
    (settings_line("settel: 1s"), "fail", "settings"),
    (state_for_all, "fail", "state"),
    (state_synced, "fail", "state"),
    (conflict_copy, "warn", "conflict copies"),
    (renamed_note, "warn", "renamed notes"),
    (note_elsewhere, "warn", "notes elsewhere"),
    (foreign_note, "fail", "foreign notes"),
    (unreadable_note, "warn", "unreadable notes"),
    (leftover, "warn", "leftovers"),
    (half_taken, "warn", "leftovers"),
    (other_machine, "fail", "keepers"),
    (broken_ledger, "fail", "ledger"),
]


def test_a_sound_vault_has_nothing_to_be_done(hitl: Shell) -> None:
    gate = hitl.house.gate()
    request = gate.ask("payment", {})
    hitl.house.note(request)
    result = hitl("doctor")
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("All is well.\n")
    assert "events: arrive" in result.out


@pytest.mark.parametrize(("spoil", "level", "name"), SPOILT)
def test_what_is_wrong_is_named_with_a_remedy(hitl: Shell, spoil: Spoil, level: str, name: str) -> None:
    id = hitl.ask()
    spoil(hitl.house, hitl.house.kept(), id)
    result = hitl("doctor", "--json")
    found = {check["name"]: check for check in result.json if check["level"] != "ok"}
    # Nobody keeps this vault, lest what is spoilt be mended before it is looked at.
    assert found.keys() - {"keeper"} == {name}
    assert found[name]["level"] == level
    assert found[name]["remedy"]
    assert result.code == (1 if level == "fail" else 0)


def test_notes_that_were_decided_and_notes_of_others_may_lie_anywhere(hitl: Shell) -> None:
    gate, root = hitl.house.gate(), hitl.house.root
    request = gate.ask("payment", {})
    hitl.house.note(request)
    gate.decide(request.id, "reject", by="ana")
    eventually(lambda: hitl.house.says(request, "rejected", "Rejected"))
    (root / "Archive").mkdir()
    hitl.house.path(request, "Rejected").rename(root / "Archive" / "Paid.md")
    (root / "Plan.md").write_text(f"---\nid: {request.id}\n---\n")
    (root / "Archive" / "torn.md").write_bytes(b"---\nsha256: [[[\xff")
    assert "notes elsewhere" not in hitl("doctor").out


def test_a_person_is_told_to_leave_to_the_keeper_what_may_hold_a_note(hitl: Shell) -> None:
    half_taken(hitl.house, hitl.house.kept(), "")
    told = " ".join(hitl("doctor").out.split())
    assert "such as" in told
    assert "The next keeper to start clears them up. Delete none that end in .taken or .traded" in told


def test_a_vault_without_a_keeper_is_told(hitl: Shell) -> None:
    result = hitl("doctor")
    assert result.code == 0
    assert "hitl watch" in result.out


def test_a_held_request_is_named(hitl: Shell) -> None:
    gate = hitl.house.gate()
    request = gate.ask("payment", {})
    hitl.house.edit(request, ("- [ ] Approve", "- [x] Approve"), ("- [ ] Reject", "- [x] Reject"))
    eventually(lambda: gate.get(request.id).notice)
    assert request.id in hitl("doctor").out


def test_a_ledger_ahead_of_the_clock_is_found(hitl: Shell) -> None:
    later = datetime.now(UTC) + timedelta(hours=3)
    with hv.open_gate(keeper=False, clock=lambda: later) as gate:
        gate.ask("payment", {})
    result = hitl("doctor")
    assert result.code == 1
    assert "in the future" in result.out


def test_a_state_directory_inside_the_vault_is_found(hitl: Shell) -> None:
    inside = hitl.house.root / "state"
    hitl("request", "payment", "--state-dir", str(inside))
    result = hitl("doctor", "--state-dir", str(inside))
    assert result.code == 1
    assert "inside the vault" in result.out.replace("\n      ", " ")


def test_a_folder_without_a_vault_is_found(hitl: Shell, work: Path) -> None:
    result = hitl("doctor", "--vault", str(work))
    assert result.code == 1
    assert "hitl init" in result.out
