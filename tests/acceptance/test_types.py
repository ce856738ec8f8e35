"""What a type checker tells those who use the package: the signatures are there, and mistakes are found."""

from __future__ import annotations

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
pay("9", to="ana")
pay(9)

async def main(gate: hv.AsyncGate) -> None:
    @gate.guard
    async def ship(version: str) -> int:
        return 1

    @gate.guard(action="ship")
    async def ship_all(version: str) -> bool:
        return True

    reveal_type(await ship("1.4"))
    reveal_type(await ship_all("1.4"))
    await ship(1.4)
    reveal_type(await gate.check("ship", {}, run="7"))
    await gate.check("ship", {}, rum="7")
    await gate.ask("ship", timout="1h")
    reveal_type((await gate.wait("id")).approved)

hv.open_async_gate("vault", agnt="crm-bot")
"""

TOLD = """
14 note: Revealed type is "def (eur: int, *, to: str) -> str"
15 note: Revealed type is "def (eur: int) -> list[str]"
16 error: Argument 1 to "pay" has incompatible type "str"
17 error: Missing named argument "to" for "pay"
28 note: Revealed type is "int"
29 note: Revealed type is "bool"
30 error: Argument 1 to "ship" has incompatible type "float"
31 note: Revealed type is "hitl_vault.domain.policy.Ruling"
32 error: Unexpected keyword argument "rum"
33 error: Unexpected keyword argument "timout"
34 note: Revealed type is "bool"
36 error: Unexpected keyword argument "agnt" for "open_async_gate"
"""


@pytest.mark.slow
def test_wrapped_signatures_stay_and_misspelt_options_are_found(work: Path) -> None:
    program = work / "program.py"
    program.write_text(PROGRAM)
    words = ["--strict", "--hide-error-codes", "--no-error-summary", "--cache-dir", str(ROOT / ".mypy_cache")]
    found = subprocess.run(
        [sys.executable, "-m", "mypy", *words, str(program)], cwd=ROOT, capture_output=True, text=True
    )
    lines = [line for line in found.stdout.splitlines() if "error:" in line or "Revealed" in line]
    told = [":".join(line.split(";")[0].split(":")[1:]).replace(":", "", 1) for line in lines]
    assert told == TOLD.strip().splitlines()
