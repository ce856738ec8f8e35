"""What was written is on the disk, and an error leaves nothing behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hitl_vault.config import pin
from hitl_vault.durable import write_private


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> set[tuple[int, int]]:
    """Return what was synced to the disk: device and inode of each file and folder."""
    found: set[tuple[int, int]] = set()
    sync = os.fsync

    def noted(handle: int) -> None:
        sync(handle)
        found.add((os.fstat(handle).st_dev, os.fstat(handle).st_ino))

    monkeypatch.setattr(os, "fsync", noted)
    return found


def identity(path: Path) -> tuple[int, int]:
    return path.stat().st_dev, path.stat().st_ino


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_file_and_its_name_are_on_the_disk(work: Path, synced: set[tuple[int, int]]) -> None:
    write_private(work / "a", b"1")
    write_private(work / "a", b"2")
    assert (work / "a").read_bytes() == b"2"
    assert {identity(work / "a"), identity(work)} <= synced


def test_an_error_leaves_the_file_as_it_was_and_nothing_beside_it(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_private(work / "a", b"1")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(work / "a", b"2")
    assert [(path.name, path.read_bytes()) for path in work.iterdir()] == [("a", b"1")]


FILES = {"vault.yaml": b"format: 1\n", "templates/a.md.j2": b"x"}


def test_what_was_accepted_is_on_the_disk_by_name_too(work: Path, synced: set[tuple[int, int]]) -> None:
    pin.accept(work, FILES)
    folder = pin.accepted(work)
    assert folder
    assert pin.contents(folder) == FILES
    assert {identity(path) for path in (work, *work.rglob("*"))} <= synced


def test_what_cannot_be_accepted_for_lack_of_room_leaves_nothing(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        pin.accept(work, FILES)
    assert [path for path in work.rglob("*") if path.is_file()] == []
    assert pin.accepted(work) is None
