"""Hostile files are refused within bounds; notes appear whole or not at all; nothing is lost."""

from __future__ import annotations

import os
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.files import LIMIT, read_note, remove, set_aside, write_note
from hitl_vault.vault.layout import Folder, Layout
from hitl_vault.vault.leftovers import tidy


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "n.md"


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Run without root's right to read everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def _linked(path: Path) -> None:
    path.write_bytes(b"x")
    os.link(path, path.with_name("other.md"))


def _symlink(path: Path) -> None:
    path.with_name("target.md").write_bytes(b"x")
    path.symlink_to("target.md")


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


HOSTILE: list[tuple[Callable[[Path], object], str]] = [
    (Path.mkdir, "folder"),
    (os.mkfifo, "pipe"),
    (_symlink, "symbolic link"),
    (lambda path: path.symlink_to("nowhere"), "symbolic link"),
    (lambda path: path.symlink_to("/dev/zero"), "symbolic link"),
    (_linked, "2 hard links"),
    (_socket, "cannot be opened"),
    (lambda path: path.write_bytes(bytes(LIMIT + 1)), "larger than 256 KiB"),
]


@pytest.mark.parametrize(("make", "reason"), HOSTILE)
def test_what_is_not_a_plain_file_is_refused_at_once(
    path: Path, make: Callable[[Path], object], reason: str
) -> None:
    make(path)
    started = time.monotonic()
    with pytest.raises(BallotInvalid, match=reason) as error:
        read_note(path)
    assert error.value.path == path
    assert time.monotonic() - started < 1


def test_a_device_is_refused() -> None:
    with pytest.raises(BallotInvalid, match="device"):
        read_note(Path("/dev/zero"))


def test_a_sparse_gigabyte_costs_neither_memory_nor_time(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**30)
    tracemalloc.start()
    started = time.monotonic()
    with pytest.raises(BallotInvalid, match="larger"):
        read_note(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
    assert time.monotonic() - started < 0.5


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="needs a file that lies about its size")
def test_the_bound_holds_while_reading_whatever_the_file_says_of_its_size() -> None:
    assert Path("/proc/self/smaps").stat().st_size == 0
    with pytest.raises(BallotInvalid, match="larger"):
        read_note(Path("/proc/self/smaps"), limit=1024)


@pytest.mark.parametrize("folder_mode", [0o755, 0o700])
def test_a_file_that_may_not_be_read_is_refused_with_the_reason(folder_mode: int) -> None:
    with TemporaryDirectory(dir="/var/tmp") as folder:
        path = Path(folder, "n.md")
        path.write_bytes(b"x")
        path.chmod(0)
        os.chmod(folder, folder_mode)
        with _as_nobody(), pytest.raises(BallotInvalid, match="denied"):
            read_note(path)


def test_a_missing_file_is_missing_not_invalid(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_note(path)


@pytest.mark.parametrize("size", [0, 1, LIMIT])
def test_a_plain_file_is_read_whole_up_to_the_limit(path: Path, size: int) -> None:
    data = os.urandom(size)
    path.write_bytes(data)
    assert read_note(path) == data


@pytest.mark.parametrize("sync", [True, False])
def test_writing_makes_a_new_file_and_leaves_the_old_one_to_who_holds_it(path: Path, sync: bool) -> None:
    path.write_bytes(b"theirs")
    with path.open("rb") as held:
        write_note(path, b"ours", sync=sync)
        assert held.read() == b"theirs"
        assert os.fstat(held.fileno()).st_nlink == 0
    assert path.read_bytes() == b"ours"
    assert os.listdir(path.parent) == [path.name]


def test_a_reader_sees_all_of_a_note_or_the_one_before(path: Path, tmp_path: Path) -> None:
    notes = [bytes([65 + n]) * 50_000 for n in range(8)]
    write_note(path, notes[0], sync=False)
    stop = threading.Event()

    def write() -> None:
        turn = 0
        while not stop.is_set():
            write_note(path, notes[(turn := turn + 1) % 8], sync=False)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            assert read_note(path) in notes
            assert all(name == path.name or name.startswith(".") for name in os.listdir(tmp_path))
    finally:
        stop.set()
        writer.join()


def test_a_failed_write_leaves_what_was_there_and_no_litter(path: Path) -> None:
    path.mkdir()
    (path / "kept").touch()
    with pytest.raises(OSError, match=r"."):
        write_note(path, b"ours", sync=True)
    assert os.listdir(path.parent) == [path.name]


def test_a_note_is_not_written_where_its_folder_is_gone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_note(tmp_path / "gone" / "n.md", b"x", sync=False)
    assert os.listdir(tmp_path) == []


def test_a_note_half_written_is_dropped_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in (".hitl-0011.tmp", "sub/.hitl-2233.tmp", "n.md", ".other.tmp"):
        (tmp_path / name).touch()
    assert tidy(tmp_path) == 2
    assert sorted(os.listdir(tmp_path)) == [".other.tmp", "n.md", "sub"]


def test_removing_tells_whether_it_was_there(path: Path) -> None:
    path.touch()
    assert remove(path)
    assert not remove(path)


def test_set_aside_keeps_every_byte_under_a_name_that_says_why(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf---\r\n\0\xff"
    kept = set_aside(Layout(tmp_path), tmp_path / "Approved" / "n.md", data, "after approved")
    assert kept == tmp_path / Folder.SET_ASIDE / "n (after approved).md"
    assert kept.read_bytes() == data


def test_setting_aside_again_is_one_file_for_the_same_bytes_and_two_for_others(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    first, again, other = (set_aside(layout, "n.md", data, "late") for data in (b"a", b"a", b"b"))
    assert first == again != other
    assert (first.read_bytes(), other.read_bytes()) == (b"a", b"b")
    assert len(os.listdir(layout.path(Folder.SET_ASIDE))) == 2


@settings(max_examples=40, deadline=None)
@given(name=st.text(max_size=300), why=st.text(max_size=100))
def test_no_name_or_reason_leads_out_of_the_folder(
    tmp_path_factory: pytest.TempPathFactory, name: str, why: str
) -> None:
    layout = Layout(tmp_path_factory.mktemp("vault"))
    kept = set_aside(layout, name, b"x", why)
    assert kept.parent == layout.path(Folder.SET_ASIDE)
    assert len(os.fsencode(kept.name)) <= 255
    assert not kept.name.startswith(".")
    assert kept.read_bytes() == b"x"
