"""The demo's course: the vault, the agent, the three requests, and what is there at the end."""

from __future__ import annotations

import json
import os
import queue
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hitl_vault as hv
from hitl_vault.cli import render
from hitl_vault.cli.demo.people import Hand, Person, Program
from hitl_vault.cli.demo.timeline import Timeline
from hitl_vault.cli.entries import entry_line
from hitl_vault.cli.exits import DONE, ERROR, say

ACTIONS = ("refund", "deploy", "erase-customer")
DEADLINES = {True: "20s", False: "4s"}
"""How long the last request waits, by whether a person answers by hand."""

PATIENCE = {True: 1800.0, False: 30.0}
LOOK_EVERY = 0.02

_TOLD = (hv.Kind.HELD, hv.Kind.REFUSED, hv.Kind.FLAGGED, hv.Kind.TAMPERED)


def tell(folder: Path, state_dir: str | None, *, by_hand: bool) -> int:
    """Play the demo in a new vault at `folder` and return the exit code."""
    timeline = Timeline()
    config = hv.init_vault(folder, state_dir=state_dir)
    timeline.line("vault", f"made in {config.root}")
    with hv.open_gate(config.root, state_dir=state_dir, keeper=False) as gate:
        with _agent(gate, state_dir, DEADLINES[by_hand]) as agent:
            story = Story(gate, agent, timeline, by_hand=by_hand)
            story.play()
            agent.process.wait(timeout=10)
        print()
        render.write(_remains(gate, timeline.seconds, state_dir))
        decided = {gate.get(id).state for id in story.ids.values()}
    if agent.process.returncode or hv.State.PENDING in decided:
        say("the demo did not end as it should; please report what it printed")
        return ERROR
    return DONE


class Agent:
    """The agent's process, and what it reports: `reports` holds its JSON lines, then None."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.reports: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.reports.put(json.loads(line))
        self.reports.put(None)


@contextmanager
def _agent(gate: hv.Gate, state_dir: str | None, deadline: str) -> Iterator[Agent]:
    command = [
        sys.executable,
        "-m",
        "hitl_vault.cli.demo.agent",
        str(gate.config.root),
        state_dir or "",
        deadline,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Agent(process)
        finally:
            process.terminate()


class Story:
    """Three requests, from the asking to how the agent went on."""

    def __init__(self, gate: hv.Gate, agent: Agent, timeline: Timeline, *, by_hand: bool) -> None:
        self._gate = gate
        self._agent = agent
        self._timeline = timeline
        self._person: Person = Hand(timeline) if by_hand else Program(timeline)
        self._ends = time.monotonic() + PATIENCE[by_hand]
        self._asked = threading.Condition()
        self.ids: dict[str, str] = {}

    def play(self) -> None:
        """Let the agent ask and the person answer, one after the other."""
        unsubscribe = self._gate.ledger.subscribe(self._happened)
        try:
            for entry in self._gate.ledger.entries():
                self._learn(entry)
            for action in ACTIONS:
                self._one(action)
        finally:
            unsubscribe()

    def _happened(self, entries: list[hv.Entry]) -> None:
        for entry in entries:
            self._learn(entry)
            if entry.kind in _TOLD:
                self._timeline.line("note", entry_line(entry))

    def _learn(self, entry: hv.Entry) -> None:
        if entry.kind is not hv.Kind.ASKED or entry.request in self.ids.values():
            return
        asked = self._gate.get(entry.request).request
        self._timeline.line("agent", f"asks: {asked.summary}", at=_ns(entry.at))
        with self._asked:
            self.ids[asked.action] = asked.id
            self._asked.notify_all()

    def _one(self, action: str) -> None:
        note = self._note(action)
        saved = self._person.answer(action, note)
        report, seen = self._report(action, note)
        record = self._gate.get(self.ids[action])
        if record.decision:
            by = f" by {', '.join(record.decision.by)}" if record.decision.by else ""
            self._timeline.line("ledger", f"{record.decision.state}{by}", at=_ns(record.decision.at))
        self._timeline.line("agent", report["said"], at=report["at"])
        took = _took(saved or seen, report["at"], self._gate.config.settings.settle)
        if took:
            self._timeline.line("", took, at=report["at"])

    def _note(self, action: str) -> Path:
        """Return a request's note, once the agent has asked and the note is there."""
        with self._asked:
            if not self._asked.wait_for(lambda: action in self.ids, timeout=10):
                raise hv.HitlVaultError(f"the agent never asked for {action!r}")
        record = self._gate.get(self.ids[action])
        note = hv.Layout(self._gate.config.root).home(record)
        while not note.exists():
            self._check_time()
            time.sleep(LOOK_EVERY)
        self._timeline.line("note", f"{note.parent.name}/{note.name}")
        return note

    def _report(self, action: str, note: Path) -> tuple[dict[str, Any], int | None]:
        """Return how the agent went on, and when the note was last seen to be saved before that."""
        drawn, saved = _saved(note), None
        while True:
            saved = now if (now := _saved(note)) not in (None, drawn) else saved
            try:
                report = self._agent.reports.get(timeout=LOOK_EVERY)
            except queue.Empty:
                self._check_time()
                continue
            if report is None:
                raise hv.HitlVaultError(f"the agent ended before {action!r} was answered")
            if report["action"] == action:
                return report, saved
            self._agent.reports.put(report)

    def _check_time(self) -> None:
        if time.monotonic() > self._ends:
            raise hv.HitlVaultError("the demo took too long and was given up")


def _saved(note: Path) -> int | None:
    try:
        return note.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _ns(at: Any) -> int:
    return int(at.timestamp() * 1e9)


def _took(saved: int | None, resumed: int, settle: float) -> str:
    if saved is None or resumed < saved:
        return ""
    seconds = (resumed - saved) / 1e9
    return f"{seconds:.3f} s after the save, {settle:g} s of them to let it settle"


def _program() -> str:
    """Return what starts this program again: its name where the shell finds it, else its path."""
    started = Path(sys.argv[0])
    return "hitl" if shutil.which("hitl") or started.name != "hitl" else os.path.relpath(started)


def _remains(gate: hv.Gate, seconds: float, state_dir: str | None) -> Iterator[str]:
    root = gate.config.root
    words = [_program(), "list", "--all", "--vault", str(root)]
    words += ["--state-dir", state_dir] if state_dir else []
    yield f"What the folders hold after {seconds:.1f} s:"
    for folder in ("Pending_Approval", "Approved", "Rejected", "Done"):
        names = sorted(path.name for path in (root / folder).glob("*.md"))
        yield f"  {folder + '/':<18} {names[0] if names else '-'}"
        yield from (f"{'':21}{name}" for name in names[1:])
    yield ""
    yield f"The ledger holds {gate.ledger.verify()} entries, and every one fits. Look around:"
    yield f"  {shlex.join(words)}"
    yield f"  or open {root} in Obsidian"
