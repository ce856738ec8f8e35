"""What time brings about while nobody answers: reminders, escalations, and their restarts."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

import hitl_vault as hv
from hitl_vault.domain.requirement import Escalation
from tests.house import House, ask, eventually


def kinds(gate: hv.Gate, request: hv.Request) -> list[str]:
    return [str(entry.kind) for entry in gate.history(request.id)]


def seconds(*values: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=value) for value in values)


def test_a_warning_before_the_deadline_appears_in_the_note_and_reaches_the_waiter(house: House) -> None:
    gate = house.gate()
    request = ask(gate, 1.2, remind=seconds(0.9, 0.5))
    told: list[int] = []
    decision = gate.wait(request.id, timeout=5, on_reminder=lambda record: told.append(len(record.reminded)))
    assert decision.state == "expired"
    assert kinds(gate, request) == ["asked", "reminded", "reminded", "expired"]
    assert told == [1, 2]


def test_the_warning_is_drawn_into_the_note_and_a_half_written_answer_is_kept(house: House) -> None:
    gate = house.gate()
    request = ask(gate, 60, remind=seconds(59))
    house.edit(request, ('comment: ""', "comment: let me see"), ('status: "pending"', "status: pend"))
    eventually(lambda: house.says(request, "> [!warning] Reminder: without an answer this expires at"))
    assert house.says(request, "let me see")
    house.edit(request, ('status: "pend"', "status: approved"))
    assert gate.wait(request.id, timeout=5).comment == "let me see"


def test_a_coroutine_that_waits_is_reminded_too_and_what_it_raises_ends_the_wait(house: House) -> None:
    house.gate()
    request = ask(house.gate(), 60, remind=seconds(59.8))

    class Hurry(Exception):
        pass

    def hurry(record: hv.Record) -> None:
        raise Hurry(record.id)

    async def wait() -> None:
        async with house.async_gate(keeper=False) as gate:
            await gate.wait(request.id, timeout=5, on_reminder=hurry)

    with pytest.raises(Hurry, match=request.id):
        asyncio.run(wait())


def test_an_escalation_adds_approvers_and_is_shown(house: House) -> None:
    gate = house.gate()
    request = ask(
        gate,
        approvers=("ana",),
        escalations=(Escalation(after=timedelta(seconds=0.5), to=("boss",)),),
    )
    with pytest.raises(hv.NotAnApprover):
        gate.decide(request.id, "approve", by="boss")
    eventually(lambda: house.says(request, "to boss, "))
    assert house.says(request, "ana, boss")
    house.vote(request, "approved", approver="boss")
    assert gate.wait(request.id, timeout=5).by == ("boss",)


def test_an_escalation_that_replaces_takes_the_vote_from_the_others_and_lets_cast_ones_stand(
    house: House,
) -> None:
    gate = house.gate()
    instead = Escalation(after=timedelta(seconds=0.4), to=("boss", "owner"), replace=True)
    request = ask(gate, approvers=("ana", "ben"), quorum=2, escalations=(instead,))
    gate.decide(request.id, "approve", by="ana")
    eventually(lambda: gate.get(request.id).escalated)
    with pytest.raises(hv.NotAnApprover):
        gate.decide(request.id, "approve", by="ben")
    gate.decide(request.id, "approve", by="boss")
    assert gate.wait(request.id, timeout=5).by == ("ana", "boss")


def test_who_may_answer_depends_on_the_time_and_not_on_whether_a_keeper_runs(house: House) -> None:
    gate = house.gate(keeper=False)
    instead = Escalation(after=timedelta(seconds=0.2), to=("boss",), replace=True)
    request = ask(gate, approvers=("ana",), escalations=(instead,))
    time.sleep(0.25)
    with pytest.raises(hv.NotAnApprover):
        gate.decide(request.id, "approve", by="ana")
    assert gate.decide(request.id, "approve", by="boss").state == "approved"
    assert kinds(gate, request) == ["asked", "escalated", "voted", "approved"]


def test_what_fell_due_while_nothing_ran_is_recorded_once_at_the_next_start(house: House) -> None:
    gate = house.gate()
    step = Escalation(after=timedelta(seconds=0.4), to=("boss",))
    request = ask(gate, 60, remind=seconds(59.6, 59.5), escalations=(step,), approvers=("ana",))
    house.note(request)
    house.close()
    time.sleep(0.6)
    for _ in range(2):
        gate = house.gate()
        eventually(lambda: house.says(request, "Reminder"))
        house.close()
    gate = house.gate(keeper=False)
    assert sorted(kinds(gate, request)) == ["asked", "escalated", "reminded"]
    assert gate.get(request.id).reminded == seconds(59.6, 59.5)
    gate.ledger.rebuild()
    assert gate.ledger.verify() == 3
    assert [at for at, _ in gate.ledger.due()] == [request.expires]


def test_without_a_deadline_nothing_expires_and_nothing_is_due(house: House) -> None:
    gate = house.gate()
    request = ask(gate, None, remind=seconds(1))
    assert gate.ledger.due() == []
    assert house.note(request).read_text().count("no deadline") == 1
    gate.decide(request.id, "approve", by="ana")
    assert gate.get(request.id).deadline is None
