"""Notes are placed, replaced and taken only where nobody has saved another version meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hitl_vault.errors import BallotInvalid
from hitl_vault.vault import placing
from hitl_vault.vault.files import move_aside
from hitl_vault.vault.layout import Layout
from hitl_vault.vault.leftovers import tidy
from hitl_vault.vault.placing import create_note, replace_note, take


@pytest.fixture(params=["in one step", "plainly"], autouse=True)
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that can rename in one step, and one that cannot."""
    if request.param == "plainly":
        monkeypatch.setattr(placing, "_renameat2", lambda: None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "n.md"


def test_a_new_note_takes_a_free_name_alone(path: Path) -> None:
    assert create_note(path, b"ours")
    assert path.read_bytes() == b"ours"
    assert not create_note(path, b"again")
    assert path.read_bytes() == b"ours"
    assert os.listdir(path.parent) == [path.name]


def test_a_note_in_a_folder_that_is_gone_is_an_error(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        create_note(path.parent / "gone" / "n.md", b"ours")


def test_a_note_is_replaced_where_it_holds_what_was_seen(path: Path) -> None:
    path.write_bytes(b"seen")
    with path.open("rb") as held:
        assert replace_note(path, b"ours", b"seen")
        assert held.read() == b"seen"
    assert path.read_bytes() == b"ours"
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("found", [b"other", b"", None])
def test_a_note_that_holds_something_else_is_left_as_it_is(path: Path, found: bytes | None) -> None:
    if found is not None:
        path.write_bytes(found)
        before = path.stat().st_ino
    assert not replace_note(path, b"ours", b"seen")
    if found is not None:
        assert (path.read_bytes(), path.stat().st_ino) == (found, before)
    assert os.listdir(path.parent) == ([] if found is None else [path.name])


def test_a_folder_in_place_of_the_note_is_left_as_it_is(path: Path) -> None:
    path.mkdir()
    assert not replace_note(path, b"ours", b"seen")
    assert path.is_dir()
    assert os.listdir(path.parent) == [path.name]


def test_a_note_is_taken_where_it_holds_what_was_seen(path: Path) -> None:
    path.write_bytes(b"seen")
    assert take(path, b"seen")
    assert take(path, b"seen")
    assert os.listdir(path.parent) == []


@pytest.mark.parametrize("found", [b"other", b""])
def test_a_note_that_holds_something_else_is_put_back(path: Path, found: bytes) -> None:
    path.write_bytes(found)
    with path.open("ab") as writing:
        assert not take(path, b"seen")
        writing.write(b" and more")
    assert path.read_bytes() == found + b" and more"
    assert os.listdir(path.parent) == [path.name]


def _link(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(("make", "reason"), [(Path.mkdir, "folder"), (os.mkfifo, "pipe"), (_link, "link")])
def test_what_cannot_be_read_is_not_taken_but_can_be_moved_aside(
    path: Path, make: Callable[[Path], object], reason: str
) -> None:
    make(path)
    with pytest.raises(BallotInvalid, match=reason):
        take(path, b"")
    assert os.path.lexists(path)
    moved = move_aside(Layout(path.parent), path, "unreadable")
    assert os.path.lexists(moved)
    assert moved.name == "n (unreadable).md"
    assert not os.path.lexists(path)


@pytest.mark.parametrize("name", ["n.md", "ä" * 120 + ".md"])
def test_a_note_half_removed_is_put_back(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / name).write_bytes(b"last words")
    _take_half(tmp_path / name, monkeypatch)
    assert tidy(tmp_path) == 1
    (back,) = os.listdir(tmp_path)
    assert name.endswith(back)
    assert (tmp_path / back).read_bytes() == b"last words"


def test_a_note_half_removed_is_put_back_beside_one_that_was_saved_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "n.md"
    path.write_bytes(b"last words")
    _take_half(path, monkeypatch)
    path.write_bytes(b"saved again")
    assert tidy(tmp_path) == 1
    found = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert found == {"n.md": b"saved again", "n (2).md": b"last words"}


def _take_half(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(path: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            take(path, path.read_bytes())
