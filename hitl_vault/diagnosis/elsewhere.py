"""Notes that somebody moved out of the vault's folders, where an answer in them is not heard."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from hitl_vault.config import Config
from hitl_vault.diagnosis.check import Check, some, warn
from hitl_vault.errors import BallotInvalid
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.vault.ballot import read_ballot
from hitl_vault.vault.fields import ids_of
from hitl_vault.vault.files import read_note
from hitl_vault.vault.layout import Folder
from hitl_vault.vault.walking import files

MOST = 50_000
"""Files that are looked at, at most."""
_OURS = b"sha256:"
"""What stands in each note of ours, as a part of its digest."""


def elsewhere(config: Config, ledger: Ledger) -> Iterator[Check]:
    """Name the notes that wait for an answer outside of the folders; decided ones may lie anywhere."""
    paths = (path for path in islice(_files(config.root), MOST) if path.endswith(".md"))
    found = [os.path.relpath(path, config.root) for path in paths if _waits(Path(path), ledger)]
    if found:
        yield warn(
            "notes elsewhere",
            f"notes of requests outside of the vault's folders: {some(found)}",
            f"An answer in them is not heard. Answer in {Folder.PENDING}/, or with `hitl approve`, and "
            "delete these.",
        )


def _files(root: Path) -> Iterator[str]:
    """Yield the files of a vault that lie in none of its folders; hidden ones are left out."""
    with os.scandir(root) as entries:
        outer = [entry for entry in entries if entry.name not in {*Folder} and not entry.name.startswith(".")]
    below = (files(entry.path) for entry in outer if entry.is_dir(follow_symlinks=False))
    return chain((entry.path for entry in outer), chain.from_iterable(below))


def _waits(path: Path, ledger: Ledger) -> bool:
    """Tell whether a file is a note of ours as it was drawn before there was a decision."""
    try:
        data = read_note(path)
        fields = read_ballot(data, path).fields if _OURS in data else {}
    except (BallotInvalid, OSError):
        return False
    decided = "decided" in fields or "hitl_decided" in fields
    return not decided and any(ledger.find(id) == [id] for id in ids_of(fields))
