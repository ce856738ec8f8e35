"""Sentences for the operator, told once while what they tell of goes on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from hitl_vault.domain.text import visible

QUIET = 60.0
"""Seconds without a sentence after which it is news again. What fails is tried more often than that."""

_log = logging.getLogger("hitl_vault.keeper")


class Sure:
    """Passes a sentence on; where that fails it is logged. What cannot be told must not end the keeper."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def __call__(self, sentence: str) -> None:
        """Say a sentence; never raises."""
        try:
            self._tell(sentence)
        except Exception as error:
            # It may name files and quote notes that others wrote.
            _log.warning("%s (it could not be told: %r)", visible(sentence), error)


class Once:
    """Passes a sentence on unless it was said within the last minute, also if it was not passed on then."""

    def __init__(
        self, tell: Callable[[str], None], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._monotonic = monotonic
        self._said: dict[str, float] = {}

    def __call__(self, sentence: str) -> None:
        """Say a sentence."""
        now = self._monotonic()
        self._said = {said: at for said, at in self._said.items() if now < at + QUIET}
        new = sentence not in self._said
        self._said[sentence] = now
        if new:
            self._tell(sentence)
