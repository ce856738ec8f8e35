"""What the page on trust modes shows works as it stands there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hitl_vault.domain.requirement import Mode
from tests.acceptance.pages import ROOT, blocks, run, run_python

PAGE = ROOT / "docs" / "trust.md"


@pytest.fixture
def environment(work: Path) -> dict[str, str]:
    """Where `hitl` is a command, and nothing says where the state directories are."""
    (work / "bin").mkdir()
    hitl = work / "bin" / "hitl"
    hitl.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hitl_vault.cli "$@"\n')
    hitl.chmod(0o755)
    path = f"{work / 'bin'}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(work), "XDG_STATE_HOME": str(work / "state"), "HITL_STATE_DIR": ""}


def test_every_command_and_the_program_on_the_page_run(work: Path, environment: dict[str, str]) -> None:
    script = "set -eu\n" + blocks(PAGE, "sh")
    done = run(["sh", "-c", script], work, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("approved") == 3
    program = run_python(blocks(PAGE, "python"), work, **environment)
    assert (program.returncode, program.stdout) == (0, "approved\n"), program.stderr


def test_the_page_explains_every_mode() -> None:
    text = PAGE.read_text("utf-8")
    assert [mode for mode in Mode if f"| `{mode}` |" not in text] == []
