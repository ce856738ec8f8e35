"""The recovery from a crash, as a scenario of its own: it may be struck like anything else."""

from __future__ import annotations

import shutil
from typing import Any

import hitl_vault as hv
from tests.faults.acting import Actor, Facts
from tests.faults.plot import CONTEXT, NOTES, Final, Scenario, asked, edit
from tests.house import House


def _left_behind(house: House) -> Facts:
    """A crash of everybody: entries in the log alone, nothing drawn, a note in hand, another half written."""
    ids = asked(house, 4)
    edit(house, ids[1], 'status: "pending"', "status: approved", NOTES)
    with hv.open_gate(house.root, agent="crm-bot", state_dir=house.state, keeper=False) as gate:
        gate.decide(ids[0], "approve", by="ana")
        gate.claim(ids[0], CONTEXT, action="refund")
        gate.decide(ids[2], "reject", by="ana")
        gate._changed = False
        lost = shutil.ignore_patterns("*-shm", "notes.db*", "bells")
        shutil.copytree(house.state, house.work / "crashed", ignore=lost)
    shutil.rmtree(house.state)
    (house.work / "crashed").rename(house.state)
    pending = house.root / "Pending_Approval"
    (pending / f"{ids[1]}.md").rename(pending / f".hitl-{'0' * 16}-{ids[1]}.md.taken")
    (pending / f".hitl-{'1' * 16}.tmp").write_text("half a no")
    return {"ids": ids, "notes": {ids[1]: NOTES}}


def _recover(actor: Actor) -> None:
    actor.keep(decided=3)


def _recovered(facts: Facts, said: list[dict[str, Any]]) -> Final:
    running, answered, refused, left = facts["ids"]
    return {
        running: {"executing", "unknown"},
        answered: {"approved"},
        refused: {"rejected"},
        left: {"pending"},
    }


RECOVER = Scenario(name="recover", prepare=_left_behind, act=_recover, expect=_recovered)
