"""Faults that the campaigns found, each as small as it can be shown."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path
from typing import Any

import pytest

import hitl_vault as hv
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.keeper.projector import Projector
from hitl_vault.keeper.syncer import Syncer
from hitl_vault.keeper.troubles import RETRY_AFTER
from hitl_vault.ledger.bell import PipeBell
from tests.faults.puppet import Puppet
from tests.house import House, eventually

CONTEXT = {"order": "A-17", "eur": 900}


def test_an_outcome_that_could_not_be_recorded_is_not_recorded_as_another(house: House) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("refund", CONTEXT)
    gate.decide(request.id, "approve", by="ana")
    grant = gate.claim(request.id, CONTEXT, action=request.action)
    grant._ledger = _FullDisk(gate.ledger)  # type: ignore[assignment]
    with pytest.raises(hv.LedgerUnavailable), grant:
        grant.executed("paid")
    assert gate.get(request.id).state == "executing"


class _FullDisk:
    """A ledger on a disk that is full once."""

    def __init__(self, ledger: hv.Ledger) -> None:
        self._ledger = ledger
        self._full = True

    def write(self, job: Any) -> Any:
        if self._full:
            self._full = False
            raise hv.LedgerUnavailable("no space left on device")
        return self._ledger.write(job)


@pytest.mark.parametrize("lost", [False, True], ids=["index kept", "index lost"])
def test_a_note_changed_after_the_decision_while_nobody_kept_the_vault_is_put_right(
    house: House, lost: bool
) -> None:
    gate = house.gate()
    request = gate.ask("refund", CONTEXT)
    gate.decide(request.id, "approve", by="ana")
    archived = house.note(request, "Approved")
    eventually(lambda: not house.path(request).exists())
    house.close()
    if lost:  # as by a crash
        for index in house.kept().glob("notes.db*"):
            index.unlink()
    forged = archived.read_text().replace("900", "9000")
    archived.write_text(forged)
    house.gate()
    eventually(lambda: house.says(request, "put right", "Approved"))
    assert [path.read_text() for path in house.aside()] == [forged]


def test_a_note_drawn_ahead_of_what_its_keeper_had_heard_is_put_right_aloud_like_any_other(
    puppet: Puppet,
) -> None:
    """The next keeper took it for one still to be drawn, and drew it without a word."""
    request = puppet.gate.ask("refund", CONTEXT)
    puppet.loop.receive(puppet.inbox.take(0))
    puppet.gate.decide(request.id, "approve", by="ana")
    puppet.loop.turn()  # reads the record as it is by now
    puppet.look()
    puppet.stop()
    forged = _forge(puppet, request)
    puppet.begin()
    puppet.settle(rescan=False)
    assert _alarms(puppet) == 1
    assert [path.read_text() for path in (puppet.root / "Set_Aside").iterdir()] == [forged]


def test_a_changed_note_is_told_of_though_the_ledger_cannot_be_written_just_then(
    puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was put right first, and then there was nothing left to tell of."""
    request = puppet.gate.ask("refund", CONTEXT)
    puppet.gate.decide(request.id, "approve", by="ana")
    puppet.settle(rescan=False)
    _forge(puppet, request)
    puppet.hear(puppet.root / "Approved" / f"{request.id}.md")
    puppet.look()
    puppet.seconds += 1
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", _refused)
        with pytest.raises(hv.LedgerUnavailable):
            puppet.look()
    puppet.crash()
    puppet.begin()
    puppet.settle(rescan=True)
    assert _alarms(puppet) == 1


@pytest.mark.parametrize(("flag", "ending"), [(os.O_CREAT, ""), (0, ".traded")], ids=["made", "read back"])
def test_a_warning_that_could_not_be_drawn_into_a_decided_note_is_drawn_later(
    puppet: Puppet, monkeypatch: pytest.MonkeyPatch, flag: int, ending: str
) -> None:
    """The note was as it had been drawn last, so nobody looked at it again."""
    request = puppet.gate.ask("refund", CONTEXT)
    puppet.gate.decide(request.id, "approve", by="ana")
    puppet.settle(rescan=False)
    ghost = puppet.root / "Pending_Approval" / f"{request.id}.md"
    home = puppet.root / "Approved" / ghost.name
    ghost.write_text(home.read_text().replace('"approved"', "rejected"))
    puppet.hear(ghost)
    puppet.look()
    puppet.seconds += 1
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", _full(home.parent, flag, ending))
        puppet.look()
    assert [entry.kind for entry in puppet.gate.history(request.id)][-1] is Kind.REFUSED
    assert "Another version of this note" not in home.read_text()
    puppet.seconds += RETRY_AFTER
    puppet.look()
    assert "Another version of this note" in home.read_text()


