"""A vault with a keeper in it, and the things that people do to notes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import hitl_vault as hv
from hitl_vault import acts

T = TypeVar("T")


def eventually(look: Callable[[], T], seconds: float = 8.0) -> T:
    """Return the first true answer of `look`; fail when there is none in time."""
    ends = time.monotonic() + seconds
    while not (answer := look()):
        assert time.monotonic() < ends, f"it never came true within {seconds} s"
        time.sleep(0.005)
    return answer


def ask(
    gate: hv.Gate,
    timeout: float | None = None,
    *,
    context: Mapping[str, Any] | None = None,
    schema: Mapping[str, Any] | None = None,
    **needs: Any,
) -> hv.Request:
    """Ask with a requirement of our own, as a policy would give it; `timeout` in seconds."""
    asking = acts.Asking(
        action="refund",
        context={"eur": 900} if context is None else context,
        agent=gate.agent,
        timeout=None if timeout is None else timedelta(seconds=timeout),
        requirement=hv.Requirement(**needs),
        schema=schema,
    )
    return gate.ledger.write(lambda writer: acts.ask(writer, asking)).request


class Script:
    """A running Python process and what it prints."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def line(self) -> str:
        """Return the next line that it prints; empty at the end."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        self.process.kill()
        self.process.wait()


class House:
    """One vault on disk, with gates on it."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.root = work / "vault"
        self.state = work / "state"
        self._gates: list[hv.Gate] = []
        self._scripts: list[subprocess.Popen[str]] = []

    def found(self, **settings: str) -> hv.Config:
        """Make the vault; quick to settle unless told otherwise."""
        usual: dict[str, Any] = {"settle": "0.05s", "flag_after": "0.3s"}
        return hv.init_vault(self.root, state_dir=self.state, **(usual | settings))

    def kept(self) -> Path:
        """Return the state directory of the vault."""
        return hv.load_config(self.root, state_dir=self.state).state

    def gate(self, agent: str = "crm-bot", *, keeper: bool = True, **options: object) -> hv.Gate:
        """Open a gate that is closed after the test."""
        gate = hv.open_gate(self.root, agent=agent, state_dir=self.state, keeper=keeper, **options)  # type: ignore[arg-type]
        self._gates.append(gate)
        return gate

    def async_gate(self, agent: str = "crm-bot", *, keeper: bool = True) -> hv.AsyncGate:
        """Return a gate whose verbs are awaited, to be opened with `async with`."""
        return hv.open_async_gate(self.root, agent=agent, state_dir=self.state, keeper=keeper)

    def script(self, body: str, *, wrapper: Sequence[str] = ()) -> Script:
        """Run Python in a process of its own, with a `gate` on the vault open; killed after the test."""
        opening = (
            "import sys, time\n"
            "import hitl_vault as hv\n"
            f"gate = hv.open_gate({str(self.root)!r}, agent='crm-bot', state_dir={str(self.state)!r})\n"
        )
        process = subprocess.Popen(
            [*wrapper, sys.executable, "-c", opening + textwrap.dedent(body)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
        self._scripts.append(process)
        return Script(process)

    def close(self) -> None:
        """Close every gate and kill every script."""
        while self._scripts:
            process = self._scripts.pop()
            process.kill()
            process.communicate()
        while self._gates:
            self._gates.pop().close()

    def path(self, request: hv.Request, folder: str = "Pending_Approval") -> Path:
        """Return where a request's note lies in a folder."""
        return self.root / folder / f"{request.id}.md"

    def note(self, request: hv.Request, folder: str = "Pending_Approval") -> Path:
        """Return a request's note once it is there."""
        path = self.path(request, folder)
        eventually(path.exists)
        return path

    def edit(self, request: hv.Request, *changes: tuple[str, str], end: str = "") -> Path:
        """Replace texts in a pending note, in place as Obsidian does; `end` is added to its Notes."""
        note = self.note(request)
        text = note.read_text()
        for old, new in changes:
            assert old in text, f"{old!r} is not in the note"
            text = text.replace(old, new, 1)
        note.write_text(text + end)
        return note

    def vote(self, request: hv.Request, word: str, **fields: str) -> Path:
        """Set `status`, and other fields, in a pending note."""
        changes = [(f'{name}: ""', f"{name}: {value}") for name, value in fields.items()]
        return self.edit(request, ('status: "pending"', f"status: {word}"), *changes)

    def says(self, request: hv.Request, text: str, folder: str = "Pending_Approval") -> bool:
        """Tell whether a request's note has a text."""
        path = self.path(request, folder)
        return path.exists() and text in path.read_text()

    def aside(self) -> list[Path]:
        """Return what lies in `Set_Aside/`."""
        return sorted((self.root / "Set_Aside").glob("*"))
