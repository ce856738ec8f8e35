"""Makes keepers try again at once what failed: campaigns would mostly wait otherwise."""

from __future__ import annotations

from collections.abc import Callable

from hitl_vault.keeper import clerk, looks, loop, standby, standing, strangers

SOON = 0.2
"""Seconds, in place of 1 and 5."""


def be_impatient(put: Callable[[object, str, float], None] = setattr) -> None:
    """Have every keeper of this process try again after `SOON`; `put` sets an attribute of a module."""
    for module in (clerk, looks, loop, standing, strangers):
        put(module, "RETRY_AFTER", SOON)
    put(standby, "RECOVER_AFTER", SOON)
