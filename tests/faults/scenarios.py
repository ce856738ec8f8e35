"""What victims do: each scenario prepares a vault, acts in a process of its own, and says what follows."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import hitl_vault as hv
from tests.faults.acting import Actor, Facts
from tests.faults.plot import CONTEXT, NOTES, Final, Scenario, asked, edit
from tests.faults.recovery import RECOVER
from tests.house import House

# Asking.


def _nothing(house: House) -> Facts:
    return {}


def _ask(actor: Actor) -> None:
    with actor.gate() as gate:
        for key in ASK.askings[:3]:
            actor.attempt("asked", "", lambda key=key: gate.ask("refund", CONTEXT, key=key), key)  # type: ignore[misc]
        both = [{"action": "refund", "context": CONTEXT, "key": key} for key in ASK.askings[3:]]
        try:
            for key, request in zip(ASK.askings[3:], gate.ask_many(both), strict=True):
                actor.say("asked", request.id, key=key)
        except hv.HitlVaultError as error:
            actor.give_up(error, "asked", key=" ".join(ASK.askings[3:]))


def _pending(facts: Facts, said: list[dict[str, Any]]) -> Final:
    return {s["id"]: {"pending"} for s in said if s["said"] == "asked"}


# Deciding by the programming interface.


def _four(house: House) -> Facts:
    return {"ids": asked(house, 4)}


def _decide(actor: Actor) -> None:
    a, b, c, _ = actor.facts["ids"]
    with actor.gate() as gate:
        actor.attempt("approved", a, lambda: gate.decide(a, "approve", by="ana", comment="yes"))
        actor.attempt("rejected", b, lambda: gate.decide(b, "reject", by="ana"))
        actor.attempt("cancelled", c, lambda: gate.cancel(c))


def _acknowledged(ids: list[str], intended: tuple[str, ...], said: list[dict[str, Any]]) -> Final:
    """Return for each request what it must be: what was acknowledged, else that or still pending."""
    sure = {(s["said"], s["id"]) for s in said}
    out = {}
    for id, want in zip(ids, intended, strict=True):
        out[id] = {want} if want == "pending" or (want, id) in sure else {want, "pending"}
    return out


# Running.


def _three_approved(house: House) -> Facts:
    ids = asked(house, 3)
    with hv.open_gate(house.root, agent="crm-bot", state_dir=house.state, keeper=False) as gate:
        for id in ids:
            gate.decide(id, "approve", by="ana")
    return {"ids": ids}


def _run(actor: Actor) -> None:
    a, b, _ = actor.facts["ids"]
    with actor.gate() as gate:
        for id, end in ((a, "executed"), (b, "failed")):
            grant = actor.attempt("claimed", id, lambda id=id: gate.claim(id, CONTEXT, action="refund"))  # type: ignore[misc]
            if grant is None:
                continue
            actor.run_it(id)
            report = grant.executed if end == "executed" else grant.failed
            actor.attempt(end, id, lambda report=report: report("done"))  # type: ignore[misc]


def _ran(facts: Facts, said: list[dict[str, Any]]) -> Final:
    a, b, c = facts["ids"]
    sure = {(s["said"], s["id"]) for s in said}
    out: Final = {c: {"approved"}}
    for id, end in ((a, "executed"), (b, "failed")):
        if (end, id) in sure:
            out[id] = {end}
        elif ("claimed", id) in sure:
            out[id] = {end, "executing", "unknown"}
        else:
            out[id] = {end, "executing", "unknown", "approved"}
    return out


# Deciding in the note.


def _answered(house: House) -> Facts:
    ids = asked(house, 4)
    edit(house, ids[0], 'status: "pending"', "status: approved", NOTES)
    edit(house, ids[1], "- [ ] Reject", "- [x] Reject")
    note = house.root / "Pending_Approval" / f"{ids[2]}.md"
    note.rename(house.root / "Approved" / note.name)
    return {"ids": ids, "notes": {ids[0]: NOTES}}


def _keep_three(actor: Actor) -> None:
    actor.keep(decided=3)


def _three_answers(facts: Facts, said: list[dict[str, Any]]) -> Final:
    a, b, c, d = facts["ids"]
    return {a: {"approved"}, b: {"rejected"}, c: {"approved"}, d: {"pending"}}


# Drawing what is missing.


def _undrawn(house: House) -> Facts:
    ids = asked(house, 3)
    ids += asked(house, 1, drawn=False)
    with hv.open_gate(house.root, agent="crm-bot", state_dir=house.state, keeper=False) as gate:
        gate.decide(ids[0], "reject", by="ana")
        gate.decide(ids[1], "approve", by="ana")
        gate.claim(ids[1], CONTEXT, action="refund").executed()
        gate._changed = False
    return {"ids": ids}


def _keep(actor: Actor) -> None:
    actor.keep()


def _drawn(facts: Facts, said: list[dict[str, Any]]) -> Final:
    return dict(zip(facts["ids"], ({"rejected"}, {"executed"}, {"pending"}, {"pending"}), strict=True))


# Putting away what came too late, and putting right what was changed.


def _late(house: House) -> Facts:
    ids = asked(house, 3)
    pending = house.root / "Pending_Approval"
    before = {id: (pending / f"{id}.md").read_text() for id in ids}
    with hv.open_gate(house.root, agent="crm-bot", state_dir=house.state, keeper=False) as gate:
        for id in ids[:2]:
            gate.decide(id, "approve", by="ana")
    (pending / f"{ids[0]}.md").write_text(before[ids[0]].replace('"pending"', "rejected") + "too late\n")
    archived = house.root / "Approved" / f"{ids[1]}.md"
    archived.write_text(archived.read_text().replace("900", "9000"))
    copy = pending / f"{ids[2]} (1).md"
    copy.write_text(before[ids[2]])
    kept = [(pending / f"{ids[0]}.md").read_text(), archived.read_text()]
    return {"ids": ids, "kept": kept, "changed": [ids[1]]}


def _put_away(actor: Actor) -> None:
    aside = actor.root / "Set_Aside"
    actor.keep(more=lambda: len(list(aside.glob("*.md"))) >= 2)


def _settled(facts: Facts, said: list[dict[str, Any]]) -> Final:
    a, b, c = facts["ids"]
    return {a: {"approved"}, b: {"approved"}, c: {"pending"}}


# Adopting.

OWN_NOTE = "---\ntype: approval_request\naction: send_email\nto: ana@example.com\n---\n\nHello Ana\n"


def _own_note(house: House) -> Facts:
    (house.root / "Pending_Approval" / "EMAIL_ana.md").write_text(OWN_NOTE)
    return {"ids": [], "adopts": 1}


def _adopt(actor: Actor) -> None:
    note = actor.root / "Pending_Approval" / "EMAIL_ana.md"
    actor.keep(more=lambda: "hitl" in note.read_text() or "## Notes" in note.read_text())


def _none(facts: Facts, said: list[dict[str, Any]]) -> Final:
    return {}


ASK = Scenario(
    name="ask", prepare=_nothing, act=_ask, expect=_pending, askings=("k1", "k2", "k3", "k4", "k5")
)
DECIDE = Scenario(
    name="decide",
    prepare=_four,
    act=_decide,
    expect=lambda facts, said: _acknowledged(
        facts["ids"], ("approved", "rejected", "cancelled", "pending"), said
    ),
)
RUN = Scenario(name="claim and outcome", prepare=_three_approved, act=_run, expect=_ran)
ANSWER = Scenario(name="answer in the note", prepare=_answered, act=_keep_three, expect=_three_answers)
REDRAW = Scenario(name="redraw", prepare=_undrawn, act=_keep, expect=_drawn)
LATE = Scenario(name="put away and put right", prepare=_late, act=_put_away, expect=_settled, aside=2)
ADOPT = Scenario(name="adopt", prepare=_own_note, act=_adopt, expect=_none)

ALL = {s.name: s for s in (ASK, DECIDE, RUN, ANSWER, REDRAW, LATE, ADOPT, RECOVER)}


def play(name: str, root: str, state: str, facts: Facts) -> None:
    """Act a scenario in this process."""
    ALL[name].act(Actor(Path(root), Path(state), facts))


def warm_up() -> None:
    """Do what victims do once, so that they find loaded what is loaded when it is needed."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, open(os.devnull, "w") as nowhere:
        for scenario in (RUN, ANSWER):
            house = House(Path(folder) / scenario.name)
            house.found()
            Actor(house.root, house.state, scenario.prepare(house), nowhere.fileno()).act(scenario)
