"""A file system that is full for a while: told with the remedy, nothing is lost, and on it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

import hitl_vault as hv
from tests.faults.disks import Disk, ext4_disk, memory_disk
from tests.faults.impatience import be_impatient
from tests.faults.inspection import await_order, doubled
from tests.faults.plot import CONTEXT, NOTES
from tests.house import House, eventually

Mount = Callable[[Path], AbstractContextManager[Disk]]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_impatient(monkeypatch.setattr)


@pytest.fixture(params=[memory_disk, ext4_disk], ids=["tmpfs", "ext4"])
def disk(request: pytest.FixtureRequest, work: Path) -> Iterator[Disk]:
    mount: Mount = request.param
    with mount(work / "small") as disk:
        yield disk


@pytest.fixture
def full_state(disk: Disk, home: House) -> House:
    """A vault whose state directory lies on the small disk."""
    home.state = disk.path / "state"
    home.found()
    return home


@pytest.fixture
def full_vault(disk: Disk, home: House) -> House:
    """A vault whose notes lie on the small disk."""
    home.root = disk.path / "vault"
    home.found()
    return home


def in_order(house: House, gate: hv.Gate) -> None:
    """Check that the record holds and the notes lie as it says."""
    assert not doubled(gate.ledger)
    assert not await_order(gate)


def test_what_cannot_be_recorded_is_refused_with_the_remedy_and_works_once_there_is_room(
    disk: Disk, full_state: House
) -> None:
    gate = full_state.gate(keeper=False)
    a, b, c = (gate.ask("refund", CONTEXT) for _ in range(3))
    for request in (b, c):
        gate.decide(request.id, "approve", by="ana")
    grant = gate.claim(c.id, CONTEXT, action=c.action)
    verbs: dict[str, Callable[[], Any]] = {
        "ask": lambda: gate.ask("refund", {"much": "x" * 20_000}, key="k1"),
        "decide": lambda: gate.decide(a.id, "approve", by="ana", comment="y" * 20_000),
        "claim": lambda: gate.claim(b.id, CONTEXT, action=b.action),
        "outcome": lambda: grant.executed("z" * 20_000),
    }
    disk.fill()
    before = gate.ledger.last_seq()
    for verb in verbs.values():
        refused_with_the_remedy(verb)
    assert gate.ledger.last_seq() == before
    assert [str(gate.get(r.id).state) for r in (a, b, c)] == ["pending", "approved", "executing"]
    disk.make_room()
    for verb in verbs.values():
        verb()
    assert [str(gate.get(r.id).state) for r in (a, b, c)] == ["approved", "executing", "executed"]
    full_state.gate()
    in_order(full_state, gate)


def refused_with_the_remedy(verb: Callable[[], Any]) -> None:
    """The log may have room for a few small entries more; in the end it has none."""
    with pytest.raises(hv.LedgerUnavailable, match="disk is full, nothing was recorded; make room on it"):
        verb()


def test_an_answer_in_a_note_waits_until_it_can_be_recorded(disk: Disk, full_state: House) -> None:
    gate = full_state.gate()
    asked = [gate.ask("refund", CONTEXT) for _ in range(3)]
    pages = [full_state.note(request) for request in asked]
    exhaust(disk, gate)
    full_state.edit(asked[0], ('status: "pending"', "status: approved"), end=NOTES * 200)
    full_state.edit(asked[1], ("- [ ] Reject", "- [x] Reject"))
    pages[2].rename(full_state.path(asked[2], "Approved"))
    with pytest.raises(hv.WaitTimeout):
        gate.wait(asked[0].id, timeout=1.5)
    assert NOTES * 200 in pages[0].read_text()
    assert "- [x] Reject" in pages[1].read_text()
    disk.make_room()
    decisions = [gate.wait(request.id, timeout=20) for request in asked]
    assert [d.state for d in decisions] == ["approved", "rejected", "approved"]
    assert decisions[0].notes == NOTES * 200
    in_order(full_state, gate)


def exhaust(disk: Disk, gate: hv.Gate) -> None:
    """Fill the disk, and then what the log has room for already."""
    disk.fill()
    for _ in range(1000):
        try:
            gate.ask("filler", {"much": "x" * 20_000})
        except hv.LedgerUnavailable:
            return
    raise AssertionError("the disk never was full")


def test_a_keeper_starts_on_a_full_disk_and_serves_once_there_is_room(disk: Disk, full_state: House) -> None:
    asked = full_state.gate(keeper=False).ask("refund", CONTEXT)
    full_state.close()
    disk.fill()
    with pytest.raises(hv.HitlVaultError, match="make room"):
        full_state.gate().ask("refund", {"much": "x" * 20_000})
    disk.make_room()
    gate = full_state.gate()
    full_state.vote(asked, "approved")
    assert gate.wait(asked.id, timeout=20).approved
    in_order(full_state, gate)


def test_without_room_for_notes_agents_still_ask_and_people_answer_from_the_command_line(
    disk: Disk, full_vault: House
) -> None:
    gate = full_vault.gate()
    drawn = gate.ask("refund", CONTEXT)
    full_vault.note(drawn)
    disk.fill()
    undrawn = gate.ask("refund", CONTEXT)
    gate.decide(drawn.id, "approve", by="ana")
    assert gate.wait(drawn.id, timeout=5).approved
    gate.claim(drawn.id, CONTEXT, action=drawn.action).executed()
    assert not full_vault.path(undrawn).exists()
    disk.make_room()
    full_vault.note(undrawn)
    in_order(full_vault, gate)


def test_nothing_that_a_person_wrote_is_lost_while_the_vault_has_no_room(
    disk: Disk, full_vault: House
) -> None:
    """Votes count; what was saved too late stays where it lies until there is room to put it away."""
    gate = full_vault.gate()
    voted, late, forged = (gate.ask("refund", CONTEXT) for _ in range(3))
    texts = {r.id: full_vault.note(r).read_text() for r in (voted, late, forged)}
    gate.decide(late.id, "approve", by="ana")
    eventually(lambda: not full_vault.path(late).exists())
    ghost = texts[late.id].replace('"pending"', "rejected") + NOTES
    changed = texts[forged.id].replace("900", "9") + NOTES
    full_vault.path(late).write_text("x" * len(ghost.encode()))
    disk.fill()
    overwrite(full_vault.path(late), ghost)
    overwrite(full_vault.path(forged), changed)
    overwrite(full_vault.path(voted), texts[voted.id].replace('"pending"', "approved "))
    assert gate.wait(voted.id, timeout=10).approved
    assert ghost in everything(full_vault)
    assert changed in everything(full_vault)
    disk.make_room()
    in_order(full_vault, gate)
    eventually(lambda: ghost in everything(full_vault) and changed in everything(full_vault), 20)


def overwrite(path: Path, text: str) -> None:
    """Write into a file whose blocks there are already, as a full disk allows."""
    with path.open("r+b") as file:
        file.write(text.encode())
        file.truncate()


def everything(house: House) -> list[str]:
    """Return the texts of all notes there are."""
    return [path.read_text() for path in house.root.rglob("*.md")]
