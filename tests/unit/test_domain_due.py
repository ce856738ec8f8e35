"""What falls due when, as a pure function of the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hitl_vault.domain.due import escalations, next_due, reminders
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import Escalation, Mode, Remember, Requirement
from hitl_vault.domain.standing import StandingRule
from tests.noted import AT, pending, request

MINUTE = timedelta(minutes=1)
BOSS = Escalation(after=30 * MINUTE, to=("boss",))
OWNER = Escalation(after=50 * MINUTE, to=("owner",), replace=True)


def record(**more: object) -> Record:
    needs = Requirement(remind=(10 * MINUTE, 20 * MINUTE), escalations=(OWNER, BOSS), approvers=("ana",))
    return pending(request(requirement=needs, expires=AT + 60 * MINUTE), **more)


@pytest.mark.parametrize(
    ("of", "minutes"),
    [
        (record(), 30),
        (record(escalated=(AT,)), 40),
        (record(escalated=(AT,), reminded=(20 * MINUTE,)), 50),
        (record(escalated=(AT, AT), reminded=(20 * MINUTE, 10 * MINUTE)), 60),
        (record(extended=5 * MINUTE), 35),
        (record(escalated=(AT, AT), extended=5 * MINUTE), 45),
        (record(paused=AT), None),
        (record(state=State.APPROVED), 60),
        (record(state=State.EXECUTING), None),
        (record(state=State.REJECTED), None),
    ],
)
def test_the_next_thing_due_is_the_earliest_that_has_not_happened(of: Record, minutes: int | None) -> None:
    assert next_due(of) == (None if minutes is None else AT + minutes * MINUTE)


def test_a_request_without_a_deadline_has_no_reminders_and_still_escalates() -> None:
    endless = replace(record(), request=replace(record().request, expires=None))
    assert reminders(endless, AT + timedelta(days=99)) == ()
    assert escalations(endless, AT + timedelta(days=99)) == (BOSS, OWNER)


def test_a_reminder_that_would_lie_before_the_asking_is_none() -> None:
    needs = Requirement(remind=(2 * MINUTE, 1 * MINUTE))
    short = pending(request(requirement=needs, expires=AT + 2 * MINUTE))
    assert next_due(short) == AT + MINUTE
    assert reminders(short, AT + 2 * MINUTE) == (MINUTE,)


@pytest.mark.parametrize(
    ("approvers", "mode", "steps", "expected"),
    [
        (("ana",), Mode.OPEN, 0, ("ana",)),
        (("ana",), Mode.OPEN, 1, ("ana", "boss")),
        (("ana",), Mode.OPEN, 2, ("owner",)),
        ((), Mode.OPEN, 1, ()),
        ((), Mode.OPEN, 2, ("owner",)),
        ((), Mode.ATTRIBUTED, 1, ("boss",)),
        (("boss",), Mode.OPEN, 1, ("boss",)),
    ],
)
def test_an_escalation_adds_or_replaces_approvers_and_never_narrows_anyone_by_adding(
    approvers: tuple[str, ...], mode: Mode, steps: int, expected: tuple[str, ...]
) -> None:
    needs = Requirement(mode=mode, approvers=approvers, escalations=(OWNER, BOSS))
    assert needs.approvers_after(steps) == expected


@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_what_is_due_is_due_from_its_instant_on(seconds: int) -> None:
    def after(minutes: int) -> datetime:
        return AT + minutes * MINUTE + timedelta(seconds=seconds)

    due = seconds >= 0
    assert (BOSS in escalations(record(), after(30))) is due
    assert ((10 * MINUTE) in reminders(record(), after(50))) is due


def test_a_standing_rule_is_due_when_it_ends_unless_it_was_ended_before() -> None:
    rule = StandingRule(
        id="x",
        action="payment",
        agent="crm-bot",
        context={},
        requirement=Requirement(remember=Remember(longest=timedelta(days=1))),
        granted=AT,
        ends=AT + 90 * MINUTE,
    )
    assert next_due(record(state=State.EXECUTED, standing=rule)) == rule.ends
    assert next_due(record(state=State.APPROVED, standing=rule)) == AT + 60 * MINUTE
    assert next_due(record(state=State.EXECUTED, standing=replace(rule, ended=AT))) is None
