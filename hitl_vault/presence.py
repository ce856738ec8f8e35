"""Who keeps a vault at the moment, told without loading what a keeper needs."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "keeper.lock"
CARD = "keeper.json"


def calling_card(state: Path) -> str:
    """Return the name of the file by which this machine's keeper shows itself in the vault.

    A vault that is synced between machines must be kept by one of them; a card that is not one's
    own tells of another.
    """
    import hashlib  # and sockets: only a keeper has a card
    import socket

    host = re.sub(r"[^A-Za-z0-9-]+", "-", socket.gethostname())
    return f"keeper-{host}-{hashlib.sha256(str(state).encode()).hexdigest()[:8]}.json"


def active_keeper(state: Path) -> str | None:
    """Return who keeps the vault with this state directory, as `pid 123 on host`; None when nobody does."""
    try:
        handle = os.open(state / LOCK, os.O_RDWR)
    except FileNotFoundError:
        return None
    with _closing(handle):
        return _holder(state / CARD) if _locked(handle) else None


@contextmanager
def _closing(handle: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """Tell whether somebody holds the lock. Asking takes a shared one for a moment, so that many may ask."""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _holder(card: Path) -> str:
    try:
        who = json.loads(card.read_text(encoding="utf-8"))
        return f"pid {int(who['pid'])} on {who['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
