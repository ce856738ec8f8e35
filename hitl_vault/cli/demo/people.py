"""Who answers in the demo: a program that edits the notes, or the person at the terminal."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

import hitl_vault as hv
from hitl_vault.cli import render
from hitl_vault.cli.demo.timeline import Timeline

READING = 0.8
"""Seconds in which the program pretends to read a note, so that the eye can follow."""


class Person(Protocol):
    """Answers one request by its note."""

    def answer(self, action: str, note: Path) -> int | None:
        """Answer, or ask the person to; return when the note was saved, in nanoseconds, if that is known."""
        ...


class Program:
    """Edits the files from a process of its own, each time in another way."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    def answer(self, action: str, note: Path) -> int | None:
        time.sleep(READING)
        if action == "refund":
            self._timeline.line("person", "writes `status: approved` and saves (rename)")
            return self._edit(note, "replace", "status=approved", "approver=ana")
        if action == "deploy":
            self._timeline.line("person", "writes `comment: Not on a Friday`, saves (in place)")
            self._edit(note, "rewrite", "comment=Not on a Friday", "approver=ana")
            time.sleep(READING)
            self._timeline.line("person", "drags the note into Rejected/")
            return self._edit(note, "move", "Rejected")
        self._timeline.line("person", "is out to lunch, and does nothing")
        return None

    def _edit(self, note: Path, *how: str) -> int:
        command = [sys.executable, "-m", "hitl_vault.cli.demo.editor", str(note), *how]
        return int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


INVITATIONS = {
    "refund": "Open this note in any editor, write `status: approved`, and save. "
    "(Or tick Approve, or drag it into Approved/.)",
    "deploy": "Now say no: write `status: rejected` and a few words after `comment:`, and save. "
    "The agent gets them.",
    "erase-customer": "Leave this one alone: its deadline passes, and nothing runs.",
}


class Hand:
    """Invites the person at the terminal; answers from elsewhere, such as `hitl approve`, are as good."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    def answer(self, action: str, note: Path) -> int | None:
        print()
        for line in render.wrapped(INVITATIONS[action], render.width() - 2):
            print("  " + render.paint(line, "bold"))
        print(f"  {hv.text.one_line(str(note))}\n", flush=True)
        return None
