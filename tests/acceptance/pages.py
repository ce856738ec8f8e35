"""The pages of the documentation: what examples they show, and how these are run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(page: Path, language: str) -> list[str]:
    """Return the examples of a page in one language."""
    return [code for name, code in _FENCE.findall(page.read_text("utf-8")) if name == language]


def blocks(page: Path, language: str) -> str:
    """Return the examples of a page in one language as one text."""
    return "\n".join(examples(page, language))


def run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder; it finds this package, and the variables that are given."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def run_python(code: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder."""
    return run([sys.executable, "-c", code], folder, **environment)


def run_hitl(*words: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `hitl` in a folder."""
    return run([sys.executable, "-m", "hitl_vault", *words], folder, **environment)
