"""A vault with a keeper in it, for every test that needs one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.house import House


@pytest.fixture
def house(work: Path) -> Iterator[House]:
    """A vault, ready for gates."""
    house = House(work)
    house.found()
    yield house
    house.close()


@pytest.fixture
def gate(house: House) -> hv.Gate:
    """A gate that keeps the vault."""
    return house.gate()
