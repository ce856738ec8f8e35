"""One active keeper per state directory: a file lock that the system releases when its holder dies."""

from __future__ import annotations

import json
import logging
import os
import random
import socket
import time
from pathlib import Path

import filelock

from hitl_vault.errors import ConfigError
from hitl_vault.presence import CARD, LOCK, active_keeper, calling_card
from hitl_vault.vault.files import write_note
from hitl_vault.vault.layout import Layout

GLANCES = 1.0
"""Seconds for which those that look who keeps the vault, one after the other, may stand in the way."""

_log = logging.getLogger("hitl_vault.keeper")


class Leadership:
    """The right to be the active keeper of a state directory, shown by a card in it and one in the vault."""

    def __init__(self, state: Path, settings_folder: Path) -> None:
        self._lock = filelock.FileLock(state / LOCK, thread_local=False, is_singleton=False)
        self._state = state
        self._card = state / CARD
        self._calling_card = settings_folder / calling_card(state)
        self._layout = Layout(settings_folder.parent)
        self._shown = False

    def take(self) -> bool:
        """Try to become the active keeper; waits for no other, at most for those that only look."""
        ends = time.monotonic() + GLANCES
        while not self._locked():
            if active_keeper(self._state) or time.monotonic() > ends:
                return False
            time.sleep(random.uniform(0, 0.002))  # somebody held the lock to look, or to let go of it
        self._card.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
        return True

    def _locked(self) -> bool:
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            return False
        except OSError as error:
            raise ConfigError(f"{self._lock.lock_file}: cannot be locked: {error}") from error
        return True

    def show(self) -> None:
        """Let other machines see that this one keeps the vault; not through a link."""
        if self._layout.link_above(self._calling_card):
            return
        write_note(self._calling_card, json.dumps({"host": socket.gethostname()}).encode(), sync=False)
        self._shown = True

    def leave(self) -> None:
        """Let another keeper take over."""
        if self.held:
            self._hide()
            try:
                self._lock.release()
            except OSError as error:  # it goes with this process
                _log.warning("%s could not be let go of: %s", self._lock.lock_file, error)

    def _hide(self) -> None:
        shown, self._shown = self._shown, False
        try:
            if shown and not self._layout.link_above(self._calling_card):
                self._calling_card.unlink(missing_ok=True)
        except OSError as error:  # others see a keeper that is none, which harms less than a lock kept
            _log.warning("%s could not be removed: %s", self._calling_card, error)

    @property
    def held(self) -> bool:
        """Whether this keeper is the active one."""
        return self._lock.is_locked
