"""Reading policy files: every mistake is told with its file, line, field and remedy."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.domain.canonical import digest_bytes
from hitl_vault.domain.policy import Effect, Policy
from hitl_vault.domain.requirement import Mode
from hitl_vault.domain.risk import Level, Threshold
from hitl_vault.errors import PolicyInvalid
from hitl_vault.policy.parse import parse, read_policy
from hitl_vault.policy.reading import LARGEST

PATH = Path("policy.yaml")

FULL = """\
format: 1
description: Everything at once.
people:
  ana:
  ben: {until: 2026-12-31}
  cy: {from: 2026-01-01, until: "2026-06-30T12:00:00+02:00"}
groups:
  finance: [ana, ben]
  night: {members: cy, from: 2026-02-01}
delegations:
  - {of: ana, to: cy, from: 2026-03-01, until: 2026-03-14}
risk:
  amounts: {medium: 50, critical: 9999.99}
  deletion: off
  tools: Shell
  factors:
    - {when: context.customers > 100, level: critical, reason: many customers}
defaults:
  timeout: 4h
  pause: true
rules:
  - name: large
    when: action == "payment" && context.amount > 1000
    verdict: ask
    reason: large payments need two
    risk: high
    mode: attributed
    approvers: [finance, cy]
    quorum: 2
    reject_quorum: 2
    comment: required
    timeout: 1h30m
    remind: [30m, 5m]
    escalate:
      - {after: 10m, to: night}
      - {after: 1h, to: [ben], replace: true}
    edits: {fields: [amount, payee.name], check: context.amount <= proposed.amount}
    settle: 2s
    template: payment
    remember: {longest: 7d, up_to: medium, at_most: amount, free: [memo]}
  - name: never
    when: action == "nuke"
    verdict: block
    reason: "no"
  - name: reading
    when: action.startsWith("read_")
    verdict: allow
