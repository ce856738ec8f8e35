"""Runs a victim under strace, which kills it or fails one of its system calls at a chosen moment."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.forking import Forker

CHANGING = (
    *("write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2", "link", "linkat"),
    *("unlink", "unlinkat", "rmdir", "openat", "ftruncate", "fallocate", "mkdir", "mkdirat", "mknod"),
    *("mknodat", "flock", "chmod", "fchmod", "truncate", "writev", "pwritev", "symlink", "sendfile"),
    *("copy_file_range", "symlinkat", "pwritev2"),
)
"""The system calls that change what is on a disk, or who may."""

_CALL = re.compile(r"^(\d+)\s+(\w+)\(")
_SECONDS = 30.0


@dataclass
class Run:
    """How a victim ended: its exit code (negative for a signal) and what it said before."""

    code: int
    said: list[dict[str, Any]] = field(default_factory=list)
    errors: str = ""
    trace: str = ""

    @property
    def killed(self) -> bool:
        """Whether the injected signal struck."""
        return self.code == -signal.SIGKILL


class Zygote(Forker):
    """A warm Python process from which victims are forked. One at a time."""

    def __init__(self) -> None:
        super().__init__("tests.faults.victim")

    def run(self, order: dict[str, Any], *options: str, trace: Path | None = None) -> Run:
        """Run one victim, under strace if there are options for it."""
        out = Path(order["out"])
        pid = self._fork(order)
        _await_stop(pid)
        tracer = _attach(pid, options, trace) if options else None
        os.kill(pid, signal.SIGCONT)
        code = int(self._line())
        if tracer:
            tracer.wait(timeout=_SECONDS)
            assert tracer.stderr
            tracer.stderr.close()
        errors = Path(f"{out}.err")
        return Run(
            code=code,
            said=[json.loads(line) for line in _lines(out)],
            errors=errors.read_text(errors="replace") if errors.exists() else "",
            trace=trace.read_text(errors="replace") if trace and trace.exists() else "",
        )


def killing(call: str, number: int) -> tuple[str, ...]:
    """Return strace's options for a kill just before a thread's nth call of this name."""
    return _injecting(call, f"signal=SIGKILL:when={number}")


def failing(call: str, number: str, error: str) -> tuple[str, ...]:
    """Return strace's options for an error in place of a thread's nth call; `3+` means from then on."""
    return _injecting(call, f"error={error}:when={number}")


def watching(*calls: str) -> tuple[str, ...]:
    """Return strace's options that only write down these calls, with the paths of their files."""
    return ("-y", "-s", "200", "-e", f"trace={','.join(calls)}")


def counts(trace: str) -> Counter[str]:
    """Return how often each call occurs at most in one thread of a trace."""
    per_thread: Counter[tuple[str, str]] = Counter()
    for line in trace.splitlines():
        if found := _CALL.match(line):
            per_thread[found[1], found[2]] += 1
    most: Counter[str] = Counter()
    for (_, call), number in per_thread.items():
        most[call] = max(most[call], number)
    return most


def _injecting(call: str, what: str) -> tuple[str, ...]:
    return ("-e", f"trace={call}", "-e", f"inject={call}:{what}")


def _attach(pid: int, options: tuple[str, ...], trace: Path | None) -> subprocess.Popen[str]:
    where = str(trace) if trace else os.devnull
    tracer = subprocess.Popen(
        ["strace", "-f", "-o", where, *options, "-p", str(pid)], stderr=subprocess.PIPE, text=True
    )
    assert tracer.stderr
    told = tracer.stderr.readline()
    if "attached" not in told:
        os.kill(pid, signal.SIGKILL)
        os.kill(pid, signal.SIGCONT)
        raise AssertionError(f"strace may not trace here, so nothing can be shown: {told.strip()}")
    return tracer


def _await_stop(pid: int) -> None:
    while _state(pid) not in ("T", "t", "Z"):
        os.sched_yield()


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _lines(path: Path) -> list[str]:
    whole = path.read_text() if path.exists() else ""
    return [line for line in whole.splitlines(keepends=True) if line.endswith("\n")]
