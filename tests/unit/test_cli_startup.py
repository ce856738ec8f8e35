"""Looking and answering load little, because a person waits for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.house import House

HEAVY = [
    "typer",
    "rich",
    "pydantic",
    "asyncio",
    "jinja2",
    "watchdog",
    "yaml",
    "filelock",
    "hitl_vault.keeper",
]

SCRIPT = f"""
import sys
from hitl_vault.cli.entry import run
code = run(sys.argv[1:])
print("code", code, "loaded", *[name for name in {HEAVY!r} if name in sys.modules])
"""


def last_line(house: House, *words: str) -> str:
    """Return what a command in a process of its own loaded."""
    place = {"HITL_VAULT": str(house.root), "HITL_STATE_DIR": str(house.state)}
    environment = os.environ | place | {"PYTHONPATH": str(Path(hv.__file__).parents[1])}
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words], capture_output=True, text=True, check=True, env=environment
    )
    return found.stdout.splitlines()[-1]


@pytest.mark.parametrize("words", ["list", "list --all --json", "show {id}", "approve {id}", "log", "verify"])
def test_a_quick_command_loads_nothing_heavy(work: Path, words: str) -> None:
    """`approve` leaves the drawing to the active keeper, where there is one."""
    house = House(work)
    house.found()
    try:
        gate = house.gate()
        request = gate.ask("payment", {"amount": 1})
        house.note(request)
        assert last_line(house, *words.format(id=request.id).split()) == "code 0 loaded"
    finally:
        house.close()


def test_help_is_what_loads_typer(work: Path) -> None:
    """So the list of heavy modules above is not merely misspelt."""
    assert "typer" in last_line(House(work), "--help")
