"""A vault and a command line for every test that needs them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.shell import Shell
from tests.house import House


@pytest.fixture
def hitl(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shell]:
    """The command line at the vault."""
    monkeypatch.setenv("HITL_VAULT", str(house.root))
    monkeypatch.setenv("HITL_STATE_DIR", str(house.state))
    monkeypatch.setenv("COLUMNS", "80")
    shell = Shell(house, capsys)
    yield shell
    shell.close()
