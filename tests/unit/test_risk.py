"""The risk of an action: thresholds, factors, and what an agent may add."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.domain.risk import (
    DEFAULTS,
    Concern,
    Factors,
    Level,
    Risk,
    Threshold,
    assess,
    highest,
    raised,
)

LOW, MEDIUM, HIGH, CRITICAL = Level


@pytest.mark.parametrize("action", ["payment", "transfer", "withdrawal", "bank_transfer"])
@pytest.mark.parametrize(
    ("amount", "level"),
    [
        (0, LOW),
        (-5, HIGH),
        (100, LOW),
        (100.0, LOW),
        (100.01, MEDIUM),
        (499.99, MEDIUM),
        (500, MEDIUM),
        (1000, MEDIUM),
        (1000.01, HIGH),
        (1e9, HIGH),
        ("5", HIGH),
        ("", HIGH),
        (True, HIGH),
        (None, HIGH),
        ([5], HIGH),
    ],
)
def test_payments_are_judged_by_their_amount_and_what_is_no_number_is_not_harmless(
    action: str, amount: Any, level: Level
) -> None:
    assert assess(action, {"amount": amount}).level is level


@pytest.mark.parametrize(
    ("action", "context", "level", "reason"),
    [
        ("send_email", {}, LOW, ""),
        ("send_email", {"amount": 5000}, LOW, ""),
        ("file_transfer", {"path": "x"}, LOW, ""),
        ("payment", {}, HIGH, "no amount is given"),
        ("user.delete", {}, HIGH, "data loss"),
        ("DeleteAll", {}, HIGH, "data loss"),
        ("deploy", {"environment": "production"}, HIGH, "production"),
        ("deploy", {"environment": " Production "}, HIGH, "production"),
        ("deploy", {"environment": "staging"}, LOW, ""),
        ("send_email", {"bulk": True}, MEDIUM, "bulk"),
        ("send_email", {"bulk": "false"}, MEDIUM, "bulk"),
        ("send_email", {"bulk": 1}, MEDIUM, "bulk"),
        ("send_email", {"bulk": 0}, LOW, ""),
        ("send_email", {"bulk": False}, LOW, ""),
        ("send_email", {"bulk": None}, LOW, ""),
        ("api_key_create", {}, LOW, ""),
        ("run", {"tools": ["code_execution"], "complexity_score": 1}, LOW, ""),
    ],
)
def test_the_shipped_factors(action: str, context: dict[str, Any], level: Level, reason: str) -> None:
    risk = assess(action, context)
    assert risk.level is level
    assert reason in "; ".join(risk.reasons)


MORE = Factors(
    sensitive=("api_key_create",),
    tools=("code_execution",),
    complexity=(Threshold(level=MEDIUM, beyond=0.5), Threshold(level=HIGH, beyond=0.7)),
    deletion=None,
    bulk=None,
    environment=None,
)


@pytest.mark.parametrize(
    ("action", "context", "level"),
    [
        ("api_key_create", {}, HIGH),
        ("API_KEY_CREATE", {}, HIGH),
        ("run", {"tool": "code_execution"}, HIGH),
        ("run", {"tools": ["search", "Code_Execution"]}, HIGH),
        ("run", {"tools": ["search", "file"]}, LOW),
        ("API-Key create ", {}, HIGH),
        ("run", {"tools": ["search", 7]}, HIGH),
        ("run", {"tools": [{"name": "code_execution"}]}, HIGH),
        ("run", {"tools": [["code_execution"]]}, HIGH),
        ("run", {"tool": " Code-Execution "}, HIGH),
        ("run", {"tool": None, "tools": None}, LOW),
        ("run", {"complexity_score": 0.49}, LOW),
        ("run", {"complexity_score": 0.5}, MEDIUM),
        ("run", {"complexity_score": 0.69}, MEDIUM),
        ("run", {"complexity_score": 0.7}, HIGH),
        ("run", {"complexity_score": "0.1"}, HIGH),
        ("user.delete", {"bulk": True, "environment": "production"}, LOW),
    ],
)
def test_factors_can_be_added_and_left_out(action: str, context: dict[str, Any], level: Level) -> None:
    assert assess(action, context, MORE).level is level


def test_the_score_counts_every_reason_and_stays_within_its_level() -> None:
    one = assess("user.delete", {})
    two = assess("user.delete", {"environment": "production"})
    assert (one.score, two.score) == (60, 65)
    assert two.reasons == ("data loss", "production environment")
    many = assess("x", {}, DEFAULTS, [Concern(level=HIGH, reason=str(n)) for n in range(50)])
    assert many.score < assess("x", {}, DEFAULTS, [Concern(level=CRITICAL, reason="")]).score


LEVELS = st.sampled_from(list(Level))
RISKS = st.builds(Risk, level=LEVELS, score=st.integers(0, 100), reasons=st.tuples(st.text()))


@given(RISKS, LEVELS, RISKS)
def test_nothing_that_is_added_lowers_a_risk(risk: Risk, level: Level, claimed: Risk) -> None:
    for other in (raised(risk, level, "because"), highest(risk, claimed)):
        assert other.level.rank >= risk.level.rank
        assert set(risk.reasons) <= set(other.reasons)


@given(
    st.text(),
    st.dictionaries(
        st.sampled_from(["amount", "bulk", "environment", "tool", "tools", "complexity_score"]),
        st.recursive(
            st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
    ),
)
def test_any_context_has_a_risk(action: str, context: dict[str, Any]) -> None:
    risk = assess(f"payment delete {action}", context, MORE)
    assert 0 <= risk.score <= 100


def test_a_bound_that_was_passed_is_named_with_how_it_was_passed() -> None:
    factors = Factors(complexity=(Threshold(level=Level.HIGH, beyond=80),))
    assert assess("payment", {"amount": 1000.5}, factors).reasons == ("amount over 1000",)
    assert assess("run", {"complexity_score": 80}, factors).reasons == ("complexity_score from 80",)
    assert assess("run", {"complexity_score": 79.9}, factors).reasons == ()


def test_a_risk_that_is_raised_has_the_least_score_of_its_level_and_one_more_reason() -> None:
    risk = Risk(level=Level.MEDIUM, score=45, reasons=("bulk operation",))
    assert raised(risk, Level.HIGH, "rule") == Risk(
        level=Level.HIGH, score=60, reasons=("bulk operation", "rule")
    )
    assert raised(risk, Level.MEDIUM, "rule") == risk
    assert raised(risk, Level.LOW, "rule") == risk


def test_what_an_agent_says_counts_where_it_is_worse_with_at_least_the_score_of_its_level() -> None:
    risk = Risk(level=Level.MEDIUM, score=45, reasons=("bulk operation",))
    said = Risk(level=Level.HIGH, score=75, reasons=("new payee",))
    assert highest(risk, said) == Risk(level=Level.HIGH, score=75, reasons=("bulk operation", "new payee"))
    silent = Risk(level=Level.CRITICAL)
    assert highest(risk, silent) == Risk(
        level=Level.CRITICAL, score=90, reasons=("bulk operation", "as the agent says")
    )
    assert highest(risk, Risk(level=Level.MEDIUM, score=99, reasons=("x",))) == risk
    assert highest(risk, Risk(level=Level.LOW, score=99, reasons=("x",))) == risk


def test_the_worst_concern_gives_the_level_and_no_score_is_above_100() -> None:
    assert assess("delete_user", {"bulk": True}).level is Level.HIGH
    many = [Concern(level=Level.CRITICAL, reason=str(n)) for n in range(9)]
    assert assess("run", {}, extra=many).score == 100


def test_sensitive_actions_and_tools_are_named() -> None:
    factors = Factors(sensitive=("rotate_key",), tools=("shell", "browser"))
    assert assess("rotate_key", {}, factors).reasons == ("sensitive action",)
    assert assess("run", {"tools": ["shell", "browser", "x"]}, factors).reasons == (
        "dangerous tools: browser, shell",
    )


def test_what_is_told_of_a_risk_is_told_in_these_words() -> None:
    context = {"bulk": True, "environment": "production", "amount": "much"}
    assert assess("delete_payment", context).reasons == (
        *("amount is not a number", "data loss", "production environment", "bulk operation"),
    )
