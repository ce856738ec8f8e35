"""A link in the place of a folder leads nobody out of the vault; the vault itself may be reached by one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import hitl_vault as hv
from hitl_vault.acts.standing import is_on
from hitl_vault.checkpoints import COPY
from hitl_vault.diagnosis import places
from hitl_vault.keeper.leader import Leadership
from hitl_vault.presence import calling_card
from hitl_vault.vault.files import set_aside
from hitl_vault.vault.layout import Layout
from hitl_vault.vault.sentinel import Sentinel
from hitl_vault.vault.watch import Watcher
from tests.faults.puppet import Puppet
from tests.house import House, eventually

ADOPTED = "---\ntype: approval_request\naction: y\nrequested_by: bot\n---\nWhat the agent wrote\n"


@pytest.fixture
def outside(work: Path) -> Path:
    """A folder of a person's, beside the vault."""
    outside = work / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "README.md").write_text("what a person wrote")
    (outside / "deep" / "diary.md").write_text(ADOPTED)
    return outside


def _holds(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def _link(folder: Path, to: Path) -> None:
    folder.rename(folder.with_name(f".{folder.name}"))
    folder.symlink_to(to)


def _told(puppet: Puppet, folder: str) -> list[str]:
    return [line for line in puppet.told if line.startswith(f"{folder} is a link")]


@pytest.mark.parametrize("name", ["Pending_Approval", "Standing_Rules", "Approved", "Done", "Set_Aside"])
def test_what_lies_behind_a_linked_folder_is_neither_read_nor_changed(
    puppet: Puppet, outside: Path, name: str
) -> None:
    before = _holds(outside)
    _link(puppet.root / name, outside)
    request = puppet.gate.ask("refund", {"eur": 1})
    posing = puppet.root / "Rejected" / "29990101-000000-pay-aaaaaaaa.md"
    posing.write_text("---\nstatus: approved\nid: 29990101-000000-pay-aaaaaaaa\n---\n")
    puppet.hear(*(puppet.root / name).rglob("*.md"))
    puppet.settle(rescan=True)
    puppet.settle(rescan=True)
    puppet.crash()
    puppet.begin()
    puppet.settle(rescan=True)
    assert _holds(outside) == before
    assert len(list(puppet.gate.pending())) == 1
    assert len(_told(puppet, name)) == 2  # by each keeper once
    assert "put a real folder in its place" in _told(puppet, name)[0]
    assert posing.exists() == (name == "Set_Aside")
    (puppet.root / name).unlink()
    puppet.settle(rescan=True)
    assert (puppet.root / "Pending_Approval" / f"{request.id}.md").exists()


@pytest.mark.parametrize("free", [False, True])
def test_a_folder_that_becomes_a_link_after_its_note_was_adopted_leads_nowhere(
    puppet: Puppet, outside: Path, free: bool
) -> None:
    """The note would be drawn over whatever is called so there, or where nothing is."""
    if free:
        (outside / "README.md").unlink()
    before = _holds(outside)
    folder = puppet.root / "Pending_Approval" / "x"
    folder.mkdir()
    (folder / "README.md").write_text(ADOPTED)
    puppet.settle(rescan=True)
    assert "## Approval" in (folder / "README.md").read_text()
    _link(folder, outside)
    (folder.with_name(".x") / "README.md").unlink()
    puppet.hear(folder / "README.md")
    puppet.settle(rescan=True)
    puppet.stop()
    puppet.begin()
    puppet.settle(rescan=True)
    assert _holds(outside) == before
    assert _told(puppet, "Pending_Approval/x")


def test_a_standing_rule_whose_folder_is_a_link_answers_nothing(tmp_path: Path) -> None:
    rules, elsewhere = tmp_path / "Standing_Rules", tmp_path / "elsewhere"
    rules.mkdir()
    (rules / "a.md").write_text("---\nstatus: active\n---\n")
    assert is_on(tmp_path, "a")
    rules.rename(elsewhere)
    rules.symlink_to(elsewhere)
    assert not is_on(tmp_path, "a")


def test_what_is_set_aside_is_not_written_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "Set_Aside").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(hv.VaultError, match="Set_Aside is a link"):
        set_aside(Layout(tmp_path), "a.md", b"x", "planted")
    assert not os.listdir(tmp_path / "elsewhere")


def test_nothing_of_ours_is_written_behind_a_linked_settings_folder(house: House, outside: Path) -> None:
    """It may have become a link while a keeper was at work."""
    gate = house.gate(keeper=False)
    sentinel, checkpoints = Sentinel(house.root), hv.Checkpoints(gate.config, gate.ledger)
    here, other = (Leadership(work, house.root / ".hitl") for work in (house.work, outside.parent))
    here.show()
    (outside / COPY).write_text("precious")
    (outside / calling_card(house.work)).write_text("precious")
    before = _holds(outside)
    _link(house.root / ".hitl", outside)
    gate.ask("refund", {"eur": 1})
    with pytest.raises(hv.VaultError, match=r"\.hitl is a link"):
        checkpoints.make()
    with pytest.raises(hv.VaultError, match=r"\.hitl is a link"):
        sentinel.is_heard(0)
    other.show()
    assert here.take()
    here.leave()
    assert _holds(outside) == before
    kept = checkpoints.newest()
    assert kept
    assert kept.tree.size == 1


def test_a_watcher_reads_the_vault_where_its_settings_folder_is_a_link(house: House, outside: Path) -> None:
    told: list[str] = []
    _link(house.root / ".hitl", outside)
    watcher = Watcher(
        house.root, on_path=lambda path: None, on_rescan=lambda why: None, on_state=told.append, mode="auto"
    )
    before = set(os.listdir(outside))
    watcher.start()
    try:
        eventually(lambda: watcher.state == "polling")
    finally:
        watcher.stop()
    assert any(".hitl is a link" in line for line in told)
    assert set(os.listdir(outside)) == before


def test_doctor_names_linked_folders(home: House, outside: Path) -> None:
    before, config = _holds(outside), home.found()
    _link(home.root / "Done", outside)
    (home.root / "Approved" / "x").symlink_to(outside)
    (check,) = [check for check in places.folders(config) if check.name == "folders"]
    assert "Approved/x is a link" in check.found
    assert "Done is a link" in check.found
    assert _holds(outside) == before


def test_the_vault_itself_may_be_reached_by_a_link(house: House, work: Path) -> None:
    house.root.rename(work / "real")
    house.root.symlink_to(work / "real")
    gate = house.gate()
    request = gate.ask("refund", {"eur": 1})
    house.vote(request, "approved")
    assert gate.wait(request.id, timeout=8).approved
