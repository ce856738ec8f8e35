"""Files that an action will use: hashed when it is asked for, and again before it may run."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from hitl_vault.config import typed_path
from hitl_vault.domain.request import BoundFile
from hitl_vault.errors import DigestMismatch

LONGEST_NAME = 64
MOST_FILES = 50
"""Each has two lines in the note, which has to stay readable as a ballot."""
_PIECE = 1024 * 1024


def bind(files: Mapping[str, str | Path]) -> tuple[BoundFile, ...]:
    """Return files by name as they are now.

    Raises `ValueError` for more than `MOST_FILES`, and for what is no regular file or cannot be read.
    """
    if len(files) > MOST_FILES:
        raise ValueError(f"{len(files)} files are more than the {MOST_FILES} of one request; use an archive")
    for name in files:
        if not (name.isprintable() and 0 < len(name) <= LONGEST_NAME and name == name.strip()):
            raise ValueError(f"the name of a file is 1 to {LONGEST_NAME} printable characters, not {name!r}")
    return tuple(_bound(name, Path(os.path.abspath(typed_path(path)))) for name, path in files.items())


def check(files: Iterable[BoundFile]) -> None:
    """Raise `DigestMismatch`, naming the file, if one is not as it was when it was bound."""
    for file in files:
        try:
            found = _bound(file.name, Path(file.path))
        except ValueError as error:
            raise DigestMismatch(f"file {file.name!r}: {error}") from error
        if found != file:
            raise DigestMismatch(_changed(file))


def read(file: BoundFile) -> bytes:
    """Return what a file holds, and that only if it is as it was when it was bound; else `DigestMismatch`.

    Use what this returns rather than the file: it cannot be exchanged any more.
    """
    try:
        with _opened(Path(file.path)) as source:
            data = source.read(file.size + 1)
    except OSError as error:
        raise DigestMismatch(f"file {file.name!r}: {file.path} cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise DigestMismatch(_changed(file))
    return data


def _changed(file: BoundFile) -> str:
    return (
        f"file {file.name!r}: {file.path} is not what was approved; it has changed since it was asked about"
    )


def _bound(name: str, path: Path) -> BoundFile:
    try:
        with _opened(path) as source:
            sha, size = hashlib.sha256(), 0
            while piece := source.read(_PIECE):
                sha.update(piece)
                size += len(piece)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    return BoundFile(name=name, path=str(path), size=size, sha256=sha.hexdigest())


def _opened(path: Path) -> BinaryIO:
    """Open a regular file for reading; a pipe or a device does not block, and is an `OSError`."""
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return os.fdopen(number, "rb")
    except BaseException:  # an interrupt too must leave nothing open
        os.close(number)
        raise
