"""Looking and answering load little, because a person waits for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
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

SCRIPT = """
import sys
from hitl_vault.cli.entry import run
code = run(sys.argv[1:])
print("code", code, "loaded", *[name for name in HEAVY if name in sys.modules])
"""


def last_line(house: House, *words: str, heavy: Sequence[str] = HEAVY) -> str:
    """Return what a command in a process of its own loaded."""
    place = {"HITL_VAULT": str(house.root), "HITL_STATE_DIR": str(house.state)}
    script = SCRIPT.replace("HEAVY", repr(list(heavy)))
    environment = os.environ | place | {"PYTHONPATH": str(Path(hv.__file__).parents[1])}
    found = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True, env=environment
    )
    return found.stdout.splitlines()[-1]


@pytest.mark.parametrize("words", ["list", "list --all --json", "show {id}", "approve {id}", "log", "verify"])
def test_a_quick_command_loads_nothing_heavy(house: House, words: str) -> None:
    """`approve` leaves the drawing to the active keeper, where there is one."""
    request = house.gate().ask("payment", {"amount": 1})
    house.note(request)
    assert last_line(house, *words.format(id=request.id).split()) == "code 0 loaded"


def test_listing_loads_neither_what_writes_nor_what_folds(house: House) -> None:
    heavy = ["hitl_vault.gate", "hitl_vault.domain.record", "hitl_vault.ledger.writer", "secrets", "socket"]
    assert last_line(house, "list", heavy=heavy) == "code 0 loaded"


def test_help_is_what_loads_typer(home: House) -> None:
    """So the list of heavy modules above is not merely misspelt."""
    assert "typer" in last_line(home, "--help")
