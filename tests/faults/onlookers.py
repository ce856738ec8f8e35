"""Parts that look on, keep the vault, or measure."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import hitl_vault as hv
from tests.faults.actors import PROBE, Actor, granted, reported
from tests.faults.history import Told, now

_DRAWN = re.compile(r'^status: "(\w+)"\n(?:.*\n)*?decided: ', re.MULTILINE)
_RESOLVED = ("Approved", "Rejected", "Done")


class Reader(Actor):
    """Looks at records, lists and notes all the time, at times through a gate that it just opened."""

    def play(self) -> None:
        """Look at what is newest, until the end."""
        while self.left():
            ids = self._list()
            if ids:
                self.read(self.chance.choice(ids))
                self._afresh(ids)
                self._note(self.chance.choice(ids))
            self.at_most(0.15)

    def _list(self) -> list[str]:
        begin = now()
        rows = self.gate.ledger.rows(limit=10)
        end = now()
        for row in rows:
            self.record.saw("list", row.id, begin, end, str(row.state))
        return [row.id for row in rows]

    def _afresh(self, ids: list[str]) -> None:
        if self.chance.random() < 0.2:
            with self.open() as gate:
                self.read(self.chance.choice(ids), gate)

    def _note(self, id: str) -> None:
        note = self.root / self.chance.choice(_RESOLVED) / f"{id}.md"
        if note.exists():
            self.record.do("see", id, lambda: _seen(note))


def _seen(note: Path) -> Told:
    drawn = _DRAWN.search(note.read_text())
    return {"state": drawn[1] if drawn else "", "at_least": True}


class Keeper(Actor):
    """Keeps the vault, or stands by."""

    def __init__(self, order: dict[str, Any]) -> None:
        super().__init__(order, keeper=True)

    def play(self) -> None:
        """Stay until the end."""
        time.sleep(self.left())


class Probe(Actor):
    """Asks, saves the answer in the note as an editor does, and resumes: for how long that takes."""

    def play(self) -> None:
        """Go through it about once in a second, until the end."""
        with ThreadPoolExecutor(1) as pool:
            while self.left() > 5:
                self._once(pool)
                self.at_most(1.0)
        time.sleep(self.left())

    def _once(self, pool: ThreadPoolExecutor) -> None:
        context = {"at": now()}
        id = self.gate.ask(PROBE, context, timeout=None).id
        note = self.root / "Pending_Approval" / f"{id}.md"
        waiting = pool.submit(self.record.do, "wait", id, lambda: self._resumed(id))
        while not note.exists():
            time.sleep(0.002)
        text = note.read_text().replace('status: "pending"', "status: approved")
        self.record.do("approve", id, lambda: _written(note, text))
        waiting.result()
        self._finish(id, context)

    def _finish(self, id: str, context: Told) -> None:
        grants: list[hv.Grant] = []
        self.record.do("claim", id, lambda: granted(grants, self.gate.claim(id, context, action=PROBE)))
        self.record.do("executed", id, lambda: reported(grants[0].executed, "executed"))

    def _resumed(self, id: str) -> Told:
        return {"state": str(self.gate.wait(id).state), "at_least": True}


def _written(note: Path, text: str) -> Told:
    note.write_text(text)
    return {}
