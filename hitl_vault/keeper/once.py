"""Sentences for the operator, told once while what they tell of goes on."""

from __future__ import annotations

import time
from collections.abc import Callable

QUIET = 60.0
"""Seconds without a sentence after which it is news again. What fails is tried more often than that."""


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
