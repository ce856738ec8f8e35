"""Checkpoints of a ledger: they go on from the one before, and no rewritten record gets one."""

from __future__ import annotations

import base64
import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

import hitl_vault as hv
from hitl_vault.domain.checkpoint import Checkpoint
from hitl_vault.keeper.notary import AFTER, EVERY, LOOK_EVERY, Notary
from hitl_vault.trust.signed_note import verified
from tests.conftest import Clock
from tests.house import House
from tests.ledger_jobs import approving, asking


def at(house: House) -> tuple[hv.Gate, hv.Checkpoints]:
    gate = house.gate(keeper=False)
    return gate, hv.Checkpoints(gate.config, gate.ledger)


def test_a_checkpoint_says_origin_size_and_root_and_is_signed(house: House) -> None:
    gate, checkpoints = at(house)
    gate.ledger.write_all([asking(), asking(), asking()])
    note = checkpoints.make()
    text = verified(note, checkpoints.public_key())
    origin, size, root, end = text.split("\n")
    assert (origin, size, end) == (f"hitl-vault/{gate.config.settings.id}", "3", "")
    assert len(base64.b64decode(root)) == 32
    assert str(Checkpoint.read(text)) == text


def test_the_same_record_gives_the_same_root_however_often_it_was_signed(house: House, work: Path) -> None:
    gate, often = at(house)
    for _ in range(5):
        gate.ledger.write(asking())
        note = often.make()
    (gate.config.state / "checkpoint.json").unlink()
    assert often.make() == note == often.make()


def test_it_can_be_made_in_steps(house: House) -> None:
    gate, checkpoints = at(house)
    gate.ledger.write_all([asking()] * 1)
    gate.ledger.write_all([asking(), asking(), asking()])
    sizes = [checkpoints.make(most=3).split("\n")[1] for _ in range(3)]
    assert sizes == ["3", "4", "4"]


def test_an_empty_record_has_a_checkpoint_too(house: House) -> None:
    gate, checkpoints = at(house)
    file = house.work / "kept"
    file.write_text(checkpoints.make())
    gate.ledger.write(asking())
    assert hv.verify_vault(gate.config, gate.ledger, against=file).entries == 1


def test_the_newest_lies_in_the_vault_as_well_and_the_key_in_the_state_alone(house: House) -> None:
    gate, checkpoints = at(house)
    gate.ledger.write(asking())
    note = checkpoints.make()
    assert (house.root / ".hitl" / "checkpoint").read_text() == note
    assert stat.S_IMODE((gate.config.state / "keys.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", ["nothing", "{}", '{"size":1}', "signature", "peaks", "size"])
def test_a_kept_tree_that_was_damaged_is_made_anew_from_the_ledger(house: House, damage: str) -> None:
    gate, checkpoints = at(house)
    gate.ledger.write_all([asking(), asking(), asking()])
    note = checkpoints.make()
    file = gate.config.state / "checkpoint.json"
    data = json.loads(file.read_text())
    if damage == "signature":
        data["note"] = data["note"].replace("3\n", "2\n")
    if damage == "peaks":
        data["peaks"][0] = "00" * 32
    if damage == "size":
        data |= {"size": 2, "peaks": data["peaks"][:1]}
    file.write_text(json.dumps(data) if damage in ("signature", "peaks", "size") else damage)
    assert checkpoints.newest() is None
    assert checkpoints.make() == note


def test_after_the_keys_were_rotated_earlier_checkpoints_still_count(house: House) -> None:
    gate, checkpoints = at(house)
    gate.ledger.write(asking())
    file, key = house.work / "kept", checkpoints.public_key()
    file.write_text(checkpoints.make())
    old = gate.keys.rotate()
    assert checkpoints.public_key() != key
    gate.ledger.write(asking())
    assert f"— {key.name} " in checkpoints.make()
    assert hv.verify_vault(gate.config, gate.ledger, against=file).entries == gate.ledger.last_seq()
    assert old.id


def forge(gate: hv.Gate, *statements: str) -> None:
    """Do to the database what only somebody can who may write the state directory."""
    import sqlite3

    with sqlite3.connect(gate.config.ledger) as db:
        for trigger in ("entry_unchanged", "entry_kept", "entry_at_the_end"):
            db.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            db.execute(statement)
    db.close()


def test_a_record_that_lost_its_end_gets_no_new_checkpoint(house: House) -> None:
    gate, checkpoints = at(house)
    first = gate.ledger.write(asking())
    gate.ledger.write(approving(first))
    checkpoints.make()
    forge(gate, "DELETE FROM entry WHERE seq = 2")
    with pytest.raises(hv.LedgerBroken, match="removed at its end") as error:
        checkpoints.make()
    assert error.value.seq == 2


def test_a_record_that_was_written_anew_gets_no_new_checkpoint(house: House) -> None:
    gate, checkpoints = at(house)
    gate.ledger.write_all([asking(), asking()])
    checkpoints.make()
    forge(gate, f"UPDATE entry SET hash = '{'0' * 64}' WHERE seq = 2")
    with pytest.raises(hv.LedgerBroken, match="written anew"):
        checkpoints.make()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no signed note"),
        ("nonsense\n\n— a AAAAAAAA\n", "not signed by"),
        (
            "hitl-vault/other\n0\n" + base64.b64encode(bytes(32)).decode() + "\n\n— x AAAAAAAA\n",
            "not signed by",
        ),
    ],
)
def test_what_is_no_checkpoint_of_this_vault_is_refused(house: House, text: str, why: str) -> None:
    gate, _ = at(house)
    file = house.work / "kept"
    file.write_text(text)
    with pytest.raises(hv.SignatureInvalid, match=why):
        hv.verify_vault(gate.config, gate.ledger, against=file)


