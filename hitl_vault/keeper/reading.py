"""Reads the files of requests, whatever they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.files import read_note


class Read(NamedTuple):
    """A file's bytes and their SHA-256 in hex; `problem` says why it could not be read."""

    data: bytes
    sha: str
    problem: BallotInvalid | None = None


NOTHING_READ: Mapping[Path, Read] = {}


def read(path: Path) -> Read | None:
    """Read a file; None if there is none. Never raises for what a file holds."""
    try:
        data = read_note(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except BallotInvalid as problem:
        return Read(b"", f"unread: {problem}", problem)
    return Read(data, hashlib.sha256(data).hexdigest())
