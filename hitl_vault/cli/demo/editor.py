"""The demo's person: a program of its own that changes a note as editors and file managers do.

`editor NOTE replace NAME=VALUE…` writes a new file over the old one, `editor NOTE rewrite NAME=VALUE…`
writes into it, `editor NOTE move FOLDER` drags it. Prints when it had done so, in nanoseconds since 1970.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path


def edited(text: str, changes: Sequence[str]) -> str:
    """Return a note's text with other values in the first lines of its front matter."""
    for change in changes:
        name, _, value = change.partition("=")
        line = f"{name}: {json.dumps(value)}"
        text, found = re.subn(rf"^{re.escape(name)}:.*$", lambda _: line, text, count=1, flags=re.MULTILINE)  # noqa: B023
        if not found:
            raise SystemExit(f"the note has no {name!r}")
    return text


def replace(note: Path, changes: Sequence[str]) -> None:
    """Save as vim, gedit and others do: write a new file, then rename it over the old one."""
    new = note.with_name(f".{note.name}.swx")
    new.write_text(edited(note.read_text(encoding="utf-8"), changes), encoding="utf-8")
    os.replace(new, note)


def rewrite(note: Path, changes: Sequence[str]) -> None:
    """Save as Obsidian, VS Code and nano do: empty the file and write it again."""
    text = edited(note.read_text(encoding="utf-8"), changes)
    note.write_text(text, encoding="utf-8")


def move(note: Path, folders: Sequence[str]) -> None:
    """Drag the note into another folder of the vault."""
    os.rename(note, note.parents[1] / folders[0] / note.name)


if __name__ == "__main__":
    ways = {"replace": replace, "rewrite": rewrite, "move": move}
    ways[sys.argv[2]](Path(sys.argv[1]), sys.argv[3:])
    print(time.time_ns())
