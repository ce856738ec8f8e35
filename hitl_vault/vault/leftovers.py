"""What a crash left half done in a folder: what was half written goes, what was half removed is put back."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.files import PREFIX, SUFFIX, TAKEN, TRADED, read_note, remove, trade_mark
from hitl_vault.vault.passing import passes
from hitl_vault.vault.walking import files

Failed: TypeAlias = Callable[[Path, Exception], None]

_TAKEN = re.compile(rf"{re.escape(PREFIX)}[0-9a-f]{{16}}-(?P<name>.+\.md){re.escape(TAKEN)}")
_TRADED = re.compile(
    rf"{re.escape(PREFIX)}[0-9a-f]{{8}}(?P<ours>[0-9a-f]{{16}})(?P<seen>[0-9a-f]{{16}})"
    rf"-(?P<name>.+\.md){re.escape(TRADED)}"
)


def tidy(folder: Path, failed: Failed | None = None) -> int:
    """Undo what was written, replaced or taken by half, here and below; return how much there was.

    Only for whoever is alone in writing there. A note that was put back is to be looked at again.
    `failed` gets what could not be undone; without it, or if it may go well another time, that is raised.
    """
    return sum(_undone(path, failed) for path in list(leftovers(folder)))


def _undone(path: Path, failed: Failed | None) -> bool:
    try:
        return _undo(path)
    except Exception as error:
        if failed is None or passes(error):
            raise
        failed(path, error)
        return False


def leftovers(folder: Path) -> Iterator[Path]:
    """Yield what was written, replaced or taken by half, here and below; what was taken may hold a note."""
    for path in files(folder):
        name = os.path.basename(path)
        if name.startswith(PREFIX) and name.endswith((SUFFIX, TAKEN, TRADED)):
            yield Path(path)


def _undo(path: Path) -> bool:
    if taken := _TAKEN.fullmatch(path.name):
        return _put_back(path, taken["name"])
    if traded := _TRADED.fullmatch(path.name):
        known = (traded["ours"], traded["seen"])
        return remove(path) if _mark(path) in known else _put_back(path, traded["name"])
    return path.name.endswith(SUFFIX) and remove(path)


def _mark(path: Path) -> str:
    try:
        return trade_mark(read_note(path))
    except (BallotInvalid, OSError):
        return ""  # whatever it is, it is somebody's


def _put_back(path: Path, name: str) -> bool:
    home = path.with_name(name)
    number = 1
    while os.path.lexists(home):  # an editor was quicker; the ledger's keeper knows what to do with a copy
        number += 1
        home = path.with_name(f"{name.removesuffix('.md')} ({number}).md")
    os.rename(path, home)
    return True
