"""Vaults to measure: making them, asking in them, and answering as a person's editor does."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hitl_vault as hv

PENDING = b'status: "pending"'
APPROVED = b"status: approved"
TEXT = {
    "summary": "Refund order A-17",
    "reason": "The customer sent the goods back unopened, and the warehouse has booked them in.",
}


def context(number: int = 17) -> dict[str, Any]:
    """Return what a request is about: a small object, as agents send."""
    return {"order": f"A-{number}", "eur": 900, "to": "customer@example.org", "items": ["kettle", "cup"]}


def found(folder: Path, **settings: str) -> hv.Config:
    """Make a vault in `folder`, with its state beside it."""
    return hv.init_vault(folder / "vault", state_dir=folder / "state", new=False, **settings)


def open_gate(config: hv.Config, *, keeper: bool) -> hv.Gate:
    """Open a gate on a vault that `found` made."""
    return hv.open_gate(config.root, agent="bench", state_dir=config.state.parent, keeper=keeper)


def asking(number: int) -> dict[str, Any]:
    """Return the arguments of one `ask`."""
    return {"action": "refund", "context": context(number), "timeout": None} | TEXT


def ask_all(gate: hv.Gate, count: int, batch: int = 256) -> list[hv.Request]:
    """Ask `count` things, many in one commit."""
    requests: list[hv.Request] = []
    for begin in range(0, count, batch):
        requests += gate.ask_many([asking(n) for n in range(begin, min(begin + batch, count))])
    return requests


def note(config: hv.Config, id: str, state: hv.State = hv.State.PENDING) -> Path:
    """Return where the note of a request lies."""
    return hv.Layout(config.root).note(id, state)


def notes(config: hv.Config, state: hv.State = hv.State.PENDING) -> Iterator[os.DirEntry[str]]:
    """Yield the notes in the folder of a state."""
    folder = note(config, "x", state).parent
    return (entry for entry in os.scandir(folder) if entry.name.endswith(".md") and entry.name[0] != ".")


def answered(data: bytes) -> bytes:
    """Return a note as it is once a person approved it."""
    assert PENDING in data, "this is not a pending note"
    return data.replace(PENDING, APPROVED, 1)


def save(path: Path, data: bytes) -> float:
    """Write in place, as Obsidian and VS Code do; return the monotonic time at which the file was closed.

    The time is taken right before closing: that is what tells listeners.
    """
    fd = os.open(path, os.O_WRONLY | os.O_TRUNC)
    os.write(fd, data)
    closed = time.monotonic()
    os.close(fd)
    return closed


def approve(path: Path) -> float:
    """Approve a note by editing its status; see `save`."""
    return save(path, answered(path.read_bytes()))


def sha(data: bytes) -> str:
    """Return the hex SHA-256 of a note."""
    return hashlib.sha256(data).hexdigest()
