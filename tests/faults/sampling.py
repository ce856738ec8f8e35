"""What processes and the ledger hold on to, looked at again and again while they are at work."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Held:
    """What one process holds: memory in MiB (resident), open descriptors, threads."""

    memory: float
    descriptors: int
    threads: int


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One look: seconds since the beginning, what each process holds by name, sizes in bytes, and counts."""

    at: float
    held: dict[str, Held]
    ledger: int
    wal: int
    entries: int
    bells: int

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)


def held_by(pid: int) -> Held:
    """Return what a process holds; `FileNotFoundError` when it has ended."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return Held(
        memory=int(status["VmRSS"].split()[0]) / 1024,
        descriptors=len(os.listdir(f"/proc/{pid}/fd")),
        threads=int(status["Threads"]),
    )


def sample(pids: dict[str, int], kept: Path, entries: int, began: float) -> Sample:
    """Look once at processes, and at the folder in which the ledger is."""
    return Sample(
        at=time.monotonic() - began,
        held={name: held_by(pid) for name, pid in pids.items()},
        ledger=_size(kept / "ledger.db"),
        wal=_size(kept / "ledger.db-wal"),
        entries=entries,
        bells=len(os.listdir(kept / "bells")),
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
