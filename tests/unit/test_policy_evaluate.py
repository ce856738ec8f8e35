"""Evaluating a policy: the first match decides, and what cannot be decided is asked about."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.domain.policy import Asked, Effect, Policy, Ruling
from hitl_vault.domain.requirement import Delegation, Mode, Remember, Requirement
from hitl_vault.domain.risk import Level, Risk
from hitl_vault.policy.evaluate import ANYONE, Judge
from hitl_vault.policy.expressions import (
    FUNCTIONS,
    LONGEST,
    ExpressionFailed,
    ExpressionInvalid,
    compiled,
    holds,
)
from hitl_vault.policy.parse import parse

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ALLOW, BLOCK, ASK = Effect


def policy(rules: str, top: str = "") -> Policy:
    return parse(f"format: 1\n{top}\nrules:\n{rules}".encode(), Path("policy.yaml"))


def ruled(judge: Judge | Policy, action: str = "act", **more: Any) -> Ruling:
    judge = judge if isinstance(judge, Judge) else Judge(judge)
    context = more.pop("context", {})
    return judge.rule_on(
        Asked(action=action, context=context, agent=more.pop("agent", "bot"), now=NOW, **more)
    )


def line(name: str, verdict: str, when: str = "", **asks: str) -> str:
    """Return one rule."""
    keys = {"verdict": verdict, **({"when": json.dumps(when)} if when else {}), **asks}
    if verdict == "block":
        keys["reason"] = "no"
    return f"  - name: {name}\n" + "".join(f"    {key}: {value}\n" for key, value in keys.items())


ORDERED = policy(
    line("never", "block", 'action == "nuke"')
    + line("big", "ask", "has(context.amount) && context.amount > 100", quorum="2")
    + line("any amount", "allow", "has(context.amount)")
)


@pytest.mark.parametrize(
    ("action", "context", "verdict", "rule"),
    [
        ("nuke", {"amount": 5}, BLOCK, "never"),
        ("pay", {"amount": 101}, ASK, "big"),
        ("pay", {"amount": 100}, ALLOW, "any amount"),
        ("pay", {}, ASK, ""),
    ],
)
def test_the_first_match_decides_and_no_match_asks(
    action: str, context: dict[str, Any], verdict: Effect, rule: str
) -> None:
    ruling = ruled(ORDERED, action, context=context)
    assert (ruling.verdict, ruling.rule) == (verdict, rule)
    assert [ruling.allowed, ruling.blocked, ruling.requires_approval] == [verdict is v for v in Effect]


@pytest.mark.parametrize(
    ("when", "context", "why"),
    [
        ("context.amount < 10", {}, "there is no member 'amount'"),
        ("context.amount < 10", {"amount": "5"}, "another type"),
        ("context.amount < 10", {"amount": None}, "another type"),
        ("context.amount < 10", {"amount": True}, "another type"),
        ("context.a.b", {"a": {}}, "there is no member 'b'"),
        ("context.items[3] == 1", {"items": [1]}, "index out of bounds"),
        ("context.amount / 0 == 1", {"amount": 5}, "zero"),
        ("context.amount + 9223372036854775807 > 0", {"amount": 5}, "overflow"),
        ("context.amount", {"amount": 5}, "it gives int instead of true or false"),
        ("context.text", {"text": "true"}, "it gives str instead of true or false"),
        ("context.text.matches(context.text)", {"text": "("}, "not a valid regex"),
        ("timestamp(context.at) < now", {"at": "soon"}, "timestamp"),
        ("context.flag && context.amount < 10", {"flag": 1, "amount": 5}, ""),
    ],
)
@pytest.mark.parametrize("verdict", ["allow", "block", "ask"])
def test_a_rule_that_cannot_be_decided_asks_and_says_why(
    when: str, context: dict[str, Any], why: str, verdict: str
) -> None:
    ruling = ruled(policy(line("first", verdict, when) + line("all", "allow", "true")), context=context)
    assert (ruling.verdict, ruling.rule) == (ASK, "first")
    assert "rule 'first' could not be decided: " in ruling.reasons[0]
    assert why in ruling.reasons[0]
    assert ruling.requirement.grounds == ruling.reasons


def test_an_undecided_rule_asks_as_strictly_as_any_that_might_have_come_after_it() -> None:
    rules = (
        line("small", "allow", "context.amount < 10")
        + line("large", "ask", "context.amount > 1000", quorum="2", approvers="[ana, ben]", risk="critical")
        + line(
            "medium",
            "ask",
            "context.amount > 100",
            comment="required",
            timeout="30m",
            remember="{longest: 7d}",
        )
        + line("else", "ask", timeout="4h", mode="signed", edits="amount")
    )
    needs = ruled(policy(rules), context={"amount": "5"}).requirement
    assert (needs.quorum, needs.approvers, needs.mode) == (2, ("ana", "ben"), Mode.SIGNED)
    assert (needs.comment_required, needs.timeout, needs.rule) == (True, timedelta(minutes=30), "small")
    assert (needs.edits, needs.remember) == ((), None)
    assert ruled(policy(rules), context={"amount": "5"}).risk.level is Level.CRITICAL


def test_the_rules_defaults_people_and_the_vault_make_the_requirement() -> None:
    top = (
        "people: {ana: , ben: {until: 2026-12-31}, cy: , bot: }\ngroups: {team: [ana, ben]}\n"
        "delegations: [{of: ana, to: cy}, {of: ana, to: bot}, {of: cy, to: ana}, {of: ana, to: ben}]\n"
        "defaults: {timeout: 4h, remember: {longest: 7d}, quorum: 2, comment: required}"
    )
    rules = line("mine", "ask", 'action == "a"', approvers="[team]", quorum="1", remember="never") + line(
        "free", "ask", 'action == "b"', timeout="none", mode="attributed"
    )
    judge = Judge(policy(rules, top))
    mine, free = ruled(judge, "a").requirement, ruled(judge, "b").requirement
    assert (mine.approvers, mine.quorum, mine.comment_required) == (("ana", "ben"), 1, True)
    assert [term.who for term in mine.terms] == ["ben"]
    assert (mine.timeout, mine.remember) == (timedelta(hours=4), None)
    assert {(d.of, d.to) for d in mine.delegations} == {("ana", "cy"), ("ana", "ben")}
    assert (free.approvers, free.timeout, free.untimed) == (("ana", "ben", "cy", "bot"), None, True)
    assert free.remember == Remember(longest=timedelta(days=7))
    assert ruled(judge, "c").requirement.approvers == ()


def test_a_delegate_answers_only_within_their_own_term() -> None:
    top = (
        "people: {ana: , ben: {from: 2026-03-01, until: 2026-03-31}}\n"
        "delegations: [{of: ana, to: ben, from: 2026-02-01, until: 2026-06-30}]"
    )
    (found,) = ruled(policy(line("a", "ask", approvers="ana"), top)).requirement.delegations
    assert found == Delegation(
        of="ana", to="ben", begins=datetime(2026, 3, 1, tzinfo=UTC), ends=datetime(2026, 4, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize("vault", Mode)
@pytest.mark.parametrize("rule", Mode)
def test_a_rule_raises_the_vaults_trust_mode_and_never_lowers_it(vault: Mode, rule: Mode) -> None:
    judge = Judge(policy(line("a", "ask", mode=str(rule))), Requirement(mode=vault, approvers=("ana",)))
    needs = ruled(judge).requirement
    assert needs.mode.strictness == max(vault.strictness, rule.strictness)
    assert needs.approvers == ("ana",)


def test_without_a_policy_everything_asks_for_what_the_vault_requires() -> None:
    base = Requirement(mode=Mode.ATTRIBUTED, approvers=("ana",))
    ruling = ruled(Judge(Policy(), base))
    assert (ruling.verdict, ruling.requirement) == (ASK, base)
    assert ruled(Judge(Policy())).requirement == ANYONE


def test_what_an_agent_says_of_its_risk_can_only_raise_it() -> None:
    quiet = policy(line("calm", "allow", 'risk == "low" && score < 30'))
    assert ruled(quiet).verdict is ALLOW
    assert ruled(quiet, claimed=Risk(level=Level.MEDIUM)).verdict is ASK
    assert ruled(quiet, "user.delete", claimed=Risk(level=Level.LOW)).verdict is ASK


def test_factors_of_the_policy_count_and_those_that_cannot_be_decided_do_too() -> None:
    top = "risk: {factors: [{when: context.customers > 100, level: critical, reason: many}]}"
    judge = Judge(policy(line("a", "ask"), top))
    levels = [ruled(judge, context=c).risk for c in ({"customers": 100}, {"customers": 101}, {})]
    assert [risk.level for risk in levels] == [Level.LOW, Level.CRITICAL, Level.CRITICAL]
    assert "could not be decided" in levels[2].reasons[0]


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ('agent == "bot" && run == "r1"', True),
        ("now < timestamp('2026-03-02T09:00:01Z') && now.getHours() == 9", True),
        ("now.getDayOfWeek() in [6, 0]", False),
        ('risk in ["high", "critical"]', False),
        ("context.items.exists(i, i.n > 2)", True),
        ("has(context.none)", False),
        ("context.big == 9007199254740991", True),
        ("size(context.items) == 2 && context['odd name'] == ''", True),
    ],
)
def test_conditions_may_speak_of_everything_about_the_request(when: str, holds: bool) -> None:
    context = {"items": [{"n": 1}, {"n": 3}], "big": 2**53 - 1, "odd name": ""}
    found = ruled(policy(line("a", "allow", when)), context=context, run="r1")
    assert found.allowed is holds


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_that_conditions_may_call_exists(name: str) -> None:
    call = {
        **dict.fromkeys(("contains", "startsWith", "endsWith", "matches"), f"'a'.{name}('a')"),
        "timestamp": "timestamp('2026-01-01T00:00:00Z') == now",
        "duration": "duration('1h') == duration('60m')",
        "bytes": "bytes('a') == b'a'",
    }.get(name, f"now.{name}() >= 0" if name.startswith("get") else f"{name}(1) == {name}(1)")
    call = "size('a') == 1" if name == "size" else call
    assert holds(call, {"now": NOW}) in (True, False)


@pytest.mark.parametrize(
    "text", ["", "a b", "nope == 1", "foo(1)", "action == ", "x" * (LONGEST + 1), "f.o.o()"]
)
def test_what_is_no_condition_is_refused_before_it_is_needed(text: str) -> None:
    with pytest.raises(ExpressionInvalid):
        compiled(text)


def test_a_condition_of_ones_own_variables_can_fail_too() -> None:
    assert holds("context.a <= proposed.a", {"context": {"a": 1}, "proposed": {"a": 2}})
    with pytest.raises(ExpressionFailed, match="no member"):
        holds("context.a <= proposed.b", {"context": {"a": 1}, "proposed": {"a": 2}})


WHENS = {"true": True, "false": False, "context.none": None, "context.text": None, "'a' == 1": False}
RULES = st.lists(
    st.tuples(st.sampled_from(["allow", "block", "ask"]), st.sampled_from(sorted(WHENS))), max_size=6
)


@given(RULES)
def test_the_verdict_equals_that_of_a_simple_model(rules: list[tuple[str, str]]) -> None:
    """The model: go down the rules; the first that holds decides, the first that fails asks."""
    expected = next(
        ("ask" if WHENS[when] is None else verdict for verdict, when in rules if WHENS[when] is not False),
        "ask",
    )
    text = "".join(line(f"r{n}", verdict, when) for n, (verdict, when) in enumerate(rules))
    assert ruled(policy(text or "  []"), context={"text": "yes"}).verdict == expected


def test_cel_is_loaded_by_rules_with_conditions_only_and_shares_its_module_with_others() -> None:
    code = (
        "import sys; from pathlib import Path; import hitl_vault\n"
        "assert not [m for m in sys.modules if m.startswith(('hitl_vault.policy', 'cel'))]\n"
        "from hitl_vault.policy.parse import parse; from hitl_vault.policy.evaluate import Judge\n"
        "Judge(parse(b'format: 1\\nrules: [{name: a, verdict: ask}]', Path('p')))\n"
        "assert 'cel.cel' not in sys.modules\n"
        "parse(b'format: 1\\nrules: [{name: a, verdict: ask, when: \"1 < 2\"}]', Path('p'))\n"
        "assert 'cel.cel' in sys.modules and 'typer' not in sys.modules\n"
        "import cel; assert cel.evaluate('1 + 1') == 2\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0, done.stderr
