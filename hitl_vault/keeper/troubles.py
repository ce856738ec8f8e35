"""Keeps the trouble with one thing from all the others: it is told once, and tried again later."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable

from hitl_vault.errors import HitlVaultError, LedgerUnavailable

RETRY_AFTER = 5.0
"""Seconds after which what failed is tried again."""

_log = logging.getLogger("hitl_vault.keeper")


class Troubles:
    """What went wrong with which request or file. `tell` takes sentences for the operator."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told: dict[Hashable, str] = {}

    def __bool__(self) -> bool:
        return bool(self._told)

    def meet(self, what: Hashable, name: str, error: Exception) -> None:
        """Tell of an error with `what`, called `name`, unless it was told; raise one that concerns all."""
        if isinstance(error, LedgerUnavailable):
            raise error
        if not isinstance(error, HitlVaultError | OSError):
            _log.debug("trouble with %r", what, exc_info=error)
        self.tell(what, f"{name}: {said(error)}")

    def tell(self, what: Hashable, words: str) -> None:
        """Tell what is wrong with `what`, unless that was told last."""
        if self._told.get(what) != words:
            self._told[what] = words
            self._tell(words)

    def over(self, what: Hashable) -> None:
        """Note that `what` went well."""
        self._told.pop(what, None)


def said(error: Exception) -> str:
    """Return what an error says, and its kind where it was not foreseen."""
    return str(error) if isinstance(error, HitlVaultError | OSError) else f"{type(error).__name__}: {error}"
