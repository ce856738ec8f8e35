"""`hitl demo` shows approval, rejection and expiry with real files, and measures."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

from tests.acceptance.shell import Shell

SAVED = re.compile(r"(\d+\.\d{3}) s after the save")


def test_the_demo_walks_through_three_answers_in_under_20_seconds(hitl: Shell, work: Path) -> None:
    environment = hitl.environment() | {"COLUMNS": "200"}
    start = time.monotonic()
    found = subprocess.run(
        [sys.executable, "-m", "hitl_vault.cli", "demo", "--auto", "--vault", str(work / "shown")],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert time.monotonic() - start < 20
    times = [float(seconds) for seconds in SAVED.findall(found.stdout)]
    assert len(times) == 2
    assert all(0.5 <= seconds < 2 for seconds in times)
    for text in ("refunds 900 EUR", "rejected: Not on a Friday", "leaves it, expired", "every one fits"):
        assert text in found.stdout
    held = {
        folder: len(list((work / "shown" / folder).glob("*.md")))
        for folder in ("Pending_Approval", "Rejected", "Done")
    }
    assert held == {"Pending_Approval": 0, "Rejected": 2, "Done": 1}


def test_the_demo_leaves_a_folder_with_something_in_it_alone(hitl: Shell) -> None:
    result = hitl("demo", "--auto", "--vault", str(hitl.house.root))
    assert result.code == 2
    assert "not empty" in result.err
