"""The page on policies: every key is there, and every example works as it stands."""

from __future__ import annotations

import re
import shlex
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import hitl_vault as hv
from hitl_vault.domain.risk import Level
from hitl_vault.policy import keys
from hitl_vault.policy.expressions import VARIABLES
from hitl_vault.policy.parse import parse
from tests.acceptance.pages import ROOT, examples, run, run_python
from tests.acceptance.shell import Shell

FILE = ROOT / "docs" / "policy.md"
PAGE = FILE.read_text("utf-8")
TABLES = (
    *(keys.TOP, keys.RULE, keys.ASKS, keys.RISK, keys.FACTOR, keys.PERSON, keys.GROUP, keys.DELEGATION),
    *(keys.ESCALATE, keys.EDITS, keys.REMEMBER, keys.AMOUNT, keys.COMPLEXITY),
)


@pytest.mark.parametrize(
    "name", sorted({key.name for table in TABLES for key in table} | {*VARIABLES, *Level})
)
def test_every_key_and_variable_is_documented(name: str) -> None:
    assert re.search(rf'`"?{name}\b', PAGE)


@pytest.mark.parametrize(
    "name", sorted({key.name for table in (keys.TOP, keys.RULE, keys.RISK) for key in table})
)
def test_every_key_of_a_table_has_its_row(name: str) -> None:
    assert f"| `{name}` |" in PAGE


@pytest.mark.parametrize("name", hv.policies.shipped_policies())
def test_every_shipped_policy_is_documented(name: str) -> None:
    assert f"| `{name}` |" in PAGE


@pytest.mark.parametrize("number", range(len(examples(FILE, "yaml"))))
def test_every_example_in_yaml_is_a_policy_or_a_file_of_cases_that_holds(work: Path, number: int) -> None:
    text = examples(FILE, "yaml")[number]
    if text.startswith("policy:"):
        (work / "mine.cases.yaml").write_text(text)
        assert [lines for _, lines in hv.policies.try_cases(work / "mine.cases.yaml")] == [[], []]
    else:
        assert parse(text.encode(), Path("policy.yaml")).rules


def test_the_examples_together_use_every_key_of_a_rule_and_of_risk() -> None:
    text = "\n".join(examples(FILE, "yaml"))
    used = {key.name for key in (*keys.RULE, *keys.RISK) if re.search(rf"\b{key.name}:", text)}
    assert {key.name for key in keys.RULE} - used == set()


def test_the_commands_run(hitl: Shell) -> None:
    lines = [line for block in examples(FILE, "sh") for line in block.splitlines()]
    assert len(lines) >= 6
    for line in lines:
        result = hitl(*shlex.split(line)[1:])
        assert (result.code, result.err) == (0, ""), line


def test_a_shipped_policy_is_adapted_as_the_page_says(here: Path) -> None:
    (line,) = [line for line in PAGE.splitlines() if line.startswith("    hitl policy show")]
    done = run(["sh", "-c", line.replace("hitl", f"{sys.executable} -m hitl_vault", 1)], here)
    assert (done.returncode, done.stderr) == (0, "")
    with hv.open_gate(here / "vault", keeper=False) as gate:
        assert gate.check("search", {}).verdict == "allow"
    with (here / "vault" / ".hitl" / "vault.yaml").open("a") as settings:
        settings.write("policy: approval-service\n")
    with hv.open_gate(here / "vault", keeper=False) as gate:
        assert gate.check("search", {}).verdict == "ask"


@pytest.mark.parametrize(
    ("policy", "asked", "given"),
    [
        ("", "1d", timedelta(days=1)),
        ("", None, None),
        ("defaults: {timeout: 4h}\n", "1d", timedelta(hours=4)),
        ("defaults: {timeout: 4h}\n", None, timedelta(hours=4)),
        ("defaults: {timeout: 4h}\n", "5m", timedelta(minutes=5)),
    ],
)
def test_an_agent_may_only_ask_for_less_than_the_policy_sets(
    here: Path, policy: str, asked: str | None, given: timedelta | None
) -> None:
    (here / "vault" / ".hitl" / "policy.yaml").write_text(f"format: 1\n{policy}rules: []\n")
    with hv.open_gate(here / "vault", keeper=False) as gate:
        request = gate.ask("deploy", timeout=asked)
    assert request.expires == (given and request.created + given)


@pytest.mark.parametrize(
    ("action", "context", "level"),
    [
        ("payment", {"amount": 5}, "low"),
        ("payment", {"total": 5}, "critical"),
        ("file_transfer", {}, "low"),
        ("file_transfer", {"amount": "5"}, "critical"),
        ("refund", {"eur": 100_000}, "low"),
    ],
)
def test_payments_without_an_amount_count_as_the_page_says(
    here: Path, action: str, context: dict[str, object], level: str
) -> None:
    with hv.open_gate(here / "vault", keeper=False) as gate:
        assert gate.check(action, context).risk.level == level


def test_the_python_runs(here: Path) -> None:
    done = run_python("\n".join(examples(FILE, "python")), here)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("ask medium")
    assert "needs approval and comes without a grant" in done.stdout
