"""Small file systems of one's own: to be filled up, and to be copied as a power cut would leave them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIZE = 16 * 1024 * 1024
_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]
_SPARE = 4096


class Disk:
    """A mounted file system of `SIZE` bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self) -> None:
        """Leave no room, neither for a byte nor for a file."""
        with self._filler.open("ab", buffering=0) as filler:
            for size in (65536, 4096, 512, 1):
                _write_until_full(filler.fileno(), size)

    def make_room(self) -> None:
        """Undo `fill`."""
        self._filler.unlink()


def make_read_only(folder: Path) -> None:
    """Let nothing be written any more where a disk is mounted."""
    _run(*_ROOT, "mount", "-o", "remount,ro", str(folder))


def _write_until_full(file: int, size: int) -> None:
    with contextlib.suppress(OSError):  # no room, which is what is wanted
        while os.write(file, bytes(size)):
            pass


@contextmanager
def memory_disk(folder: Path) -> Iterator[Disk]:
    """Mount a file system in memory."""
    owner = f"uid={os.geteuid()},gid={os.getegid()},mode=0700"
    with _mounted(["-t", "tmpfs", "-o", f"size={SIZE},{owner}", "none"], folder):
        yield Disk(folder)


@contextmanager
def ext4_disk(folder: Path, image: Path | None = None) -> Iterator[Disk]:
    """Mount an ext4 image, by default a new one beside `folder`. By itself it writes nothing for minutes."""
    image = image or make_image(folder)
    with _mounted(["-o", "loop,noatime,commit=300", str(image)], folder):
        yield Disk(folder)


def make_image(folder: Path) -> Path:
    """Make an ext4 file system in a file beside `folder`."""
    image = folder.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(SIZE)
    if shutil.which("mkfs.ext4", path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin") is None:
        pytest.skip("mkfs.ext4 is not installed")
    _run(
        "mkfs.ext4",
        "-q",
        "-m",
        "0",
        "-b",
        "4096",
        "-E",
        f"root_owner={os.geteuid()}:{os.getegid()}",
        str(image),
    )
    return image


@contextmanager
def _mounted(what: list[str], folder: Path) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    try:
        _run(*_ROOT, "mount", *what, str(folder))
    except (subprocess.CalledProcessError, FileNotFoundError) as refused:
        pytest.skip(f"no file system may be mounted here: {getattr(refused, 'stderr', '') or refused}")
    try:
        yield
    finally:
        _run(*_ROOT, "umount", str(folder))


def _run(*command: str) -> None:
    path = f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin"
    subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "PATH": path})
