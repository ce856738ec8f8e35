"""A copy of a vault, planted or honest, does not reach its record; a vault that was moved does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.house import House

ALLOW = 'format: 1\nrules:\n  - {name: all, when: "true", verdict: allow}\n'


@pytest.fixture
def house(pinned: House) -> House:
    return pinned


def plant(house: House, root: Path) -> None:
    """Make a copy of the vault's settings, in open mode, with a policy that allows everything."""
    folder = root / ".hitl"
    folder.mkdir(parents=True)
    text = (house.root / ".hitl" / "vault.yaml").read_text()
    (folder / "vault.yaml").write_text(text.replace("mode: attributed", "mode: open"))
    (folder / "policy.yaml").write_text(ALLOW)


@pytest.mark.parametrize("where", ["vault", "Pending_Approval", "Pending_Approval/vault", ".."])
def test_a_vault_planted_within_a_vault_takes_nothing_over(
    house: House, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person stands in the vault, or in one of its folders."""
    plant(house, house.root / where)
    folder = house.root / where.partition("/")[0].replace("vault", "")
    monkeypatch.chdir(folder if folder.is_dir() else house.root)
    with hv.open_gate(agent="bot", state_dir=house.state, keeper=False) as gate:
        assert gate.config.root == house.root
        assert gate.config.settings.mode == "attributed"
        assert gate.get(gate.ask("pay").id).state == "pending"


@pytest.mark.parametrize("mode", ["open", "attributed"])
def test_a_copy_does_not_reach_the_record_while_the_vault_is_there(
    home: House, work: Path, mode: str
) -> None:
    home.found(mode=mode, approvers='["ana"]')
    home.gate(keeper=False).close()
    shutil.copytree(home.root, work / "copy")
    with pytest.raises(hv.ConfigError, match=r"vault\.yaml: id: .* is the vault at .*; use") as error:
        hv.open_gate(work / "copy", state_dir=home.state)
    assert str(home.root) in str(error.value)
    settings = work / "copy" / ".hitl" / "vault.yaml"
    settings.write_text(settings.read_text().replace('id: "', 'id: "second-'))
    hv.open_gate(work / "copy", state_dir=home.state, keeper=False).close()


def test_the_command_for_the_vault_that_a_copy_was_made_of_can_be_pasted(home: House, work: Path) -> None:
    home.root = work / "my vault"
    home.found()
    home.gate(keeper=False).close()
    shutil.copytree(home.root, work / "copy")
    with pytest.raises(hv.ConfigError, match=f"--vault '{work}/my vault'"):
        hv.open_gate(work / "copy", state_dir=home.state)


def test_what_was_accepted_is_in_force_in_a_vault_that_was_moved(house: House, work: Path) -> None:
    with house.gate(keeper=False) as gate:
        asked = gate.ask("deploy")
    house.root.rename(work / "moved")
    settings = work / "moved" / ".hitl" / "vault.yaml"
    settings.write_text(settings.read_text().replace("mode: attributed", "mode: open"))
    (work / "moved" / ".hitl" / "policy.yaml").write_text(ALLOW)
    assert hv.load_config(work / "moved", state_dir=house.state).settings.mode == "attributed"
    with hv.open_gate(work / "moved", state_dir=house.state, keeper=False) as gate:
        assert gate.get(asked.id).state == "pending"
        assert gate.config.settings.mode == "attributed"
        assert gate.get(gate.ask("deploy").id).state == "pending"
        assert "vault.yaml, policy.yaml" in gate.config.waiting()
    shutil.copytree(work / "moved", house.root)
    with pytest.raises(hv.ConfigError, match="is the vault at"):
        hv.open_gate(house.root, state_dir=house.state)


def test_a_vault_and_its_state_directory_can_be_restored_beside_them(house: House, work: Path) -> None:
    shutil.copytree(house.root, work / "restored" / "vault")
    shutil.copytree(house.state, work / "restored" / "state")
    hv.open_gate(work / "restored" / "vault", state_dir=work / "restored" / "state", keeper=False).close()


def test_an_open_vault_that_was_moved_goes_on(home: House, work: Path) -> None:
    home.found()
    with home.gate(keeper=False) as gate:
        asked = gate.ask("deploy")
    home.root.rename(work / "moved")
    for _ in range(2):
        with hv.open_gate(work / "moved", state_dir=home.state, keeper=False) as gate:
            assert [record.id for record in gate.pending()] == [asked.id]


def test_a_mode_raised_while_a_keeper_runs_is_not_lowered_under_it(home: House) -> None:
    home.found()
    path = home.root / ".hitl" / "vault.yaml"
    lower = path.read_text()
    told: list[str] = []
    gate = home.gate(keeper=False)
    clock = [0.0]
    lookout = hv.acceptance.Lookout(gate.config, gate.ledger, monotonic=lambda: clock[0], tell=told.append)
    path.write_text(lower.replace("mode: open", "mode: attributed"))
    home.gate(keeper=False).close()
    path.write_text(lower)
    lookout.step()
    lookout.step()
    assert told == [], "it looks once in a while"
    clock[0] += 60
    lookout.step()
    assert "Changed and not in force: vault.yaml" in told[0]
    assert home.gate(keeper=False).config.settings.mode == "attributed"
