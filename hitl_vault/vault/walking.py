"""Walking through the folders of a vault, however deep, without following a link."""

from __future__ import annotations

import os
from collections.abc import Iterator

from hitl_vault.vault.passing import passes


def files(folder: str | os.PathLike[str]) -> Iterator[str]:
    """Yield the path of everything below a folder that is no folder itself; hidden folders are left out.

    A folder that cannot be listed counts as empty, unless that may be otherwise another time: `OSError`.
    """
    return (entry.path for _, entries in _walk(folder) for entry in entries)


def folders(folder: str | os.PathLike[str]) -> Iterator[str]:
    """Yield the path of a folder and of every folder below it; hidden ones are left out."""
    return (where for where, _ in _walk(folder))


def links(folder: str | os.PathLike[str]) -> Iterator[str]:
    """Yield every link to a folder below a folder, or the folder itself if it is one."""
    if os.path.islink(folder):
        yield os.fspath(folder)
    for _, entries in _walk(folder):
        yield from (entry.path for entry in entries if entry.is_symlink() and os.path.isdir(entry.path))


def _walk(folder: str | os.PathLike[str]) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """Yield each folder with what in it is no folder."""
    waiting = [] if os.path.islink(folder) else [os.fspath(folder)]
    while waiting:
        where, others = waiting.pop(), []
        for entry in _entries(where):
            if not _is_folder(entry):
                others.append(entry)
            elif not entry.name.startswith("."):
                waiting.append(entry.path)
        yield where, others


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
