"""A vault and a command line for every test that needs them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import hitl_vault as hv
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


@pytest.fixture
def here(work: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a fresh vault in it, where ana says yes to everything."""
    monkeypatch.setenv("HITL_STATE_DIR", str(work / "state"))
    config = hv.init_vault(work / "vault")
    stop = threading.Event()

    def say_yes() -> None:
        with hv.open_gate(config.root, agent="ana's phone", keeper=False) as gate:
            while not stop.wait(0.05):
                for record in gate.pending():
                    gate.decide(record.id, "approve", by="ana")

    thread = threading.Thread(target=say_yes)
    thread.start()
    yield work
    stop.set()
    thread.join()
