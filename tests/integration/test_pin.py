"""Settings, policy and templates count as a person accepted them, whatever is written into the vault."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.house import House, eventually

BLOCK = 'format: 1\nrules:\n  - name: stop\n    when: "true"\n    verdict: block\n    reason: no\n'


@pytest.fixture
def house(pinned: House) -> House:
    return pinned


def settings(house: House) -> Path:
    return house.root / ".hitl" / "vault.yaml"


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def entries(gate: hv.Gate) -> list[hv.Entry]:
    return [entry for entry in gate.ledger.entries() if entry.kind == "accepted"]


def test_a_lowered_mode_is_not_in_force_until_it_is_accepted(house: House) -> None:
    replace(settings(house), "mode: attributed", "mode: open")
    with house.gate(keeper=False) as gate:
        assert gate.config.settings.mode == "attributed"
        asked = gate.ask("deploy")
        assert asked.requirement.mode == "attributed"
        with pytest.raises(hv.NotAnApprover):
            gate.decide(asked.id, "approve", by="mallory")
        assert [change.name for change in gate.config.unaccepted()] == ["vault.yaml"]
        hv.acceptance.accept(gate.config, gate.ledger, by="ana")
        (entry,) = entries(gate)
        assert (entry.request, entry.mode, entry.body["by"]) == ("", "open", ["ana"])
        assert "mode: open" in entry.body["files"]["vault.yaml"]["text"]
    assert house.gate(keeper=False).config.settings.mode == "open"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('approvers: ["ana"]', 'approvers: ["mallory"]'),
        lambda text: text.replace("mode: attributed\n", ""),
        lambda text: text.replace('id: "', 'id: "other'),
        lambda text: text + "state_dir: elsewhere\n",
        lambda text: "nonsense",
        lambda text: "",
        lambda text: "x" * 100_000,
    ],
    ids=["approvers", "no mode", "another id", "another state directory", "nonsense", "empty", "huge"],
)
def test_whatever_is_written_into_the_settings_changes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, change: object
) -> None:
    before = hv.load_config(house.root, state_dir=house.state)
    monkeypatch.chdir(house.work)
    settings(house).write_text(change(settings(house).read_text()))  # type: ignore[operator]
    assert hv.load_config(house.root, state_dir=house.state) == before
    with house.gate(keeper=False) as gate:
        assert gate.config == before
        assert gate.config.unaccepted()
    assert not (house.work / "elsewhere").exists()


def test_the_settings_cannot_send_the_reader_to_another_record_by_default_either(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where `state_dir` was accepted, it stays, though only the settings name it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(work / "home"))
    root = work / "vault"
    hv.init_vault(root, mode="attributed", approvers='["ana"]', state_dir=None)
    path = root / ".hitl" / "vault.yaml"
    path.write_text(path.read_text() + f"state_dir: {work}/mine\n")
    with hv.open_gate(root, keeper=False) as gate:
        kept = gate.config.state
        gate.ask("deploy")
    assert kept.parent == work / "mine"
    replace(path, f"{work}/mine", f"{root}/.hitl/theirs")
    with hv.open_gate(root, keeper=False) as gate:
        assert gate.config.state == kept
        assert len(list(gate.pending())) == 1


def test_a_changed_policy_is_not_in_force_until_it_is_accepted(house: House) -> None:
    (house.root / ".hitl" / "policy.yaml").write_text(BLOCK)
    with house.gate(keeper=False) as gate:
        gate.ask("deploy")
        hv.acceptance.accept(gate.config, gate.ledger, by="")
        with pytest.raises(hv.Blocked):
            gate.ask("deploy")


def test_a_policy_that_cannot_be_followed_is_never_accepted(house: House) -> None:
    (house.root / ".hitl" / "policy.yaml").write_text("rules: nonsense\n")
    with house.gate(keeper=False) as gate:
        with pytest.raises(hv.PolicyInvalid):
            hv.acceptance.accept(gate.config, gate.ledger, by="")
        assert entries(gate) == []
        assert gate.ask("deploy")


def test_a_policy_that_was_taken_away_still_counts(house: House) -> None:
    (house.root / ".hitl" / "policy.yaml").write_text(BLOCK)
    with house.gate(keeper=False) as gate:
        hv.acceptance.accept(gate.config, gate.ledger, by="")
        (house.root / ".hitl" / "policy.yaml").unlink()
        with pytest.raises(hv.Blocked):
            gate.ask("deploy")
        assert [(c.name, c.found) for c in gate.config.unaccepted()] == [("policy.yaml", None)]


def test_a_template_that_was_put_into_the_vault_draws_nothing_until_it_is_accepted(house: House) -> None:
    folder = house.root / ".hitl" / "templates"
    folder.mkdir()
    shipped = Path(hv.__file__).parent.parent / "templates" / "request.md.j2"
    (folder / "request.md.j2").write_text(shipped.read_text().replace("## Context", "## All is well"))
    with house.gate() as gate:
        asked = gate.ask("zz")
        assert "## Context" in house.note(asked).read_text()
        hv.acceptance.accept(gate.config, gate.ledger, by="")
    with house.gate():
        eventually(lambda: house.says(asked, "## All is well"))


def test_a_file_that_cannot_be_read_is_never_accepted(house: House) -> None:
    (house.root / ".hitl" / "policy.yaml").unlink(missing_ok=True)
    (house.root / ".hitl" / "policy.yaml").mkdir()
    with house.gate(keeper=False) as gate:
        with pytest.raises(hv.ConfigError, match="nothing was accepted"):
            hv.acceptance.accept(gate.config, gate.ledger, by="")
        assert entries(gate) == []


def test_in_open_mode_a_change_counts_at_once_and_is_recorded(home: House) -> None:
    home.found()
    with home.gate(keeper=False) as gate:
        assert entries(gate) == [], "what is there at first needs no entry"
    replace(settings(home), "timeout: 1h", "timeout: 2h")
    with home.gate(keeper=False) as gate:
        assert gate.config.settings.timeout == hv.times.duration("2h")
        (entry,) = entries(gate)
        assert (entry.body["text"], entry.body["by"], entry.mode) == ("vault.yaml", [], "open")
    with home.gate(keeper=False) as gate:
        assert len(entries(gate)) == 1
        assert hv.verify_vault(gate.config, gate.ledger).entries == 1


def test_from_open_mode_the_mode_can_be_raised_but_not_lowered_again(home: House) -> None:
    home.found()
    home.gate(keeper=False).close()
    replace(settings(home), "mode: open", "mode: attributed")
    assert home.gate(keeper=False).config.settings.mode == "attributed"
    replace(settings(home), "mode: attributed", "mode: open")
    assert home.gate(keeper=False).config.settings.mode == "attributed"


def test_a_running_keeper_tells_of_a_change_that_does_not_count(house: House, work: Path) -> None:
    told: list[str] = []
    gate = house.gate(keeper=False)
    keeper = hv.Keeper(gate.config, gate.ledger, tell=told.append)
    replace(settings(house), "mode: attributed", "mode: open")
    keeper.start()
    try:
        eventually(lambda: any("Changed and not in force: vault.yaml" in line for line in told))
    finally:
        keeper.stop()


def test_a_vault_made_anew_at_the_same_place_has_its_own_record(house: House) -> None:
    first = hv.load_config(house.root, state_dir=house.state)
    shutil.rmtree(house.root)
    second = house.found()
    assert second.state != first.state
    assert house.gate(keeper=False).config.settings.id == second.settings.id


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_what_was_accepted_is_kept_where_only_its_owner_can_read(house: House) -> None:
    state = hv.load_config(house.root, state_dir=house.state).state
    for path in (state / "accepted").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or stat.S_IMODE(state.stat().st_mode) == 0o700


def test_without_knowing_what_was_accepted_nothing_is_opened(house: House) -> None:
    """As where the disk fails: the vault's own settings may be what somebody else wants."""
    house.close()
    current = next(house.kept().glob("accepted/current"))
    current.write_bytes(b"\xff")
    with pytest.raises(hv.ConfigError, match="which settings were accepted cannot be read"):
        house.gate(keeper=False)
