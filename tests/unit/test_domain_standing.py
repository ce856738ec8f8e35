"""What a standing rule answers: nothing beyond what was approved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hitl_vault.domain.requirement import Mode, Remember, Requirement
from hitl_vault.domain.risk import Level, Risk
from hitl_vault.domain.standing import StandingRule, comparable

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SCOPE = Remember(longest=timedelta(days=7), up_to=Level.MEDIUM, at_most=("amount", "fee.eur"), free=("note",))
NEEDS = Requirement(rule="small", remember=SCOPE)
CONTEXT: dict[str, Any] = {"amount": 900, "fee": {"eur": 2.5, "by": "us"}, "note": "x", "to": "ACME"}
RULE = StandingRule(
    id="20260102-030405-payment-7k3m9x2q",
    action="payment",
    agent="crm-bot",
    context=CONTEXT,
    requirement=NEEDS,
    granted=AT,
    ends=AT + timedelta(days=1),
)
LOW, MEDIUM, HIGH = (Risk(level=level) for level in (Level.LOW, Level.MEDIUM, Level.HIGH))


def covers(context: dict[str, Any] = CONTEXT, **other: Any) -> bool:
    asked = {"action": "payment", "agent": "crm-bot", "risk": MEDIUM, "needs": NEEDS} | other
    return RULE.covers(context=context, **asked)


def test_it_answers_what_was_approved_again() -> None:
    assert covers()
    assert covers(risk=LOW)
    assert covers(needs=replace(NEEDS, grounds=("why this time",)))


@pytest.mark.parametrize(
    "other",
    [
        {"action": "payments"},
        {"agent": "other-bot"},
        {"risk": HIGH},
        {"needs": replace(NEEDS, quorum=2)},
        {"needs": replace(NEEDS, mode=Mode.SIGNED)},
        {"needs": replace(NEEDS, rule="other")},
        {"needs": replace(NEEDS, remember=replace(SCOPE, free=("to",)))},
    ],
)
def test_it_answers_no_other_action_agent_risk_or_requirement(other: dict[str, Any]) -> None:
    assert not covers(**other)


@pytest.mark.parametrize(
    ("change", "covered"),
    [
        ({"amount": 899}, True),
        ({"amount": 900.0}, True),
        ({"amount": 0}, True),
        ({"amount": 900.01}, False),
        ({"amount": -1}, False),
        ({"amount": True}, False),
        ({"amount": "1"}, False),
        ({"amount": None}, False),
        ({"amount": [1]}, False),
        ({"fee": {"eur": 1, "by": "us"}}, True),
        ({"fee": {"eur": 3, "by": "us"}}, False),
        ({"fee": {"eur": 1, "by": "them"}}, False),
        ({"fee": {"by": "us"}}, False),
        ({"note": "anything"}, True),
        ({"note": None}, True),
        ({"to": "Acme"}, False),
        ({"more": 1}, False),
    ],
)
def test_only_listed_members_may_differ_and_numbers_only_be_smaller(
    change: dict[str, Any], covered: bool
) -> None:
    assert covers(CONTEXT | change) is covered


@pytest.mark.parametrize(
    "asked",
    [
        {"fee": {"by": "us"}, "fee.eur": 1},
        {"fee": {"by": "us", "eur": 9000}, "fee.eur": 1},
        {"fee": {"by": "us"}, "memo.ref": 1, "fee.eur": 2.5},
    ],
)
def test_a_member_with_dots_in_its_name_does_not_stand_in_for_a_limit(asked: dict[str, Any]) -> None:
    assert not covers({**CONTEXT, **asked})
    asked_so = replace(RULE, context={**CONTEXT, **asked})
    assert not asked_so.covers("payment", "crm-bot", CONTEXT, LOW, NEEDS)


def test_nor_for_a_member_that_may_be_anything() -> None:
    needs = replace(NEEDS, remember=replace(SCOPE, free=("meta.note",)))
    rule = replace(RULE, context={"meta": {"note": "x"}, "amount": 1}, requirement=needs)
    asked = {"meta": {}, "meta.note": "y", "amount": 1}
    assert not rule.covers("payment", "crm-bot", asked, LOW, needs)
    assert not rule.covers("payment", "crm-bot", {**asked, "meta": {"note": 9}}, LOW, needs)


@pytest.mark.parametrize(("missing", "covered"), [("amount", False), ("to", False), ("note", True)])
def test_a_limit_that_is_missing_is_none(missing: str, covered: bool) -> None:
    assert covers({name: value for name, value in CONTEXT.items() if name != missing}) is covered


@pytest.mark.parametrize(
    ("limit", "value", "covered"), [("x", "x", True), ("x", "w", False), (True, True, True), (True, 0, False)]
)
def test_a_listed_value_that_is_no_number_has_to_be_equal(limit: Any, value: Any, covered: bool) -> None:
    rule = replace(RULE, context=CONTEXT | {"amount": limit})
    found = rule.covers("payment", "crm-bot", CONTEXT | {"amount": value}, LOW, NEEDS)
    assert found is covered


def test_what_it_compares_can_be_shown() -> None:
    assert RULE.equal == {"fee": {"by": "us"}, "to": "ACME"}
    assert RULE.limits == {"amount": 900, "fee.eur": 2.5}


@pytest.mark.parametrize(("after", "holds"), [(-1, False), (0, True), (86_399, True), (86_400, False)])
def test_it_holds_from_its_grant_until_before_its_end(after: int, holds: bool) -> None:
    assert RULE.holds(AT + timedelta(seconds=after)) is holds


def test_a_rule_that_was_ended_holds_no_more() -> None:
    assert not replace(RULE, ended=AT, why="revoked").holds(AT + timedelta(seconds=1))


def test_grounds_differ_from_one_request_to_the_next_and_are_not_compared() -> None:
    assert comparable(replace(NEEDS, grounds=("a", "b"))) == NEEDS
