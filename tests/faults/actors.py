"""The parts that agents and people play in a history, each in a process of its own."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import hitl_vault as hv
from tests.faults.history import Recorder, Told

_AT_ONCE = 16
PROBE = "probe"
"""The action that people leave alone, since its agent answers for itself."""


class Actor:
    """A process with a part to play until its time is over."""

    def __init__(self, order: dict[str, Any], *, keeper: bool = False) -> None:
        self.root, self.state = Path(order["root"]), Path(order["state"])
        self.chance = random.Random(order["seed"])
        self.begin, self.rate, self.ends = order["begin"], order["rate"], order["ends"]
        self.record = Recorder(Path(order["folder"]), order["name"])
        self.gate = self.open(keeper=keeper)

    def open(self, *, keeper: bool = False) -> hv.Gate:
        """Open a gate of the vault."""
        return hv.open_gate(self.root, agent="crm-bot", state_dir=self.state, keeper=keeper)

    def left(self) -> float:
        """Return the seconds until the end, 0 when it has come."""
        return float(max(0.0, self.ends - time.monotonic()))

    def at_most(self, seconds: float) -> None:
        """Sleep for up to so long."""
        time.sleep(min(self.chance.random() * seconds, self.left()))

    def read(self, id: str, gate: hv.Gate | None = None) -> Told:
        """Read a request's record."""
        return self.record.do(
            "read", id, lambda: told_by(self.gate.get(id) if gate is None else gate.get(id))
        )


def told_by(record: hv.Record) -> Told:
    """Return what a record tells."""
    return {"state": str(record.state), "decision": _name(record.decision)}


def _name(decision: hv.Decision | None) -> str:
    return f"{decision.at.isoformat()} {','.join(decision.by)}" if decision else ""


class Agent(Actor):
    """Asks what every other agent asks as well, under the same keys, and runs what it is granted."""

    def play(self) -> None:
        """Take on the job of the hour, until the end; pass one over when there is too much to do."""
        last, jobs = -1, list[Future[None]]()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            while self.left():
                job = int((time.monotonic() - self.begin) * self.rate)
                jobs = _unfinished(jobs)
                if job != last and len(jobs) < _AT_ONCE:
                    jobs.append(pool.submit(self.job, job))
                last = job
                time.sleep(0.004)
        _unfinished(jobs)

    def job(self, number: int) -> None:
        """Ask, wait, claim, run and report."""
        key, context = f"job-{number}", {"n": number}
        asked = self.record.do("ask", "", lambda: self._ask(key, context), key=key)
        id = asked.get("request")
        if not id:
            return
        if self.chance.random() < 0.04:
            self.at_most(0.3)
            self.record.do("cancel", id, lambda: told_by(self.gate.cancel(id)))
        if self._approved(id):
            self.at_most(self.chance.choice([0, 0, 0.5]))
            self._claim(id, context)
            self.read(id)

    def _ask(self, key: str, context: Told) -> Told:
        request = self.gate.ask("refund", context, key=key, timeout=None)
        return {"request": request.id, "state": "pending", "at_least": True}

    def _approved(self, id: str) -> bool:
        while self.left():
            told = self.record.do("wait", id, lambda: self._wait(id))
            if told.get("error") != "WaitTimeout":
                return bool(told["state"] == "approved")
        return False

    def _wait(self, id: str) -> Told:
        decision = self.gate.wait(id, timeout=min(2.0, self.left()))
        return {"state": str(decision.state), "at_least": True, "decision": _name(decision)}

    def _claim(self, id: str, context: Told) -> None:
        grants: list[hv.Grant] = []
        self.record.do("claim", id, lambda: granted(grants, self.gate.claim(id, context, action="refund")))
        for grant in grants:
            self.record.do("run", id, dict)
            self.at_most(0.03)
            self._report(grant)

    def _report(self, grant: hv.Grant) -> None:
        if self.chance.random() < 0.8:
            self.record.do("executed", grant.request.id, lambda: reported(grant.executed, "executed"))
        else:
            self.record.do("failed", grant.request.id, lambda: reported(lambda: grant.failed("no"), "failed"))


def granted(grants: list[hv.Grant], grant: hv.Grant) -> Told:
    """Keep a grant, and return what it tells."""
    grants.append(grant)
    return {"state": "executing", "decision": _name(grant.decision)}


def _unfinished(jobs: list[Future[None]]) -> list[Future[None]]:
    """Return those that are not done; raise what went wrong in the others."""
    for job in jobs:
        if job.done():
            job.result()
    return [job for job in jobs if not job.done()]


def reported(report: Callable[[], None], state: str) -> Told:
    """Report an outcome, and return what that tells."""
    report()
    return {"state": state}


class Person(Actor):
    """Answers notes in every way that there is, without asking whether somebody else does."""

    def play(self) -> None:
        """Answer one of the oldest notes, until the end."""
        while self.left():
            lying = (self.root / "Pending_Approval").glob("[0-9]*.md")
            waiting = sorted(note for note in lying if PROBE not in note.name)[:6]
            if waiting:
                self.answer(self.chance.choice(waiting))
            self.at_most(2.0 / self.rate)

    def answer(self, note: Path) -> None:
        """Answer a note; then look what came of it, now and then."""
        verdict = "approve" if self.chance.random() < 0.75 else "reject"
        ways = [self._save, self._replace, self._tick, self._move, self._decide, self._command]
        way = self.chance.choices(ways, [6, 5, 5, 4, 3, 1])[0]
        self.record.do(verdict, note.stem, lambda: way(note, verdict))
        if self.chance.random() < 0.3:
            self.read(note.stem)
        if self.chance.random() < 0.35:
            self._think_again(note, "reject" if verdict == "approve" else "approve")

    def _think_again(self, note: Path, verdict: str) -> None:
        self.at_most(0.4)
        self.record.do(verdict, note.stem, lambda: self._decide(note, verdict))

    def _save(self, note: Path, verdict: str) -> Told:
        note.write_text(_answered(note, verdict))  # in place, or where a note was, as editors do
        return {}

    def _replace(self, note: Path, verdict: str) -> Told:
        new = note.with_name(f".{note.name}.{os.getpid()}.swp")
        new.write_text(_answered(note, verdict))
        new.rename(note)
        return {}

    def _tick(self, note: Path, verdict: str) -> Told:
        box = f"- [ ] {verdict.capitalize()}\n"
        text = note.read_text()
        note.write_text(text.replace(box, box.replace("[ ]", "[x]"), 1))
        return {}

    def _move(self, note: Path, verdict: str) -> Told:
        note.rename(self.root / ("Approved" if verdict == "approve" else "Rejected") / note.name)
        return {}

    def _decide(self, note: Path, verdict: str) -> Told:
        return told_by(self.gate.decide(note.stem, verdict, by="ana"))

    def _command(self, note: Path, verdict: str) -> Told:
        where = ["--vault", str(self.root), "--state-dir", str(self.state)]
        command = [sys.executable, "-m", "hitl_vault", verdict, note.stem, "--by", "ben", *where]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        state = "approved" if verdict == "approve" else "rejected"
        return {"state": state, "at_least": True} if done.returncode == 0 else {"error": done.stderr[-200:]}


def _answered(note: Path, verdict: str) -> str:
    word = "approved" if verdict == "approve" else "rejected"
    return note.read_text().replace('status: "pending"', f"status: {word}", 1)