class Ticking:
    """A notary whose clocks are set by hand."""

    def __init__(self, gate: hv.Gate) -> None:
        self.now, self.told = 0.0, list[str]()
        self._gate = gate
        self._notary = Notary(
            hv.Checkpoints(gate.config, gate.ledger),
            gate.ledger,
            monotonic=lambda: self.now,
            tell=self.told.append,
        )

    def step(self) -> int:
        """Let it look, and return how many entries the newest checkpoint has then."""
        self.now += LOOK_EVERY
        self._notary.step(self._gate.ledger.last_seq())
        self._notary.stop()
        return hv.Checkpoints(self._gate.config, self._gate.ledger).reach()[0]


def test_the_keeper_signs_what_has_waited_for_ten_minutes(house: House, clock: Clock) -> None:
    clock.set(datetime.now(UTC))
    gate = house.gate(keeper=False, clock=clock)
    ticking = Ticking(gate)
    gate.ledger.write(asking())
    assert ticking.step() == 0
    clock.advance(AFTER)
    assert ticking.step() == 1
    gate.ledger.write(asking())
    assert ticking.step() == 1
    clock.advance(AFTER * 2)
    assert ticking.step() == 2


def test_the_keeper_signs_every_thousand_entries_in_pages(house: House) -> None:
    gate = house.gate(keeper=False)
    ticking = Ticking(gate)
    gate.ledger.write_all([asking() for _ in range(EVERY - 1)])
    assert ticking.step() == 0
    gate.ledger.write_all([asking() for _ in range(EVERY + 2)])
    assert ticking.step() == EVERY
    assert ticking.step() == 2 * EVERY
    assert ticking.step() == 2 * EVERY


def test_the_keeper_says_once_that_the_record_was_rewritten(house: House) -> None:
    gate, checkpoints = at(house)
    gate.ledger.write_all([asking(), asking()])
    checkpoints.make()
    forge(gate, f"UPDATE entry SET hash = '{'0' * 64}' WHERE seq = 2")
    gate.ledger.write_all([asking() for _ in range(EVERY)])
    ticking = Ticking(gate)
    ticking.step()
    ticking.step()
    assert len(ticking.told) == 1
    assert "written anew" in ticking.told[0]


def test_the_keeper_says_again_what_keeps_it_from_signing_once_it_has_signed_since(house: House) -> None:
    gate, _ = at(house)
    ticking = Ticking(gate)
    file = gate.config.state / "checkpoint.json"
    for times in (1, 2):
        gate.ledger.write_all([asking() for _ in range(EVERY)])
        file.mkdir()  # which cannot be read as a file
        for _ in range(2):
            with pytest.raises(IsADirectoryError):
                ticking.step()
        assert len(ticking.told) == times
        file.rmdir()
        assert ticking.step() == EVERY
        file.unlink()
        assert len(set(ticking.told)) == 1
