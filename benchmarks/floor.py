"""The least that any such product must do: hear of a save, read, record durably, move, wake the agent.

Linux inotify through ctypes, one thread, nothing checked and nothing drawn.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

CLOSE_WRITE = 0x08
_EVENT = struct.Struct("iIII")
_libc = ctypes.CDLL(None, use_errno=True)


class Inotify:
    """Closed-after-writing events of one folder."""

    def __init__(self, folder: Path) -> None:
        self.fd: int = _libc.inotify_init1(os.O_CLOEXEC)
        if self.fd < 0 or _libc.inotify_add_watch(self.fd, os.fsencode(folder), CLOSE_WRITE) < 0:
            raise OSError(ctypes.get_errno(), "inotify")

    def names(self) -> Iterator[str]:
        """Yield the names of files that were closed after writing; ends when `close` is among them."""
        while True:
            data, place = os.read(self.fd, 65536), 0
            while place < len(data):
                _, _, _, size = _EVENT.unpack_from(data, place)
                name = data[place + _EVENT.size : place + _EVENT.size + size].rstrip(b"\0").decode()
                place += _EVENT.size + size
                if name == "close":
                    os.close(self.fd)
                    return
                yield name


class Record:
    """A file that is appended to durably."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def append(self, line: bytes) -> None:
        """Return once the line is on the disk."""
        os.write(self._fd, line)
        os.fdatasync(self._fd)

    def close(self) -> None:
        """Close it."""
        os.close(self._fd)


LINE = b'{"at":"2026-01-02T03:04:05.000000Z","kind":"approved","request":"%s"}' + b" " * 230 + b"\n"


def keep(
    folder: Path, listening: Callable[[], None], wake: Callable[[str], None], *, synced: bool = False
) -> None:
    """Serve `Pending/` below `folder` until a file called `close` is written there.

    With `synced` the move is on the disk too before anybody is woken.
    """
    record = Record(folder / "record")
    places = [os.open(folder / name, os.O_RDONLY) for name in ("Pending", "Approved")] if synced else []
    inotify = Inotify(folder / "Pending")
    listening()
    for name in inotify.names():
        data = (folder / "Pending" / name).read_bytes()
        if b"status: approved" not in data:
            continue
        record.append(LINE % name.encode())
        os.rename(folder / "Pending" / name, folder / "Approved" / name)
        for place in places:
            os.fsync(place)
        wake(name)
    record.close()
    for place in places:
        os.close(place)


def prepare(folder: Path) -> Path:
    """Make the folders of a floor and return `folder`."""
    for name in ("Pending", "Approved"):
        (folder / name).mkdir()
    return folder


def stop(folder: Path) -> None:
    """End `keep`."""
    (folder / "Pending" / "close").write_bytes(b"")
