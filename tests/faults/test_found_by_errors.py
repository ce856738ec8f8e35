"""What errors of the disk did before it was mended, each as small as it can be shown."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import hitl_vault as hv
from hitl_vault.vault import placing
from hitl_vault.vault.leftovers import tidy
from tests.faults.plot import CONTEXT, NOTES
from tests.house import House, eventually


@pytest.mark.parametrize("code", [errno.EMFILE, errno.EIO], ids=errno.errorcode.get)
def test_an_answer_that_cannot_be_read_just_now_counts_as_soon_as_it_can(
    house: House, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """It was taken for no note, put away, and asked for anew."""
    gate = house.gate()
    request = gate.ask("refund", CONTEXT)
    note, opened, ends = house.note(request), os.open, time.monotonic() + 1.5

    def failing(path: Any, *rest: Any, **named: Any) -> int:
        if str(path) == str(note) and time.monotonic() < ends:
            raise OSError(code, os.strerror(code), str(path))
        return opened(path, *rest, **named)

    text = note.read_text().replace('"pending"', "approved") + NOTES
    monkeypatch.setattr("hitl_vault.vault.files.os.open", failing)
    note.write_text(text)
    decision = gate.wait(request.id, timeout=10)
    assert decision.approved
    assert decision.notes == NOTES
    assert house.aside() == []


def test_a_lock_that_cannot_be_let_go_of_does_not_make_a_commit_undone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = house.gate(keeper=False)
    gate.ask("refund", CONTEXT)
    lock = fcntl.flock

    def failing(file: int, how: int) -> None:
        if how == fcntl.LOCK_UN:
            raise OSError(5, "Input/output error")
        lock(file, how)

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", failing)
        request = gate.ask("refund", CONTEXT, key="k1")
    assert gate.get(request.id).request.key == "k1"
    other = house.gate("other", keeper=False)
    assert other.ask("refund", CONTEXT).id


def test_what_was_saved_while_a_note_was_drawn_is_kept_though_it_cannot_be_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "n.md"
    note.write_bytes(b"what somebody has just saved")

    def failing(*given: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(placing, "_trade_back", failing)
    with pytest.raises(OSError, match="Input/output"):
        placing.replace_note(note, b"drawn", seen=b"what was there before")
    assert b"what somebody has just saved" in [path.read_bytes() for path in tmp_path.iterdir()]


def test_a_note_that_cannot_trade_places_again_is_put_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note, rename, trades = tmp_path / "n.md", placing._rename, list[int]()
    note.write_bytes(b"what somebody has just saved")

    def failing(old: str, new: Path, how: int) -> bool:
        trades.append(how)
        if trades == [placing._TRADE] * 2:
            raise OSError(5, "Input/output error")
        return rename(old, new, how)

    monkeypatch.setattr(placing, "_rename", failing)
    assert not placing.replace_note(note, b"drawn", seen=b"what was there before")
    assert (tmp_path / "n (1).md").read_bytes() == b"what somebody has just saved"


def test_a_look_at_the_notes_does_not_pass_for_the_end_of_a_keeper(house: House) -> None:
    """What a keeper that is killed later leaves half done would not be put in order."""
    keeper = house.script("""
        request = gate.ask("refund", {})
        gate.decide(request.id, "approve", by="ana")
        print(request.id, flush=True)
        time.sleep(60)
    """)
    drawn = house.root / "Approved" / f"{keeper.line()}.md"
    eventually(drawn.exists)
    gate = house.gate(keeper=False)
    assert hv.verify_vault(gate.config, gate.ledger).notes == 1
    keeper.kill()
    left = drawn.with_name(f".hitl-{'0' * 16}.tmp")
    left.touch()
    house.gate()
    eventually(lambda: not left.exists())


def test_a_folder_that_cannot_be_listed_just_now_is_not_taken_for_empty(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note in it was drawn anew in its old place, and what its mover meant was never seen."""
    request = house.gate().ask("refund", CONTEXT)
    note = house.note(request)
    house.close()
    note.rename(house.path(request, "Approved"))
    listed, refused = os.scandir, list[str]()

    def failing(path: Any = ".") -> Any:
        walking = "walking" in sys._getframe(1).f_code.co_filename  # to watch a folder it is listed too
        if walking and str(path).endswith("Approved") and not refused:
            refused.append(str(path))
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", failing)
    assert house.gate().wait(request.id, timeout=10).approved
    assert refused


def test_a_start_that_fails_leaves_what_a_crash_left_to_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer in a note that a killed keeper had in hand stayed hidden."""
    request = house.gate().ask("refund", CONTEXT)
    note = house.note(request)
    house.close()
    note.write_text(note.read_text().replace('"pending"', "approved"))
    note.rename(note.with_name(f".hitl-{'0' * 16}-{note.name}.taken"))
    for index in house.kept().glob("notes.db*"):
        index.unlink()
    tidied = list[Path]()

    def failing(folder: Path, *failed: Any) -> int:
        tidied.append(folder)
        if len(tidied) == 1:
            raise OSError(5, "Input/output error")
        return tidy(folder, *failed)

    monkeypatch.setattr("hitl_vault.keeper.folders.tidy", failing)
    assert house.gate().wait(request.id, timeout=10).approved


def test_an_index_that_a_power_cut_set_back_does_not_pass_for_the_end_of_a_keeper(house: House) -> None:
    """It is never synced; what the keeper had in hand at the cut stayed hidden."""
    gate = house.gate()
    house.note(gate.ask("refund", CONTEXT))
    house.close()
    (index,) = house.kept().glob("notes.db")
    before = index.read_bytes()
    keeper = house.script("print(gate.ask('refund', {}).id, flush=True); time.sleep(60)")
    note = house.root / "Pending_Approval" / f"{keeper.line()}.md"
    eventually(note.exists)
    keeper.kill()
    for path in house.kept().glob("notes.db-*"):
        path.unlink()
    index.write_bytes(before)
    note.write_text(note.read_text().replace('"pending"', "approved"))
    note.rename(note.with_name(f".hitl-{'0' * 16}-{note.name}.taken"))
    assert house.gate().wait(note.stem, timeout=30).approved
