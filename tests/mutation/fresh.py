"""A pytest plugin for mutation runs: forgets what was cached before the mutant came into being."""

from __future__ import annotations

import sys

import pytest

from hitl_vault.domain import text


def pytest_sessionstart(session: pytest.Session) -> None:
    """Empty the caches that the unchanged product filled, or its results would stand in for the mutant's."""
    for name, module in list(sys.modules.items()):
        if name.startswith("hitl_vault."):
            for part in vars(module).values():
                getattr(part, "cache_clear", lambda: None)()
    text._SHOWN.clear()