"""


def read(text: str) -> Policy:
    return parse(text.encode(), PATH)


def refused(text: str) -> str:
    with pytest.raises(PolicyInvalid) as refusal:
        read(text)
    assert refusal.value.path == PATH
    return str(refusal.value)


def test_a_policy_with_every_key_is_read() -> None:
    policy = read(FULL)
    large, never, reading = policy.rules
    assert policy.digest == digest_bytes(FULL.encode())
    assert [rule.effect for rule in policy.rules] == [Effect.ASK, Effect.BLOCK, Effect.ALLOW]
    assert (large.asks.approvers, large.asks.quorum, large.asks.mode) == (
        ("finance", "cy"),
        2,
        Mode.ATTRIBUTED,
    )
    assert large.asks.timeout == timedelta(minutes=90)
    assert large.asks.edits == ("amount", "payee.name")
    assert [(e.after.total_seconds(), e.to, e.replace) for e in large.asks.escalations or ()] == [
        (600, ("night",), False),
        (3600, ("ben",), True),
    ]
    assert large.asks.remember is not None
    assert large.asks.remember.up_to is Level.MEDIUM
    assert policy.defaults.timeout == timedelta(hours=4)
    assert policy.factors.amounts == (
        Threshold(level=Level.MEDIUM, beyond=50),
        Threshold(level=Level.CRITICAL, beyond=9999.99),
    )
    assert (policy.factors.deletion, policy.factors.tools) == (None, ("shell",))
    assert (never.reason, reading.line) == ("no", 45)


def test_a_last_day_belongs_to_the_term_and_times_may_have_a_zone() -> None:
    policy = read(FULL)
    ben, cy = policy.people.persons[1:]
    assert ben.ends == datetime(2027, 1, 1, tzinfo=UTC)
    assert cy.ends == datetime(2026, 6, 30, 10, tzinfo=UTC)
    (night,) = policy.people.terms_of(["night"])
    assert (night.begins, night.ends) == (datetime(2026, 2, 1, tzinfo=UTC), cy.ends)


RULE = "format: 1\nrules:\n  - name: a\n"

MISTAKES = [
    ("rules: []", "policy.yaml:1: format: is missing"),
    ("format: 2", "policy.yaml:1: format: this version reads format 1, not 2"),
    ("format: 1\nrulez: []", "policy.yaml:2: rulez: no such key; did you mean 'rules'?"),
    (
        RULE + "    verdict: ask\n    quorom: 2",
        "policy.yaml:5: rules[0].quorom: no such key; did you mean 'quorum'?",
    ),
    (
        RULE + "    verdict: maybe",
        "policy.yaml:4: rules[0].verdict: expected one of allow, block, ask, not 'maybe'",
    ),
    (RULE + "    when: 'true'", "policy.yaml:3: rules[0].verdict: is missing"),
    ("format: 1\nrules:\n  - verdict: ask", "policy.yaml:3: rules[0].name: is missing"),
    (RULE + "    verdict: block\n    when: 'true'", "rules[0].reason: is missing; say why"),
    (RULE + "    verdict: allow", 'rules[0].when: is missing; write `when: "true"`'),
    (
        RULE + "    verdict: allow\n    when: 'true'\n    quorum: 2",
        "policy.yaml:6: rules[0].quorum: says how to ask",
    ),
    (RULE + "    verdict: ask\n    quorum: 0", "rules[0].quorum: expected a whole number from 1"),
    (RULE + "    verdict: ask\n    quorum: two", "rules[0].quorum: expected a whole number from 1"),
    (RULE + "    verdict: ask\n    timeout: soon", "rules[0].timeout: not a duration: 'soon' (write 90s"),
    (RULE + "    verdict: ask\n    timeout: 0s", "rules[0].timeout: expected a duration longer than 0s"),
    (RULE + "    verdict: ask\n    comment: yes", "rules[0].comment: expected required or optional"),
    (RULE + "    verdict: ask\n    pause: yes", "rules[0].pause: expected true or false"),
    (RULE + "    verdict: ask\n    approvers: [{}]", "rules[0].approvers[0]: expected a single value"),
    (RULE + "    verdict: ask\n    approvers: ana\n    quorum: 2", "rules[0].quorum: wants 2 of 1 approvers"),
    (RULE + "    verdict: ask\n    escalate: {after: 1h}", "rules[0].escalate.to: is missing"),
    (
        RULE + "    verdict: ask\n    escalate:\n      - {after: 1h, to: a}\n      - {after: 1h, two: a}",
        "policy.yaml:7: rules[0].escalate[1].two: no such key; did you mean 'to'?",
    ),
    (RULE + "    verdict: ask\n    edits: {fields: a, check: amount < 1}", "there is no variable 'amount'"),
    (
        RULE + "    verdict: ask\n    when: contxt.a",
        "policy.yaml:5: rules[0].when: there is no variable 'contxt'; did",
    ),
    (RULE + "    verdict: ask\n    when: action = 'x'", "rules[0].when: at character 8: write == to compare"),
    (RULE + "    verdict: ask\n    when: contains(action)x", "rules[0].when: at character"),
    (RULE + "    verdict: ask\n    when: lower(action)", "rules[0].when: there is no function 'lower'"),
    (RULE + "    verdict: ask\n    when: !has(context.a)", "put quotes around a value that begins with '!'"),
    (RULE + "    verdict: ask\n    when: ''", "rules[0].when: expected text"),
    (RULE + "    verdict: ask\n  - name: a\n    verdict: ask", "'a' is the name of an earlier rule"),
    (
        RULE + "    verdict: ask\n  - name: b\n    verdict: ask",
        "rules[1]: is never reached: 'a' matches everything",
    ),
    (RULE + "    verdict: ask\n    verdict: allow", "policy.yaml:5: verdict stands twice"),
    (
        "format: 1\npeople: {ana: }\ndelegations: [{of: ana, to: bem}]",
        "delegations[0]: nobody is called 'bem'",
    ),
    (
        "format: 1\npeople: {ana: }\ngroups: {g: [anna]}",
        "groups.g: nobody is called 'anna'; did you mean 'ana'?",
    ),
    ("format: 1\npeople: {ana: }\ngroups: {ana: [ana]}", "groups.ana: is a person's name as well"),
    (
        "format: 1\npeople: {ana: }\n" + RULE[10:] + "    verdict: ask\n    approvers: anna",
        "rules[0]: nobody is called 'anna'; did you mean 'ana'?",
    ),
    (
        "format: 1\npeople: {ana: {from: 2026-02-01, until: 2026-01-01}}",
        "people.ana: `until` lies before `from`",
    ),
    ("format: 1\npeople: {ana: {from: soon}}", "people.ana.from: Invalid isoformat string"),
    ("format: 1\npeople: {ana: {until: 9999-12-31}}", "people.ana.until: '9999-12-31' is too late"),
    ("format: 1\npeople: {ana: {from: '0001-01-01T00:00:00+05:30'}}", "lies outside the years"),
    ("format: 1\npeople: {ana: {from: '2026-01-01T00:00:00'}}", "people.ana.from: no time zone"),
    ("format: 1\nrisk: {amounts: {huge: 5}}", "risk.amounts.huge: no such key"),
    ("format: 1\nrisk: {amounts: {high: lots}}", "risk.amounts.high: could not convert"),
    ("format: 1\nrisk: {amounts: {high: nan}}", "risk.amounts.high: expected a number"),
    ("format: 1\nrisk: {factors: {when: 'true'}}", "risk.factors.level: is missing"),
    ("format: 1\nrules: {a: b}", "rules: expected a list"),
    ("format: 1\nrules: [a]", "rules[0]: expected `name: value` lines"),
    ("- a", "policy.yaml:1: expected `name: value` lines"),
    ("", "expected `name: value` lines"),
    ("format: 1\n---\nformat: 1", "a second document"),
    ("format: &a 1", "policy.yaml:1: anchors and aliases"),
    ("format: !!int 1", "put quotes"),
    ("format: 1\n<<: {a: b}", "policy.yaml:2: a key is a plain word"),
    ("format: [", "policy.yaml:2: not readable as YAML"),
    ("format: 1\nrules: " + "[" * 20_000, "nested deeper than 16 levels"),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES, ids=[expected[:60] for _, expected in MISTAKES])
def test_a_mistake_is_told_with_line_field_and_remedy(text: str, expected: str) -> None:
    assert expected in refused(text)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    told = refused(
        FULL.replace("quorum: 2", "quorom: 2").replace("pause: true", "pause: 1").replace("block", "bloc")
    )
    assert [line.split(":")[1] for line in told.splitlines()] == ["20", "29", "30", "43"]


def test_files_that_cannot_be_read_are_told(work: Path) -> None:
    with pytest.raises(PolicyInvalid, match="cannot be read"):
        read_policy(work / "none.yaml")
    large = work / "large.yaml"
    large.write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(PolicyInvalid, match="larger than"):
        read_policy(large)
    large.write_bytes(b"format: 1 # \xff")
    with pytest.raises(PolicyInvalid, match="not readable"):
        read_policy(large)


@given(st.text(max_size=200) | st.text("aform:1 -[]{}\n\"'&*!|>", max_size=60).map("format: 1\n".__add__))
def test_any_text_is_a_policy_or_is_refused(text: str) -> None:
    with contextlib.suppress(PolicyInvalid):
        assert isinstance(parse(text.encode("utf-8", "surrogatepass"), PATH), Policy)
