"""Policies on the command line, and approving several requests by a condition."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.acceptance.shell import Shell


def explained(hitl: Shell, action: str, context: object, *more: str) -> dict[str, object]:
    result = hitl("policy", "explain", action, "--context", json.dumps(context), "--json", *more)
    assert (result.code, result.err) == (0, "")
    found: dict[str, object] = result.json
    return found


@pytest.mark.parametrize(
    ("policy", "action", "context", "expected"),
    [
        ("vault-orchestrator", "payment", {"amount": 499.99}, {"verdict": "allow", "risk": "medium"}),
        ("vault-orchestrator", "payment", {"amount": 500}, {"verdict": "ask", "timeout": 3600}),
        ("vault-orchestrator", "payment", {"amount": "500"}, {"verdict": "ask", "risk": "high"}),
        ("gateway", "file_read", {"path": "/etc/shadow"}, {"verdict": "block", "timeout": None}),
        ("gateway", "code_execution", {}, {"verdict": "ask", "rule": "code execution", "timeout": 1800}),
        ("approval-service", "x", {}, {"verdict": "ask", "quorum": 1, "approvers": [], "timeout": 1800}),
        ("signed-agents", "x", {}, {"mode": "signed"}),
    ],
)
def test_explain_tells_programs_the_verdict(
    hitl: Shell, policy: str, action: str, context: object, expected: dict[str, object]
) -> None:
    found = explained(hitl, action, context, "--policy", policy)
    assert {name: found[name] for name in expected} == expected
    assert found["reasons"] or found["verdict"] == "ask"


def test_explain_tells_people_which_rule_why_who_how_many_and_by_when(hitl: Shell, work: Path) -> None:
    path = work / "mine.yaml"
    path.write_text(
        "format: 1\nrules:\n"
        "  - {name: two, verdict: ask, approvers: [ana, ben], quorum: 2, reason: because, timeout: 90m}\n"
    )
    out = hitl("policy", "explain", "x", "--policy", str(path)).out
    how = ("2 to approve, 1 to reject", "within 1h30m", "low")
    for words in ("ask (rule 'two')", "because", "ana, ben", *how):
        assert words in out


def test_explain_asks_the_vaults_own_policy_with_its_settings(hitl: Shell) -> None:
    found = explained(hitl, "user.delete", {})
    assert (found["verdict"], found["rule"], found["risk"], found["timeout"]) == (
        "ask",
        "high risk",
        "high",
        3600,
    )


def test_check_is_silent_about_what_is_right_and_names_the_line_of_what_is_not(hitl: Shell) -> None:
    assert hitl("policy", "check").code == 0
    path = hitl.house.root / ".hitl" / "policy.yaml"
    path.write_text("format: 1\nrules:\n  - name: a\n    verdict: ask\n    quorom: 2\n")
    wrong = hitl("policy", "check")
    assert wrong.code == 1
    assert f"{path}:5: rules[0].quorom: no such key; did you mean 'quorum'?" in wrong.err
    assert hitl("policy", "check", "gateway").code == 0
    assert "neither a file nor a shipped policy" in hitl("policy", "check", "gatewya").err
    asked = hitl("request", "x")
    assert (asked.code, asked.out) == (1, "")
    assert "quorom" in asked.err


def test_test_tells_what_fails_and_ends_with_1(hitl: Shell) -> None:
    assert hitl("policy", "test", "cautious").code == 0
    folder = hitl.house.root / ".hitl"
    (folder / "policy.cases.yaml").write_text(
        "cases:\n  - {name: mine, action: x, expect: {verdict: allow}}\n"
        "  - {name: yours, action: x, expect: {verdict: ask}}\n"
        "  - {name: slow, action: x, expect: {verdict: ask, timeout: 90m}}\n"
    )
    failed = hitl("policy", "test")
    assert failed.code == 1
    assert "mine" in failed.out
    assert "verdict: expected allow, found ask" in failed.out
    assert "timeout: expected 1h30m, found " in failed.out
    assert "yours" not in failed.out
    assert (
        hitl("policy", "test", "--policy", "vault-orchestrator", str(folder / "policy.cases.yaml")).code == 1
    )
    told = hitl("policy", "test", "--json")
    assert told.code == 1
    assert [case["ok"] for case in told.json] == [False, True, False]


def test_show_and_schema_print_what_they_name(hitl: Shell) -> None:
    assert "name: critical risk" in hitl("policy", "show").out
    assert hitl("policy", "show", "gateway").out.startswith("# yaml-language-server")
    assert hitl("policy", "schema").json["title"].startswith("hitl-vault policy")
    schema = hitl.house.root / ".hitl" / "policy.schema.json"
    assert schema.read_text("utf-8") == hitl("policy", "schema").out


def test_a_vault_without_a_policy_says_so(hitl: Shell) -> None:
    (hitl.house.root / ".hitl" / "policy.yaml").unlink()
    for command in ("check", "show", "test"):
        result = hitl("policy", command)
        assert result.code == 2
        assert "has no policy" in result.err
    assert explained(hitl, "x", {})["verdict"] == "ask"


def test_a_blocked_request_says_why(hitl: Shell) -> None:
    path = hitl.house.root / ".hitl" / "policy.yaml"
    path.write_text(
        'format: 1\nrules: [{name: never, when: action == "nuke", verdict: block, reason: not here}]\n'
    )
    blocked = hitl("request", "nuke")
    assert blocked.code == 3
    assert "not here" in blocked.err
    assert "rule 'never' blocks it" in hitl("log").out


def three(hitl: Shell) -> tuple[str, str, str]:
    small = hitl.ask("--context", '{"amount": 5}', action="pay")
    large = hitl.ask("--context", '{"amount": 500}', action="pay")
    other = hitl.ask("--context", "{}", action="email")
    return small, large, other


def states(hitl: Shell, *ids: str) -> list[str]:
    return [str(hitl("show", id, "--json").json["state"]) for id in ids]


def test_a_condition_approves_what_it_shows_and_nothing_else(hitl: Shell) -> None:
    ids = three(hitl)
    result = hitl("approve", "--where", "context.amount < 10", "--by", "ana", "--yes")
    assert result.code == 0
    assert ids[0] in result.out
    assert '"amount": 5' in result.out
    assert ids[1] not in result.out
    assert states(hitl, *ids) == ["approved", "pending", "pending"]


def test_a_condition_shows_all_that_the_request_alone_would_show(hitl: Shell, tmp_path: Path) -> None:
    script = tmp_path / ("innocent" * 12) / "wipe.sh"
    script.parent.mkdir()
    script.write_text("rm -rf /")
    action = "read reports " + "and more " * 9 + "then drop the database"
    id = hitl.ask("--file", f"script={script}", "--reason", "A reason", action=action)
    result = hitl("approve", "--where", "true", "--by", "ana", "--yes")
    shown = "".join(result.out.split())
    record = hitl("show", id, "--json").json
    for said in (action, str(script), record["request"]["files"][0]["sha256"], record["digest"], "A reason"):
        assert "".join(said.split()) in shown


class Terminal(io.StringIO):
    """Standard input with somebody at it."""

    def isatty(self) -> bool:
        return True


def test_it_asks_beside_the_json_that_a_program_reads(hitl: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    id = hitl.ask("--context", '{"amount": 5}', action="email")
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    result = hitl("approve", "--where", 'action == "email"', "--json")
    assert [answer["id"] for answer in result.json] == [id]
    assert result.err.endswith("Approve it? [y/N] ")
    assert '"amount": 5' in result.err


@pytest.mark.parametrize(("answer", "after"), [("y\n", "approved"), ("n\n", "pending"), ("\n", "pending")])
def test_it_asks_before_it_approves(
    hitl: Shell, monkeypatch: pytest.MonkeyPatch, answer: str, after: str
) -> None:
    id = hitl.ask("--context", "{}", action="email")
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert hitl("approve", "--where", 'action == "email" && risk == "low"').code == 0
    assert states(hitl, id) == [after]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--where", "true"], 2, "add --yes"),
        (["--where", "true", "x"], 2, "not both"),
        (["--where", "nope", "--yes"], 1, "there is no variable 'nope'"),
        (["--where", "action ==", "--yes"], 1, "is no condition"),
        (["--where", 'action == "none"', "--yes"], 0, "no request that awaits an answer fits"),
        ([], 2, "name a request"),
    ],
)
def test_what_cannot_be_meant_approves_nothing(
    hitl: Shell, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, told: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    id = hitl.ask("--context", "{}", action="email")
    result = hitl("approve", *words)
    assert result.code == code
    assert told in result.err
    assert states(hitl, id) == ["pending"]


def test_a_vote_for_what_was_shown_is_refused_for_anything_else(hitl: Shell) -> None:
    id = hitl.ask("--context", "{}", action="email")
    with hv.open_gate(keeper=False) as gate:
        with pytest.raises(hv.DigestMismatch, match="not what was shown"):
            gate.decide(id, "approve", by="ana", digest="sha256:00")
        assert gate.decide(id, "approve", by="ana", digest=gate.get(id).request.digest).state == "approved"
