"""Many processes on one vault at once, some of them killed, and what can be said of it afterwards."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import hitl_vault as hv
from hitl_vault.vault.ballot import read_ballot
from tests.faults import checker, inspection
from tests.faults.actors import told_by
from tests.faults.history import Operation, Recorder, read
from tests.faults.stage import Stage
from tests.house import House, eventually

CAST = ("agent", "agent", "person", "person", "reader", "keeper", "keeper")
_GRACE = 30.0
"""Seconds that actors may take to end once their time is over."""


@dataclass
class Account:
    """What happened in all: the history, how many were killed, and every sentence about what is wrong."""

    history: list[Operation]
    killed: int
    wrong: list[str]

    def counts(self) -> Counter[str]:
        """Return how much of each there was."""
        counts = Counter(op.verb for op in self.history)
        counts["requests"] = len({op.request for op in self.history if op.request})
        counts["operations"], counts["killed"] = len(self.history), self.killed
        counts["answers"] = sum(1 for op in self.history if op.state)
        return counts


@dataclass
class Bustle:
    """A vault with a cast of processes on it, of which the first `steady` are never killed.

    Everything drawn by lot comes from `seed`.
    """

    house: House
    seed: int
    seconds: float
    rate: float = 6.0
    kill_every: float = 0.0
    cast: Sequence[str] = CAST
    steady: int = 0
    killed: int = 0
    playing: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder = self.house.work / "history"
        self.folder.mkdir(parents=True)
        self._chance = random.Random(self.seed)
        self._begin = time.monotonic()
        self._ends = self._begin + self.seconds
        self._started = 0

    def play(self, stage: Stage) -> None:
        """Let all play until the end, killing one now and then."""
        for part in self.cast:
            self._enter(stage, part)
        while (left := self._ends - time.monotonic()) > 0:
            time.sleep(min(left, self._pause()))
            if self.kill_every and self._ends - time.monotonic() > 1:
                self._replace_one(stage)

    def _pause(self) -> float:
        return self.kill_every * self._chance.uniform(0.5, 1.5) if self.kill_every else self.seconds

    def _enter(self, stage: Stage, part: str) -> None:
        self._started += 1
        name = f"{part}-{self._started}"
        order = {
            "part": part,
            "name": name,
            "seed": f"{self.seed} {name}",
            "root": str(self.house.root),
            "state": str(self.house.state),
            "folder": str(self.folder),
            "begin": self._begin,
            "ends": self._ends,
            "rate": self.rate,
        }
        self.playing[stage.start(order)] = part

    def _replace_one(self, stage: Stage) -> None:
        pid = self._chance.choice(list(self.playing)[self.steady :])
        stage.kill(pid)
        self.killed += 1
        self._enter(stage, self.playing.pop(pid))

    def account(self, stage: Stage) -> Account:
        """Wait until all have ended, put the vault in order, and tell what is wrong."""
        found = list(self._ended_badly(stage))
        with hv.open_gate(self.house.root, agent="crm-bot", state_dir=self.house.state) as gate:
            found += _unread(gate)
            self._read_all(gate)
            found += inspection.doubled(gate.ledger)
            found += inspection.await_order(gate, seconds=20)
        history = read(self.folder)
        return Account(history=history, killed=self.killed, wrong=checker.wrong(history) + found)

    def _ended_badly(self, stage: Stage) -> Iterator[str]:
        try:
            eventually(lambda: not stage.living(), _GRACE)
        except AssertionError:
            yield f"{len(stage.living())} processes did not end"
        for path in sorted(self.folder.glob("*.err")):
            if "Traceback" in (text := path.read_text()):
                yield f"{path.stem}: {text.strip().rpartition(chr(10))[2]}"

    def _read_all(self, gate: hv.Gate) -> None:
        record = Recorder(self.folder, "afterwards")
        for row in gate.ledger.rows():
            asked = gate.get(row.id)
            record.do("last read", row.id, lambda asked=asked: told_by(asked), key=asked.request.key)  # type: ignore[misc]


def _unread(gate: hv.Gate) -> list[str]:
    """Wait until every answer that can be read in a note has been taken in; return those that are not."""
    try:
        eventually(lambda: not list(_answered(gate)), 20)
    except AssertionError:
        return [f"{id} was answered in its note, and is still pending" for id in _answered(gate)]
    return []


def _answered(gate: hv.Gate) -> Iterator[str]:
    for row in gate.ledger.rows(states={hv.State.PENDING}):
        lying = [
            path for place in inspection.IN_PLAY for path in (gate.config.root / place).glob(f"{row.id}*")
        ]
        if len(lying) == 1 and _one_verdict(lying[0]):
            yield row.id


def _one_verdict(note: Path) -> bool:
    try:
        return len(read_ballot(note.read_bytes()).verdicts) == 1
    except (hv.BallotInvalid, FileNotFoundError):
        return False  # no answer, or one that is being taken in
