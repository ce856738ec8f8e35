"""A vault that several tests of its settings begin with."""

from __future__ import annotations

import pytest

from tests.house import House


@pytest.fixture
def pinned(home: House) -> House:
    """A vault in which answers need a name, opened once: from then on its settings count as they are."""
    home.found(mode="attributed", approvers='["ana"]')
    home.gate(keeper=False).close()
    return home
