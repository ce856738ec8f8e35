"""The shipped policies do what their cases say, and the cases would notice if they did not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

import hitl_vault as hv
from hitl_vault.errors import PolicyInvalid
from hitl_vault.policy.cases import CASE, EXPECT, read_cases
from hitl_vault.policy.parse import parse

NAMES = hv.policies.shipped_policies()
SYSTEMS = ["gateway", "vault-orchestrator", "signed-agents", "approval-service", "workflow-engine"]


def cases_of(name: str) -> Path:
    return hv.policies.cases_beside(hv.policies.shipped_policy(name))


def failing(name: str, policy: str) -> list[str]:
    changed = parse(policy.encode(), Path(f"{name}.yaml"))
    return [case for case, lines in hv.policies.try_cases(cases_of(name), changed) if lines]


def test_there_is_one_policy_for_each_system_and_a_cautious_one() -> None:
    assert sorted(NAMES) == sorted([*SYSTEMS, "cautious"])


@pytest.mark.parametrize("name", NAMES)
def test_every_case_of_a_shipped_policy_holds(name: str) -> None:
    results = dict(hv.policies.try_cases(cases_of(name)))
    assert results
    assert {case: lines for case, lines in results.items() if lines} == {}


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_of_a_shipped_policy_has_a_case(name: str) -> None:
    _, cases = read_cases(cases_of(name))
    decided = {case.expect.get("rule") for case in cases}
    assert {rule.name for rule in hv.policies.read_policy(hv.policies.find(name)).rules} <= decided | {
        "critical risk",
        "high risk",
    }


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("vault-orchestrator", ">= 500", "> 500"),
        ("vault-orchestrator", ">= 500", ">= 499.99"),
        ("vault-orchestrator", "(?i)delete", "^delete"),
        (
            "vault-orchestrator",
            "has(context.bulk) && context.bulk",
            'has(context.bulk) && context.bulk == "x"',
        ),
        ("workflow-engine", ">= 0.7", "> 0.7"),
        ("workflow-engine", "|code[\\\\W_]*execution", ""),
        ("gateway", "timeout: 30m", "timeout: 31m"),
        ("gateway", 'contains("..")', 'contains("...")'),
        ("gateway", "timeout: 1h", "timeout: none"),
        ("signed-agents", "mode: signed", "mode: attributed"),
        ("signed-agents", "timeout: 5m", "timeout: 30m"),
        ("approval-service", "timeout: 30m", "timeout: 1h"),
        ("cautious", "high: 1000", "high: 1001"),
    ],
)
def test_the_cases_notice_a_changed_threshold(name: str, old: str, new: str) -> None:
    text = hv.policies.find(name).read_text("utf-8")
    assert old in text
    assert failing(name, text) == []
    assert failing(name, text.replace(old, new)) != []


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("verdict: allow", "verdict: expected allow, found ask"),
        ("verdict: ask, rule: b", "rule: expected b, found a"),
        ("verdict: ask, rule: ''", "rule: expected no rule, found a"),
        ("verdict: ask, risk: high", "risk: expected high, found low"),
        ("verdict: ask, approvers: [ben]", "approvers: expected ben, found ana"),
        ("verdict: ask, quorum: 2", "quorum: expected 2, found 1"),
        ("verdict: ask, reject_quorum: 2", "reject_quorum: expected 2, found 1"),
        ("verdict: ask, timeout: 2h", "timeout: expected 2h, found 1h"),
        ("verdict: ask, timeout: none", "timeout: expected none, found 1h"),
        ("verdict: ask, mode: code", "mode: expected code, found open"),
        ("verdict: ask, comment: true", "comment: expected True, found False"),
        ("verdict: ask, reason: words", "reason: expected 'words' in 'because'"),
    ],
)
def test_a_case_that_fails_says_what_was_found_instead(work: Path, expect: str, told: str) -> None:
    policy = "format: 1\nrules: [{name: a, verdict: ask, approvers: ana, timeout: 1h, reason: because}]"
    (work / "mine.yaml").write_text(policy)
    (work / "mine.cases.yaml").write_text(f"cases: [{{name: n, action: x, expect: {{{expect}}}}}]")
    assert list(hv.policies.try_cases(work / "mine.cases.yaml")) == [("n", [told])]


def test_a_case_may_name_its_policy_its_agent_its_time_and_its_risk(work: Path) -> None:
    when = 'agent == "a" && run == "r" && now < timestamp("2026-01-02T00:00:00Z") && risk == "high"'
    (work / "other.yaml").write_text(f"format: 1\nrules: [{{name: a, when: '{when}', verdict: allow}}]")
    path = work / "mine.cases.yaml"
    path.write_text(
        "policy: other.yaml\ncases: [{name: n, action: x, agent: a, run: r, now: 2026-01-01T00:00:00Z,"
        " risk: high,"
        ' context: {n: 1, s: "1", b: true, z: null, l: [0.5]}, expect: {verdict: allow}}]'
    )
    assert list(hv.policies.try_cases(path)) == [("n", [])]
    assert read_cases(path)[1][0].context == {"n": 1, "s": "1", "b": True, "z": None, "l": [0.5]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cases: []", "cases: expected a list"),
        ("policy: cautious", "cases: is missing"),
        ("cases: [{name: a, action: b}]", "cases[0].expect: is missing"),
        ("cases: [{name: a, action: b, expect: {verdikt: ask}}]", "did you mean 'verdict'"),
        ("cases: [{name: a, action: b, context: [], expect: {verdict: ask}}]", "cases[0].context: expected"),
        ("policy: nope\ncases: [{name: a, action: b, expect: {verdict: ask}}]", "nope: neither a file nor"),
    ],
)
def test_mistakes_in_a_file_of_cases_are_told(work: Path, text: str, told: str) -> None:
    (work / "x.cases.yaml").write_text(text)
    with pytest.raises(PolicyInvalid, match=re.escape(told)):
        list(hv.policies.try_cases(work / "x.cases.yaml"))


def test_the_shipped_schema_is_the_one_that_the_parser_follows() -> None:
    shipped = hv.policies.shipped_policy("cautious").with_name("policy.schema.json")
    assert shipped.read_text("utf-8") == hv.policies.schema_text()
    schema = json.loads(hv.policies.schema_text())
    assert schema["required"] == ["format"]
    assert set(schema["properties"]["rules"]["items"]["properties"]) >= {"name", "when", "verdict", "quorum"}


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_accepts_every_shipped_policy_and_refuses_an_unknown_key(name: str) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(hv.policies.schema_text()))
    policy = yaml.safe_load(hv.policies.find(name).read_text("utf-8"))
    assert list(validator.iter_errors(policy)) == []
    policy["rules"][0]["quorom"] = 2
    assert [error.validator for error in validator.iter_errors(policy)] == ["additionalProperties"]


def test_every_key_of_cases_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "policy.md").read_text("utf-8")
    assert [key.name for key in (*CASE, *EXPECT) if f"`{key.name}`" not in page] == []
