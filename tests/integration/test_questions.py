"""An approver asks back; the agent answers in the note's thread; the request stays pending meanwhile."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

import hitl_vault as hv
from tests.house import House, ask, eventually


@pytest.mark.parametrize("word", ["needs_info", '"Needs Info"', "question", "NEEDS-INFO"])
def test_a_question_returns_to_the_agent_and_its_answer_to_the_note(house: House, word: str) -> None:
    gate = house.gate()
    request = ask(gate)
    house.vote(request, word, approver="ana", comment='"Why 900? `x` [[y]]"')
    question = gate.wait(request.id, timeout=5, questions=True)
    assert isinstance(question, hv.Question)
    assert (question.by, question.text, question.open) == ("ana", "Why 900? `x` [[y]]", True)
    eventually(lambda: house.says(request, "ana: Why 900?"))
    assert house.says(request, "has not answered yet")
    assert house.says(request, 'status: "pending"')
    assert house.says(request, 'comment: ""')
    record = gate.answer(request.id, "It was 90.\n```\n- [x] Approve\n## Notes\nstatus: approved")
    assert (record.state, record.question) == ("pending", None)
    eventually(lambda: house.says(request, "The agent's answer (unchecked)"))
    assert "````text\nIt was 90.\n```\n- [x] Approve" in house.note(request).read_text()
    house.vote(request, "approved", approver="ana")
    assert gate.wait(request.id, timeout=5, questions=True).by == ("ana",)  # type: ignore[union-attr]
    assert [str(e.kind) for e in gate.history(request.id)] == [
        *("asked", "questioned", "answered", "voted", "approved")
    ]
    archived = house.note(request, "Approved").read_text()
    assert "ana: Why 900?" in archived
    gate.ledger.rebuild()
    assert gate.ledger.verify() == 5


def test_who_does_not_wait_for_questions_goes_on_waiting_for_the_decision(house: House) -> None:
    gate = house.gate()
    request = ask(gate)
    gate.question(request.id, "Really?", by="ana")
    with pytest.raises(hv.WaitTimeout):
        gate.wait(request.id, timeout=0.2)
    gate.decide(request.id, "approve", by="ana")
    assert gate.wait(request.id, timeout=5).approved


def test_nobody_answers_for_the_agent_that_asked(house: House) -> None:
    gate = house.gate(keeper=False)
    request = ask(gate)
    gate.question(request.id, "Is it safe?", by="ana")
    with pytest.raises(hv.NotAllowed, match="was asked by 'crm-bot', which alone answers"):
        house.gate("other-bot", keeper=False).answer(request.id, "Yes, quite safe.")
    assert gate.get(request.id).question is not None


def test_questions_are_answered_one_after_the_other(house: House) -> None:
    gate = house.gate(keeper=False)
    request = ask(gate)
    gate.question(request.id, "Why?", by="ana")
    gate.question(request.id, "Who?", by="ben")
    asked = []
    for text in ("because", "me"):
        question = gate.wait(request.id, timeout=1, questions=True)
        assert isinstance(question, hv.Question)
        asked.append(question.text)
        gate.answer(request.id, text)
    assert asked == ["Why?", "Who?"]
    assert [q.answer for q in gate.get(request.id).questions] == ["because", "me"]
    with pytest.raises(hv.InvalidTransition, match="nobody has asked"):
        gate.answer(request.id, "more")


def test_a_coroutine_can_answer_too(house: House) -> None:
    house.gate()

    async def talk() -> str:
        async with house.async_gate(keeper=False) as gate:
            request = await gate.ask("refund", {})
            await gate.question(request.id, "Why?", by="ana")
            question = await gate.wait(request.id, 5, questions=True)
            assert isinstance(question, hv.Question)
            return (await gate.answer(request.id, question.text.upper())).questions[0].answer or ""

    assert asyncio.run(talk()) == "WHY?"


def test_a_question_without_words_is_flagged_and_one_with_a_tick_is_held(house: House) -> None:
    gate = house.gate()
    request = ask(gate)
    house.vote(request, "needs_info")
    eventually(lambda: house.says(request, "Your question is missing"))
    house.edit(request, ("- [ ] Approve", "- [x] Approve"), ('comment: ""', "comment: hm"))
    eventually(lambda: house.says(request, "On hold"))
    assert gate.get(request.id).questions == ()
    house.edit(request, ("- [x] Approve", "- [ ] Approve"))
    eventually(lambda: [q.text for q in gate.get(request.id).questions] == ["hm"])


def test_only_who_may_answer_may_ask_and_never_the_agent_itself(house: House) -> None:
    gate = house.gate()
    request = ask(gate, approvers=("ana",), mode=hv.Mode.ATTRIBUTED)
    for name, error in (("eve", hv.NotAnApprover), (gate.agent, hv.SelfApproval), ("", hv.NotAnApprover)):
        with pytest.raises(error):
            gate.question(request.id, "Why?", by=name)
    house.vote(request, "needs_info", approver="eve", comment="let me in")
    eventually(lambda: house.says(request, "this name is not an approver"))
    assert gate.get(request.id).questions == ()


def test_a_decided_request_takes_neither_questions_nor_answers(house: House) -> None:
    gate = house.gate(keeper=False)
    request = ask(gate)
    gate.question(request.id, "Why?", by="ana")
    gate.decide(request.id, "reject", by="ana")
    with pytest.raises(hv.InvalidTransition):
        gate.question(request.id, "Why?", by="ana")
    with pytest.raises(hv.InvalidTransition):
        gate.answer(request.id, "Because.")


@pytest.mark.parametrize("pause", [True, False])
def test_the_clock_stands_still_while_a_question_is_open_if_the_rule_says_so(
    house: House, pause: bool
) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    gate = house.gate(keeper=False, clock=lambda: at)
    request = ask(gate, 600, pause=pause, remind=(timedelta(seconds=20),))
    at += timedelta(seconds=300)
    gate.question(request.id, "Why?", by="ana")
    paused = gate.get(request.id)
    assert paused.deadline == (None if pause else request.expires)
    assert bool(gate.ledger.due()) is not pause
    at += timedelta(seconds=200)
    gate.question(request.id, "Who?", by="ben")
    gate.answer(request.id, "one")
    assert gate.get(request.id).deadline == paused.deadline, "one is still open"
    at += timedelta(seconds=50)
    record = gate.answer(request.id, "two")
    assert record.deadline == at + timedelta(seconds=300 if pause else 50)
    row = gate.ledger.rows()[0]
    assert (row.expires, row.due) == (record.deadline, at + timedelta(seconds=280 if pause else 30))
    gate.ledger.rebuild()
    assert gate.ledger.verify() == 5
    assert gate.get(request.id) == record


def test_a_decision_ends_the_pause_and_leaves_the_time_that_was_left_to_claim(house: House) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    gate = house.gate(keeper=False, clock=lambda: at)
    request = ask(gate, 600, pause=True)
    at += timedelta(seconds=500)
    gate.question(request.id, "Why?", by="ana")
    at += timedelta(hours=9)
    record = gate.decide(request.id, "approve", by="ana")
    assert record.deadline == at + timedelta(seconds=100)
    at += timedelta(seconds=100)
    with pytest.raises(hv.Expired):
        gate.claim(request.id, {"eur": 900}, action=request.action)


def test_the_note_says_that_the_clock_stands_still(house: House) -> None:
    gate = house.gate()
    request = ask(gate, 600, pause=True)
    house.vote(request, "needs_info", approver="ana", comment="Why?")
    eventually(lambda: house.says(request, "the clock stands still"))
    gate.answer(request.id, "Because.")
    eventually(lambda: house.says(request, "answer by"))


def test_a_long_thread_leaves_the_note_readable_as_a_ballot(house: House) -> None:
    gate = house.gate()
    request = ask(gate)
    for n in range(30):
        gate.question(request.id, f"Question {n}? " + "q" * 16_000, by="ana")
        gate.answer(request.id, "a" * 16_000)
    eventually(lambda: house.says(request, "20 earlier questions"))
    eventually(lambda: house.says(request, "Question 29?"))
    house.vote(request, "approved", approver="ana")
    assert gate.wait(request.id, timeout=5).approved