def _full(folder: Path, flag: int, ending: str) -> Any:
    """Return what opens files, but none in a folder with such flags and such a name."""
    opened = os.open

    def failing(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        name = os.fspath(path)
        if flags & flag == flag and name.startswith(f"{folder}{os.sep}") and name.endswith(ending):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return opened(path, flags, *rest, **named)

    return failing


def _forge(puppet: Puppet, request: hv.Request) -> str:
    note = puppet.root / "Approved" / f"{request.id}.md"
    forged = note.read_text().replace("900", "9000")
    note.write_text(forged)
    return forged


def _alarms(puppet: Puppet) -> int:
    return [entry.kind for entry in puppet.ledger.entries()].count(Kind.TAMPERED)


def _refused(*given: object) -> None:
    raise OSError(5, "Input/output error")


def test_nothing_counts_as_synced_after_a_sync_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "n.md"
    note.touch()
    syncer = Syncer()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _refused)
        syncer.submit([note], 7)
        syncer.stop()
    syncer.submit([note], 8)
    syncer.stop()
    assert isinstance(syncer.failure, OSError)
    assert syncer.synced_up_to == 0


def test_notes_that_failed_to_reach_the_disk_are_written_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = house.gate()
    house.note(gate.ask("refund", CONTEXT))
    sync, failed = os.fsync, list[tuple[int, int]]()

    def failing(handle: int) -> None:
        found = os.fstat(handle)
        if not failed and stat.S_ISREG(found.st_mode):
            failed.append((found.st_ino, found.st_mtime_ns))
            raise OSError(5, "Input/output error")
        sync(handle)

    monkeypatch.setattr("hitl_vault.keeper.syncer.os.fsync", failing)
    gate.ask("refund", CONTEXT)
    eventually(lambda: failed)
    notes = house.root / "Pending_Approval"

    def written() -> list[tuple[int, int]]:
        return [(found.st_ino, found.st_mtime_ns) for found in map(os.stat, notes.glob("*.md"))]

    eventually(lambda: len(written()) == 2 and failed[0] not in written())


def test_a_bell_that_cannot_ring_does_not_spoil_what_was_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: object) -> list[str]:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "listdir", refused)
    PipeBell(tmp_path).ring()


def test_a_forged_note_that_was_moved_is_refused_and_kept_and_leaves_no_second_note(house: House) -> None:
    gate = house.gate()
    request = gate.ask("refund", CONTEXT)
    note = house.note(request)
    note.write_text(note.read_text().replace("900", "9"))
    note.rename(house.path(request, "Approved"))
    eventually(lambda: note.exists() and not house.path(request, "Approved").exists())
    assert gate.get(request.id).state == "pending"
    assert len(house.aside()) == 1


def test_a_disputed_note_in_done_is_put_back(house: House) -> None:
    gate = house.gate()
    request = gate.ask("refund", CONTEXT)
    note = house.note(request)
    note.with_name(f"{request.id} (1).md").write_text(note.read_text().replace('"pending"', "approved"))
    eventually(lambda: gate.get(request.id).notice_kind == "held")
    eventually(lambda: "On hold" in note.read_text())
    note.rename(house.path(request, "Done"))
    eventually(lambda: note.exists() and not house.path(request, "Done").exists())


def test_a_note_moved_while_nobody_looked_is_found_although_a_copy_lies_in_its_place(house: House) -> None:
    request = house.gate().ask("refund", CONTEXT)
    note = house.note(request)
    house.close()
    note.with_name(f"{request.id} (1).md").write_text(note.read_text().replace('"pending"', "rejected"))
    note.rename(house.path(request, "Rejected"))
    assert house.gate().wait(request.id, timeout=5).state == "rejected"


def test_a_moved_note_that_could_not_be_drawn_since_is_no_note_that_was_changed(
    puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that it waits, as it did when it was moved: that is how the answer was given."""
    request = puppet.gate.ask("refund", CONTEXT)
    puppet.look()
    name = f"{request.id}.md"
    note = puppet.root / "Approved" / name
    (puppet.root / "Pending_Approval" / name).rename(note)

    def failing(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Projector, "project", failing)
        for _ in range(3):
            puppet.hear(note, puppet.root / "Pending_Approval" / name)
            puppet.look()
            puppet.seconds += 1
    assert puppet.gate.get(request.id).state == "approved"
    puppet.seconds += RETRY_AFTER
    puppet.settle(rescan=False)
    assert 'status: "approved"' in note.read_text()
    assert [str(entry.kind) for entry in puppet.gate.history(request.id)] == ["asked", "voted", "approved"]
    assert not list((puppet.root / "Set_Aside").glob("*"))


@pytest.mark.parametrize("spoil", [b"no database", b""], ids=["noise", "holes"])
def test_a_damaged_index_of_notes_is_made_anew(house: House, spoil: bytes) -> None:
    gate = house.gate()
    for _ in range(60):
        request = gate.ask("refund", CONTEXT)
    house.note(request)
    index = house.state / gate.config.settings.id / "notes.db"
    house.close()
    data = bytearray(index.read_bytes())
    index.write_bytes(spoil or bytes(data[:4096] + bytes(len(data) - 4096)))
    gate = house.gate()
    house.vote(request, "approved")
    assert gate.wait(request.id, timeout=5).approved


def test_a_keeper_that_cannot_take_its_card_away_still_makes_room(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = house.gate()
    house.note(gate.ask("refund", CONTEXT))

    def refused(path: Path, missing_ok: bool = False) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refused)
        assert gate._keeper
        gate._keeper.stop()
        assert not gate._keeper.active
