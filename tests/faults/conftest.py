"""What the campaigns share: one warm parent of victims, and a folder to break things in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.puppet import Puppet
from tests.faults.tracing import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """The parent of all victims."""
    with Zygote() as zygote:
        yield zygote


@pytest.fixture
def puppet(work: Path) -> Iterator[Puppet]:
    """A vault whose keeper does only what it is told to."""
    puppet = Puppet(work)
    yield puppet
    puppet.stop()


@pytest.fixture
def arena(work: Path) -> Path:
    """A folder outside /tmp for vaults that get hurt."""
    return work
