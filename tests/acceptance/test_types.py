"""What a type checker tells those who use the package: the signatures are there, and mistakes are found."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import hitl_vault as hv

gate = hv.open_gate("vault", agent="crm-bot")

@gate.guard
def pay(eur: int, *, to: str) -> str:
    return to

@gate.guard(action="pay", timeout="1h", key=lambda eur: f"pay-{eur}")
def pay_all(eur: int) -> list[str]:
    return []

reveal_type(pay)
reveal_type(pay_all)
pay("9", to="ana")  # wrong
pay(9)  # wrong
gate.guard(action="pay", timout="1h")  # wrong

async def main(gate: hv.AsyncGate) -> None:
    @gate.guard
    async def ship(version: str) -> int:
        return 1

    @gate.guard(action="ship")
    async def ship_all(version: str) -> bool:
        return True

    reveal_type(await ship("1.4"))
    reveal_type(await ship_all("1.4"))
    await ship(1.4)  # wrong
    reveal_type(await gate.check("ship", {}, run="7"))
    await gate.check("ship", {}, rum="7")  # wrong
    await gate.ask("ship", timout="1h")  # wrong
    gate.guard(action="ship", timout="1h")  # wrong
    reveal_type((await gate.wait("id")).approved)

hv.open_async_gate("vault", agnt="crm-bot")  # wrong
"""

TYPES = [
    "def (eur: int, *, to: str) -> str",
    "def (eur: int) -> list[str]",
    "int",
    "bool",
    "hitl_vault.domain.policy.Ruling",
    "bool",
]


@pytest.mark.slow
def test_wrapped_signatures_stay_and_misspelt_options_are_found(work: Path) -> None:
    program = work / "program.py"
    program.write_text(PROGRAM)
    words = ["-m", "mypy", "--strict", "--cache-dir", str(ROOT / ".mypy_cache"), str(program)]
    told = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True).stdout
    wrong = [number for number, line in enumerate(PROGRAM.splitlines(), 1) if "# wrong" in line]
    assert sorted({int(number) for number in re.findall(r":(\d+): error:", told)}) == wrong
    assert re.findall(r'Revealed type is "(.*)"', told) == TYPES
