"""`demo`: an agent asks three things, a person answers in real notes, and the time it takes is measured."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

from hitl_vault.cli.exits import Usage
from hitl_vault.cli.options import Option, StateDir

FOLDER = "hitl-demo-vault"


def demo(
    vault: Annotated[
        str | None, Option("--vault", f"Where to make the vault, else a fresh ./{FOLDER}.", "PATH")
    ] = None,
    auto: Annotated[
        bool, Option("--auto", "Let a program edit the notes; so it is without a terminal.")
    ] = False,
    state_dir: StateDir = None,
) -> int:
    """See it happen: an agent asks three things, you answer in the notes."""
    from hitl_vault.cli.demo.story import tell

    by_hand = not auto and sys.stdin.isatty() and sys.stdout.isatty()
    return tell(_folder(vault), state_dir, by_hand=by_hand)


def _folder(named: str | None) -> Path:
    if named is None:
        return _fresh(Path.cwd())
    folder = Path(os.path.expanduser(named))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Usage(f"--vault: {folder} is not empty; name a new folder for the demo")
    return folder


def _fresh(parent: Path) -> Path:
    folder, number = parent / FOLDER, 1
    while folder.exists():
        number += 1
        folder = parent / f"{FOLDER}-{number}"
    return folder
