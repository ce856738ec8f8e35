"""In every scenario the ledger reaches the disk first; only then is anything told, or a note shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.crash import Prepared
from tests.faults.orders import disorder
from tests.faults.scenarios import ALL
from tests.faults.tracing import Zygote


@pytest.mark.parametrize("name", ALL)
def test_nothing_shows_before_it_is_safe(zygote: Zygote, arena: Path, name: str) -> None:
    assert disorder(zygote, Prepared(ALL[name], arena)) == []
