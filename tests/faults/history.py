"""What several processes did and were told, as they wrote it down, one operation to a pair of lines.

A process writes one line before it begins and one when it has its answer; one that was killed in
between leaves the first line alone, and what it began may or may not have happened. All lines bear the
machine's monotonic clock, which every process reads alike.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hitl_vault as hv

Told = dict[str, Any]

_TOLD_BY = {
    hv.Rejected: "rejected",
    hv.Expired: "expired",
    hv.Cancelled: "cancelled",
    hv.WaitTimeout: "pending",
    hv.AlreadyClaimed: "executing",
}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation on one request. `end` is None where no answer came.

    `state` is what the answer told of the request; with `at_least`, the request may have been further on,
    as when a note is read or a wait ends. `decision` names the decision that was told of. `key` is what was
    asked under.
    """

    process: str
    verb: str
    request: str
    begin: int
    end: int | None = None
    state: str = ""
    at_least: bool = False
    decision: str = ""
    key: str = ""
    error: str = ""

    def __str__(self) -> str:
        answer = self.error or self.state or ("done" if self.end else "no answer")
        return f"{self.process} {self.verb} {self.begin}-{self.end or ''} ({answer})"


class Recorder:
    """Writes down what one process does. Safe to use from several threads."""

    def __init__(self, folder: Path, process: str) -> None:
        self._process = process
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._file = os.open(folder / f"{process}.jsonl", flags, 0o600)
        self._last = iter(range(1, 1 << 62))

    def do(self, verb: str, request: str, act: Callable[[], Told], **given: Any) -> Told:
        """Do something and write down when it began, when it ended, and what it told."""
        number = next(self._last)
        self._write(op=number, process=self._process, verb=verb, request=request, begin=now(), **given)
        try:
            told = act()
        except (hv.HitlVaultError, OSError) as error:
            told = {"error": type(error).__name__, **_told_by(verb, error)}
        self._write(op=number, end=now(), **told)
        return told

    def saw(self, verb: str, request: str, begin: int, end: int, state: str) -> None:
        """Write down one of several things that were told by one answer."""
        op = next(self._last)
        self._write(
            op=op, process=self._process, verb=verb, request=request, begin=begin, end=end, state=state
        )

    def _write(self, **line: Any) -> None:
        os.write(self._file, (json.dumps(line) + "\n").encode())


def _told_by(verb: str, error: Exception) -> Told:
    if verb == "claim" and isinstance(error, hv.InvalidTransition):
        return {"state": "pending"}
    state = next((state for kind, state in _TOLD_BY.items() if isinstance(error, kind)), "")
    return {"state": state, "at_least": isinstance(error, hv.AlreadyClaimed)}


def now() -> int:
    """Return the machine's monotonic clock, in nanoseconds."""
    return time.monotonic_ns()


def read(folder: Path) -> list[Operation]:
    """Return what all processes wrote down in a folder, in the order in which it began."""
    found = [op for path in sorted(folder.glob("*.jsonl")) for op in _paired(_whole(path))]
    return sorted(found, key=lambda op: op.begin)


def _whole(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def _paired(lines: Iterable[str]) -> Iterator[Operation]:
    known: dict[int, dict[str, Any]] = {}
    for line in lines:
        members = json.loads(line)
        known.setdefault(members.pop("op"), {}).update(members)
    yield from (Operation(**members) for members in known.values())
