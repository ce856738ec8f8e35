"""Walking through the folders of a vault, however deep, without following a link."""

from __future__ import annotations

import os
from collections.abc import Iterator

from hitl_vault.vault.passing import passes


def files(folder: str | os.PathLike[str]) -> Iterator[str]:
    """Yield the path of everything below a folder that is no folder itself; hidden folders are left out.

    A folder that cannot be listed counts as empty, unless that may be otherwise another time: `OSError`.
    """
    return (entry.path for entry in _walk(folder))


def links(folder: str | os.PathLike[str]) -> Iterator[str]:
    """Yield every link to a folder below a folder, or the folder itself if it is one."""
    if os.path.islink(folder):
        yield os.fspath(folder)
    yield from (e.path for e in _walk(folder) if e.is_symlink() and os.path.isdir(e.path))


def _walk(folder: str | os.PathLike[str]) -> Iterator[os.DirEntry[str]]:
    waiting = [] if os.path.islink(folder) else [os.fspath(folder)]
    while waiting:
        for entry in _entries(waiting.pop()):
            if not _is_folder(entry):
                yield entry
            elif not entry.name.startswith("."):
                waiting.append(entry.path)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        if passes(error):
            raise
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
