"""A vault that cannot be written: told once, with what can be done; answers and deadlines count as ever."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.faults.disks import make_read_only, memory_disk
from tests.house import House, eventually


@pytest.fixture
def house(work: Path, home: House) -> Iterator[House]:
    """A vault on a disk that was mounted again to be read alone."""
    with memory_disk(work / "small") as disk:
        home.root = disk.path / "vault"
        home.found()
        make_read_only(disk.path)
        yield home
        home.close()


def hitl(house: House, *args: str) -> subprocess.CompletedProcess[str]:
    """Run the command line on the vault."""
    where = ["--vault", str(house.root), "--state-dir", str(house.state)]
    command = [sys.executable, "-m", "hitl_vault", args[0], *where, *args[1:]]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def test_a_command_ends_when_its_request_expires(house: House) -> None:
    ended = hitl(house, "run", "deploy", "--timeout", "1s", "--", "echo", "hi")
    assert ended.returncode == 4
    assert ended.stdout == ""
    assert ended.stderr.count("cannot be written") <= 2, "once for the keeper, once for the note"


def test_who_asks_is_told_how_to_answer(house: House) -> None:
    asked = hitl(house, "request", "deploy")
    assert asked.returncode == 0
    folder = house.root / "Pending_Approval"
    assert f"{folder} cannot be written (Read-only file system)" in asked.stderr
    assert "answer with `hitl approve`" in asked.stderr
    assert hitl(house, "approve", asked.stdout.strip(), "--by", "ana").returncode == 0


def test_the_keeper_says_once_what_it_cannot_do(house: House) -> None:
    told: list[str] = []
    gate = house.gate(keeper=False)
    keeper = hv.Keeper(gate.config, gate.ledger, tell=told.append)
    keeper.start()
    try:
        eventually(lambda: told)
        time.sleep(2.5)
    finally:
        keeper.stop()
    assert len(told) == 1
    assert "cannot be written" in told[0]
