"""What a crash left half done in a folder: what was half written goes, what was half removed is put back."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from hitl_vault.vault.files import PREFIX, SUFFIX, TAKEN, remove

_TAKEN = re.compile(rf"{re.escape(PREFIX)}[0-9a-f]{{16}}-(?P<name>.+){re.escape(TAKEN)}")


def tidy(folder: Path) -> int:
    """Undo what `write_note` and `take` did not finish, here and below; return how much there was.

    Only for whoever is alone in writing there. A note that was put back is to be looked at again.
    """
    return sum(_undo(path) for path in list(_left(folder)))


def _left(folder: Path) -> Iterator[Path]:
    for where, _, names in os.walk(folder):
        yield from (Path(where, name) for name in names if name.startswith(PREFIX))


def _undo(path: Path) -> bool:
    taken = _TAKEN.fullmatch(path.name)
    if taken is None:
        return path.name.endswith(SUFFIX) and remove(path)
    home = path.with_name(taken["name"])
    number = 1
    while os.path.lexists(home):  # an editor was quicker; the ledger's keeper knows what to do with a copy
        number += 1
        home = path.with_name(f"{taken['name'].removesuffix('.md')} ({number}).md")
    os.rename(path, home)
    return True
