"""Word in the vault about a request that cannot be adopted, for those who see nothing but its notes."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hitl_vault.domain.text import fence
from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.files import read_note
from hitl_vault.vault.frontmatter import emit
from hitl_vault.vault.layout import Place
from hitl_vault.vault.placing import create_note, replace_note, take

PREFIX = "Not adopted, "
"""What the name of such a note begins with, before the name of the note that it is about."""

_MEANT = re.compile(rb"^type:[ \t]*[\"']?approval(?:_request)?\b", re.MULTILINE)
_HEAD = f"---\n{emit({'type': 'not_adopted'})}---\n".encode()
_TEXT = (
    "# Not adopted\n\nThe note of this name asks for an approval, but was not taken up. "
    "Until it is mended no answer in it counts.\nThis word about it goes once it is mended, or gone.\n\n"
)


def leave(place: Place, data: bytes, problem: str) -> None:
    """Say beside a note that asks for an approval why it is not adopted. May raise `OSError`."""
    if place.ids or not _MEANT.search(data):
        return
    path = _beside(place.path)
    text = _HEAD + f"{_TEXT}{fence(problem)}\n".encode()
    there = _ours(path)
    if there is None:
        create_note(path, text)
    elif there != text:
        replace_note(path, text, there)


def withdraw(path: Path) -> None:
    """Remove the word about the note at `path`, unless somebody wrote into it. May raise `OSError`."""
    beside = _beside(path)
    there = _ours(beside)
    if there is not None:
        take(beside, there)


def tidy(place: Place) -> bool:
    """Tell whether a note is such word; remove it if what it is about is gone. May raise `OSError`."""
    if not place.path.name.startswith(PREFIX) or _ours(place.path) is None:
        return False
    about = place.path.with_name(place.path.name.removeprefix(PREFIX))
    if not os.path.lexists(about):
        withdraw(about)
    return True


def _beside(path: Path) -> Path:
    return path.with_name(f"{PREFIX}{path.name}")


def _ours(path: Path) -> bytes | None:
    """Return what lies there if it is word as it was left, None for everything else."""
    try:
        data = read_note(path)
    except (FileNotFoundError, BallotInvalid):
        return None
    return data if data.startswith(_HEAD) and data.endswith(b"```\n") else None
