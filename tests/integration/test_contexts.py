"""Whatever an agent writes into a request stays inert from asking to claiming."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import hitl_vault as hv
from hitl_vault.domain.text import too_long_a_name
from tests.house import House, eventually
from tests.noted import actions, contexts, hostile


@st.composite
def askings(draw: st.DrawFn) -> Mapping[str, Any]:
    """What an agent may ask that is out to be misread."""
    words = {name: draw(hostile).encode("utf-8", "ignore").decode() for name in ("summary", "reason")}
    action = draw(actions.filter(lambda name: not too_long_a_name("action", name)))
    return {"action": action if action.strip() else "act", "context": draw(contexts), **words}


def some(count: int) -> list[Mapping[str, Any]]:
    """Return that many different askings."""
    drawn: list[Mapping[str, Any]] = []

    @settings(max_examples=count, deadline=None, phases=[Phase.generate], database=None)
    @given(asking=askings())
    def collect(asking: Mapping[str, Any]) -> None:
        drawn.append(asking)

    collect()
    return drawn


@pytest.mark.slow
def test_requests_stay_pending_until_a_person_answers_whatever_they_say(house: House) -> None:
    """Drawn, read back, saved without an answer, read by a keeper that has never seen them, answered."""
    gate = house.gate()
    first, *rest = gate.ask_many(some(200))
    for request in (first, *rest):
        note = house.note(request)
        note.write_bytes(note.read_bytes() + b"I looked at it.\n")
    house.vote(first, "approved")
    gate.wait(first.id, timeout=20)  # by then the others were looked at
    house.close()
    for cache in house.state.rglob("notes.db*"):
        cache.unlink()
    gate = house.gate()
    for request in rest[::2]:
        house.vote(request, "approved")
    for request in rest[::2]:
        runs_as_asked(gate, request)
    for request in rest[1::2]:
        assert gate.get(request.id).request == request
        assert [entry.kind for entry in gate.history(request.id)] == ["asked"]
        assert house.says(request, "I looked at it.")
    eventually(lambda: len(list((house.root / "Pending_Approval").glob("*.md"))) == len(rest[1::2]), 30)
    assert house.aside() == []
    assert gate.ledger.verify()


def runs_as_asked(gate: hv.Gate, request: hv.Request) -> None:
    """The decision has the person's words, and what may run is what was asked."""
    assert gate.wait(request.id, timeout=30).notes == "I looked at it.\n"
    with gate.claim(request.id, request.context, action=request.action) as grant:
        assert grant.context == request.context


def test_the_context_that_runs_is_the_one_that_was_shown(house: House, gate: hv.Gate) -> None:
    request = gate.ask("refund", {"order": "A-17", "eur": 900})
    house.vote(request, "approved")
    gate.wait(request.id, timeout=5)
    with pytest.raises(hv.DigestMismatch):
        gate.claim(request.id, {"order": "A-17", "eur": 9000}, action=request.action)
    assert gate.claim(request.id, {"eur": 900.0, "order": "A-17"}, action=request.action).context == {
        "order": "A-17",
        "eur": 900,
    }
