"""What scenarios are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hitl_vault as hv
from tests.faults.acting import Actor, Facts
from tests.house import House

CONTEXT = {"order": "A-17", "eur": 900}
NOTES = "Ask Bob next time.\n"

Final = dict[str, set[str]]
"""The states in which each prepared request may be once all is repaired."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One thing that victims do. `expect` is given the facts and the ids that the victim acknowledged."""

    name: str
    prepare: Callable[[House], Facts]
    act: Callable[[Actor], None]
    expect: Callable[[Facts, list[dict[str, Any]]], Final]
    askings: tuple[str, ...] = ()
    """Keys under which the victim asks; asking again after a crash must give the same requests."""
    aside: int = 0
    """How many files belong in `Set_Aside/` afterwards."""


def asked(house: House, number: int, *, drawn: bool = True) -> list[str]:
    """Ask for some refunds, by default with their notes drawn; return the ids."""
    with hv.open_gate(house.root, agent="crm-bot", state_dir=house.state, keeper=False) as gate:
        found = [r.id for r in gate.ask_many([{"action": "refund", "context": CONTEXT}] * number)]
        gate._changed = drawn
    return found


def edit(house: House, id: str, old: str, new: str, end: str = "") -> Path:
    """Change a pending note, as a person does."""
    note = house.root / "Pending_Approval" / f"{id}.md"
    text = note.read_text()
    assert old in text
    note.write_text(text.replace(old, new, 1) + end)
    return note
