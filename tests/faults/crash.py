"""One scenario, one fault: what was wrong before and after the repair."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hitl_vault as hv
from tests.faults import inspection
from tests.faults.acting import Facts
from tests.faults.plot import CONTEXT, Scenario
from tests.faults.tracing import Run, Zygote
from tests.faults.victim import CLEAR
from tests.house import House

SETTINGS = {"settle": "0.02s", "flag_after": "0.1s"}


@dataclass
class Blow:
    """What came of one victim: how it ended, and every sentence about what is wrong."""

    run: Run
    wrong: list[str]


class Prepared:
    """A vault made ready for a scenario once, and copied for each victim."""

    def __init__(self, scenario: Scenario, work: Path) -> None:
        self.scenario = scenario
        self.work = work
        self._master = House(work / "master" / scenario.name.replace(" ", "-"))
        self._master.found(**SETTINGS)
        self.facts: Facts = scenario.prepare(self._master)

    @contextmanager
    def copy(self) -> Iterator[House]:
        """Yield a fresh copy; it is removed afterwards."""
        with tempfile.TemporaryDirectory(dir=self.work, prefix="v") as folder:
            yield self.lay(Path(folder))

    def lay(self, folder: Path) -> House:
        """Copy it into a folder."""
        shutil.copytree(self._master.work, folder, dirs_exist_ok=True)
        return House(folder)


def strike(
    zygote: Zygote,
    prepared: Prepared,
    options: tuple[str, ...],
    *,
    bug: str = "",
    trace: bool = False,
    dies: bool = False,
) -> Blow:
    """Let one victim act with a fault injected, look, repair, and look again.

    A victim that `dies` does so as soon as it is told of an error.
    """
    with prepared.copy() as house:
        told = order(prepared, house, bug, dies=dies)
        run = zygote.run(told, *options, trace=house.work / "trace" if trace else None)
        wrong = ended_badly(run)
        wrong += inspection.premature(house, run.said)
        wrong += repaired(house, prepared.scenario, prepared.facts, run.said)
        return Blow(run, wrong)


def order(prepared: Prepared, house: House, bug: str = "", *, dies: bool = False) -> dict[str, Any]:
    """Return what a victim is told."""
    return {
        "scenario": prepared.scenario.name,
        "root": str(house.root),
        "state": str(house.state),
        "facts": {**prepared.facts, "dies": dies},
        "out": str(house.work / "out"),
        "bug": bug,
    }


def ended_badly(run: Run) -> list[str]:
    """Return why a victim ended by itself and not well; an undocumented error is such a reason."""
    if run.code in (0, CLEAR) or run.killed:
        return []
    return [f"the victim ended with {run.code}: {run.errors.strip().rpartition(chr(10))[2]}"]


def repaired(house: House, scenario: Scenario, facts: Facts, said: list[dict[str, Any]]) -> list[str]:
    """Let a keeper put everything right; return what is wrong afterwards."""
    with hv.open_gate(house.root, agent="crm-bot", state_dir=house.state) as gate:
        wrong = _asked_again(gate, scenario, said)
        expected = scenario.expect(facts, said)
        wrong += _await(house, gate, expected)
        wrong += inspection.doubled(gate.ledger) + _runs_undecided(gate)
        wrong += _aside(house, scenario, facts) + _notes(gate, facts) + _untold(gate, facts)
    return wrong + inspection.ran_twice(house)


def _await(house: House, gate: hv.Gate, expected: dict[str, set[str]]) -> list[str]:
    from tests.house import eventually

    def unmet() -> list[str]:
        states = {id: str(gate.get(id).state) for id in expected}
        return [
            f"{id} is {states[id]}, not {want}" for id, want in expected.items() if states[id] not in want
        ]

    try:
        eventually(lambda: not unmet(), inspection.PATIENCE)
    except (AssertionError, hv.RequestNotFound) as error:
        return [f"{error}", *_safely(unmet)]
    return inspection.await_order(gate)


def _safely(unmet: Any) -> list[str]:
    try:
        return list(unmet())
    except hv.RequestNotFound as lost:
        return [f"lost: {lost}"]


def _asked_again(gate: hv.Gate, scenario: Scenario, said: list[dict[str, Any]]) -> list[str]:
    """Ask again under every key: what was acknowledged must come back, and nothing may be there twice."""
    if not scenario.askings:
        return []
    ids = {key: gate.ask("refund", CONTEXT, key=key).id for key in scenario.askings}
    wrong = [
        f"{s['key']} is {ids[s['key']]} now, was acknowledged as {s['id']}"
        for s in said
        if s["said"] == "asked" and ids[s["key"]] != s["id"]
    ]
    total = len(gate.ledger.rows())
    return wrong if total == len(ids) else [*wrong, f"{total} requests for {len(ids)} keys"]


def _runs_undecided(gate: hv.Gate) -> list[str]:
    wrong = []
    for row in gate.ledger.rows():
        if row.state is hv.State.APPROVED:
            continue
        try:
            request = gate.get(row.id).request
            gate.claim(row.id, request.context, action=request.action)
        except hv.HitlVaultError:
            continue
        wrong.append(f"{row.id} was {row.state} and could be claimed")
    return wrong


def _aside(house: House, scenario: Scenario, facts: Facts) -> list[str]:
    files = house.aside()
    texts = [path.read_text() for path in files]
    wrong = [
        f"{path.name} in Set_Aside is empty" for path, text in zip(files, texts, strict=True) if not text
    ]
    wrong += [
        "what a person saved is not in Set_Aside" for kept in facts.get("kept", ()) if kept not in texts
    ]
    if len(files) > scenario.aside:
        wrong.append(f"more in Set_Aside than was put away: {[os.path.basename(f) for f in files]}")
    return wrong


def _notes(gate: hv.Gate, facts: Facts) -> list[str]:
    return [
        f"the notes of {id} were lost"
        for id, text in facts.get("notes", {}).items()
        if (decision := gate.get(id).decision) is None or text not in decision.notes
    ]


def _untold(gate: hv.Gate, facts: Facts) -> list[str]:
    told = {entry.request for entry in gate.ledger.entries() if entry.kind == "tampered"}
    return [
        f"nobody was told that the note of {id} was changed"
        for id in facts.get("changed", ())
        if id not in told
    ]
