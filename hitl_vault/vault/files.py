"""Reading hostile files within bounds, and writing notes so that nobody sees half of one."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from hitl_vault.durable import sync_folder
from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.layout import Folder, Layout
from hitl_vault.vault.passing import passes

LIMIT = 256 * 1024
"""The most bytes that a note may have."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)
PREFIX, SUFFIX, TAKEN, TRADED = ".hitl-", ".tmp", ".taken", ".traded"
"""The name of a file that is no note begins with the first, and ends with one of the others.

What is being written ends in `SUFFIX`; what was a note ends in `TAKEN` or `TRADED`; see `leftovers`.
"""


def read_note(path: Path, limit: int = LIMIT) -> bytes:
    """Return the bytes of a regular file with one link, at most `limit` of them.

    Never follows a link in the last component, never blocks on a FIFO, never reads more than
    `limit` + 1 bytes. `BallotInvalid` says why a file cannot be read; a missing file is
    `FileNotFoundError`, as is one that is replaced again and again while it is opened. `OSError`
    if it may be readable another time: the disk failed, or too many files are open.
    """
    for _ in range(3):
        data = _read_once(path, limit)
        if data is not None:
            return data
    raise FileNotFoundError(f"{path} keeps being replaced")


def _read_once(path: Path, limit: int) -> bytes | None:
    try:
        fd = os.open(path, _READ)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        if passes(error):
            raise
        raise BallotInvalid(_why(path, error), path=path) from error
    try:
        info = os.fstat(fd)
        if info.st_nlink == 0:  # unlinked or replaced between open and here: look again
            return None
        _check(path, info, limit)
        return _bounded(fd, path, limit)
    except OSError as error:
        if passes(error):
            raise
        raise BallotInvalid(f"{path} cannot be read: {error.strerror}", path=path) from error
    finally:
        os.close(fd)


def _why(path: Path, error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ELOOP, errno.EMLINK):
        return f"{path} is a symbolic link; put the note itself there"
    return f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}"


def _check(path: Path, info: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise BallotInvalid(f"{path} is {_kind(info.st_mode)}, not a file; remove it", path=path)
    if info.st_nlink != 1:
        raise BallotInvalid(
            f"{path} has {info.st_nlink} hard links; replace it by a copy that has one", path=path
        )
    if info.st_size > limit:
        raise _too_large(path, limit)


class Unwritable(OSError):
    """A folder in which nothing can be made."""

    def __init__(self, folder: Path, error: OSError) -> None:
        super().__init__(error.errno, error.strerror, str(folder))

    def __str__(self) -> str:
        return (
            f"{self.filename} cannot be written ({self.strerror}), so no note can be drawn there; "
            "answer with `hitl approve`"
        )


def _kind(mode: int) -> str:
    names = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((name for test, name in names if test(mode)), "a device")


def _bounded(fd: int, path: Path, limit: int) -> bytes:
    parts, left = [], limit + 1
    while left > 0 and (part := os.read(fd, left)):
        parts.append(part)
        left -= len(part)
    if left <= 0:
        raise _too_large(path, limit)
    return b"".join(parts)


def _too_large(path: Path, limit: int) -> BallotInvalid:
    return BallotInvalid(f"{path} is larger than {limit // 1024} KiB; shorten the note", path=path)


def write_note(path: Path, data: bytes, *, sync: bool) -> None:
    """Put `data` at `path` as a new file, all of it or nothing; with `sync`, on the disk when this returns.

    The folder must exist. A file that is there already is replaced, not written to: who has
    it open keeps it. The temporary file's name starts with a dot, so it is never taken for a note.
    """
    temporary = write_hidden(path.parent, data, sync=sync)
    try:
        os.replace(temporary, path)
    except BaseException:  # an interrupt leaves no litter either
        os.unlink(temporary)
        raise
    if sync:
        sync_folder(path.parent)


def hidden_name(folder: Path) -> str:
    """Return a new name in `folder` that is never taken for a note; see `leftovers`."""
    return os.path.join(folder, f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}")


def trade_mark(data: bytes) -> str:
    """Return what stands for a content in the name of a file that trades places with a note."""
    return hashlib.sha256(data).hexdigest()[:16]


def write_hidden(folder: Path, data: bytes, *, sync: bool = False) -> str:
    """Write `data` to a new hidden file in `folder` and return its path."""
    name = hidden_name(folder)
    try:
        fd = os.open(name, _WRITE, 0o666)
    except OSError as error:
        if error.errno in _FORBIDDEN:
            raise Unwritable(folder, error) from None
        raise OSError(error.errno, error.strerror, str(folder)) from None
    try:
        _write_all(fd, data)
        if sync:
            os.fsync(fd)
    except BaseException:  # an interrupt leaves no litter either
        os.unlink(name)
        raise
    finally:
        os.close(fd)
    return name


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def remove(path: Path) -> bool:
    """Remove a note; tell whether it was there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def set_aside(layout: Layout, path: str | os.PathLike[str], data: bytes, why: str) -> Path:
    """Keep `data`, byte for byte and durably, in `Set_Aside/` under the name of `path` and the reason.

    `path` is a path or a name. The file appears complete or not at all and replaces nothing but
    an empty one, as a crash may leave; the same bytes set aside twice for the same reason are one
    file. For one process at a time. Returns where it lies.
    """
    folder = _aside(layout)
    temporary = write_hidden(folder, data, sync=True)
    try:
        target = _claim(folder, path, why, data)
        os.replace(temporary, target)
    except BaseException:  # an interrupt leaves no litter either
        os.unlink(temporary)
        raise
    sync_folder(folder)
    return target


def move_aside(layout: Layout, path: Path, why: str) -> Path:
    """Move whatever lies at `path` to `Set_Aside/` without reading it: a folder, a link, a huge file."""
    layout.check(path)
    folder = _aside(layout)
    target = next(name for name in _names(folder, path, why) if not os.path.lexists(name))
    os.rename(path, target)
    return target


def _aside(layout: Layout) -> Path:
    folder = layout.path(Folder.SET_ASIDE)
    layout.check(folder / "any")
    folder.mkdir(exist_ok=True)
    return folder


def _claim(folder: Path, path: str | os.PathLike[str], why: str, data: bytes) -> Path:
    """Return a name that is ours: reserved by an empty file, or in use for the same bytes."""
    names = _names(folder, path, why)
    return next(name for name in names if _reserve(name) or _holds(name, data) or _holds(name, b""))


def _names(folder: Path, path: str | os.PathLike[str], why: str) -> Iterator[Path]:
    stem = _readable(os.path.basename(os.fspath(path)).removesuffix(".md"), 150)
    reason = _readable(why, 60)
    yield folder / f"{stem} ({reason}).md"
    yield from (folder / f"{stem} ({reason} {number}).md" for number in count(2))


def _reserve(target: Path) -> bool:
    try:
        os.close(os.open(target, _WRITE, 0o666))
    except FileExistsError:
        return False
    return True


def _holds(target: Path, data: bytes) -> bool:
    try:
        return read_note(target, max(len(data), 1)) == data
    except (BallotInvalid, OSError):  # not those bytes: the next name is free to try
        return False


def _readable(text: str, most: int) -> str:
    """Return `text` as part of a file name that every file system takes, at most `most` bytes long."""
    safe = re.sub(r"[^\w .,()@+-]+", "_", text).strip(" .") or "note"
    return safe.encode("utf-8", "replace")[:most].decode("utf-8", "ignore").strip(" .")
