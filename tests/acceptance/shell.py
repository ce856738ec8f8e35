"""The command line as tests use it: in this process where that tells as much, else in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import hitl_vault as hv
from hitl_vault.cli.entry import run
from tests.house import House


class Result:
    """How a command ended, and what it wrote."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        """What it wrote, as JSON."""
        return json.loads(self.out)


class Shell:
    """Types commands at one vault."""

    def __init__(self, house: House, capture: pytest.CaptureFixture[str]) -> None:
        self.house = house
        self._capture = capture
        self._running: list[subprocess.Popen[str]] = []

    def __call__(self, *words: str) -> Result:
        """Run `hitl` with these words in this process."""
        self._capture.readouterr()
        code = run(words)
        written = self._capture.readouterr()
        return Result(code, written.out, written.err)

    def ask(self, *words: str, action: str = "payment") -> str:
        """Ask, and return the id."""
        result = self("request", action, *words)
        assert (result.code, result.err) == (0, "")
        return result.out.strip()

    def start(self, *words: str, **streams: Any) -> subprocess.Popen[str]:
        """Start `hitl` in a process of its own, which is killed after the test."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL} | streams
        process = subprocess.Popen(
            [sys.executable, "-m", "hitl_vault.cli", *words], text=True, env=self.environment(), **pipes
        )
        self._running.append(process)
        return process

    def environment(self) -> dict[str, str]:
        """Return the environment of a process that finds this package and this vault."""
        place = {"HITL_VAULT": str(self.house.root), "HITL_STATE_DIR": str(self.house.state)}
        return {**os.environ, **place, "PYTHONPATH": str(Path(hv.__file__).parents[1])}

    def close(self) -> None:
        """Kill what still runs."""
        while self._running:
            process = self._running.pop()
            process.kill()
            process.communicate()
