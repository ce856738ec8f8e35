"""Tests whether a change in the vault is heard at all, by making one."""

from __future__ import annotations

import os
import secrets
import threading
from pathlib import Path

from hitl_vault.vault.layout import Layout
from hitl_vault.vault.listener import SETTINGS_FOLDER


class Sentinel:
    """A file in the settings folder that exists for a moment; each watcher has its own."""

    def __init__(self, root: Path) -> None:
        self._layout = Layout(root)
        self._path = root / SETTINGS_FOLDER / f".sentinel-{os.getpid()}-{secrets.token_hex(4)}"
        self._text = str(self._path)
        self._heard = threading.Event()

    def notice(self, path: str) -> bool:
        """Tell whether `path` is the sentinel; then it counts as heard."""
        if path != self._text:
            return False
        self._heard.set()
        return True

    def is_heard(self, within: float) -> bool:
        """Make the file, remove it, and tell whether word came in time.

        Raises `OSError` if it cannot be made, `VaultError` if it would lie behind a link.
        """
        self._heard.clear()
        self._layout.check(self._path)
        os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        self._path.unlink(missing_ok=True)  # the vault may be moved just now
        return self._heard.wait(within)

    def give_up(self) -> None:
        """End a test that is under way; it counts as heard."""
        self._heard.set()
