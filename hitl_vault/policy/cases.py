"""Cases that a policy is tested with: what is asked, and what the policy should say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hitl_vault.domain.canonical import NotJson, canonical
from hitl_vault.domain.policy import Asked, Effect, Ruling
from hitl_vault.domain.requirement import Mode
from hitl_vault.domain.risk import Level, Risk
from hitl_vault.domain.times import exact, instant
from hitl_vault.policy.evaluate import Judge
from hitl_vault.policy.keys import LEVEL
from hitl_vault.policy.kinds import COUNT, FLAG, SPAN_OR_NONE, TEXT, TEXTS, Kind, Wrong, choice, of_text
from hitl_vault.policy.mappings import Key, Problems, join, nested, read_keys
from hitl_vault.policy.reading import Node, read, read_text

UNSAID = object()


@dataclass(frozen=True, kw_only=True)
class Case:
    """One question to a policy. `expect` has the values of `EXPECT` that the answer must have."""

    name: str
    action: str
    expect: Mapping[str, Any]
    context: Mapping[str, Any] = field(default_factory=dict)
    agent: str = "agent"
    run: str | None = None
    now: datetime | None = None
    risk: Level | None = None
    line: int = 0


def _json_object(node: Node) -> dict[str, Any]:
    value = node.value()
    try:
        canonical(value)
    except NotJson as error:
        raise Wrong(str(error), node.line) from error
    if not isinstance(value, dict):
        raise Wrong("expected `name: value` lines", node.line)
    return value


EXPECT = (
    Key("verdict", choice(Effect), "`allow`, `block` or `ask`.", required=True),
    Key("rule", Kind(of_text(str), {"type": "string"}), "The rule that decides; empty where none matches."),
    Key("risk", LEVEL, "The risk."),
    Key("approvers", TEXTS, "Who may answer, persons by name."),
    Key("quorum", COUNT, "How many must say yes."),
    Key("reject_quorum", COUNT, "How many must say no."),
    Key("timeout", SPAN_OR_NONE, "The time to answer that the policy gives; `none` for no deadline."),
    Key("mode", choice(Mode), "The trust mode."),
    Key("comment", FLAG, "Whether a comment is required."),
    Key("reason", TEXT, "Words that occur in the reasons."),
)

CASE = (
    Key("name", TEXT, "What the case shows.", required=True),
    Key("action", TEXT, "What is asked.", required=True),
    Key("context", Kind(_json_object, {"type": "object"}), "Its context; quoted numbers are text."),
    Key("agent", TEXT, "Who asks."),
    Key("run", TEXT, "The agent's run."),
    Key("now", Kind(of_text(instant), {"type": "string"}), "When; else the present."),
    Key("risk", LEVEL, "The risk that the agent states."),
    Key("expect", nested(EXPECT), "What the policy should say.", required=True),
)

_TOP = (
    Key("policy", TEXT, "The policy: the name of a shipped one, or a file beside this one."),
    Key("cases", Kind(lambda node: node, {"type": "array"}), "The cases.", required=True),
)


def read_cases(path: Path) -> tuple[str, list[Case]]:
    """Return the policy that a file of cases names (empty: none) and the cases; `PolicyInvalid` as ever."""
    problems = Problems(path)
    top = read_keys(read(read_text(path), path), _TOP, "", problems)
    cases = list(_cases(top.get("cases"), problems))
    problems.raise_any()
    return top.get("policy", ""), cases


def _cases(node: Node | None, problems: Problems) -> Iterator[Case]:
    if node is None:
        return
    if not node.items:
        problems.add(node.line, "cases", "expected a list: `- name: …` lines")
    for at, item in enumerate(node.items or ()):
        values = read_keys(item, CASE, join("", f"cases[{at}]"), problems)
        if {"name", "action", "expect"} <= values.keys():
            yield Case(**values, line=item.line)


def differences(case: Case, judge: Judge, now: datetime) -> list[str]:
    """Return how the policy's answer to a case differs from what is expected, one line each."""
    ruling = judge.rule_on(
        Asked(
            action=case.action,
            context=case.context,
            agent=case.agent,
            run=case.run,
            now=case.now or now,
            claimed=Risk(level=case.risk) if case.risk else None,
        )
    )
    found = {name: look(ruling) for name, look in _LOOKS.items()}
    lines = [
        f"{name}: expected {_shown(wanted)}, found {_shown(found[name])}"
        for name, wanted in case.expect.items()
        if name in found and found[name] != wanted
    ]
    words = case.expect.get("reason", "")
    reasons = "; ".join((*ruling.reasons, *ruling.risk.reasons))
    return lines if words in reasons else [*lines, f"reason: expected {words!r} in {reasons!r}"]


def _timeout(ruling: Ruling) -> Any:
    needs = ruling.requirement
    return needs.timeout if needs.timeout or needs.untimed else UNSAID


_LOOKS: dict[str, Callable[[Ruling], Any]] = {
    "verdict": lambda ruling: ruling.verdict,
    "rule": lambda ruling: ruling.rule,
    "risk": lambda ruling: ruling.risk.level,
    "approvers": lambda ruling: ruling.requirement.approvers,
    "quorum": lambda ruling: ruling.requirement.quorum,
    "reject_quorum": lambda ruling: ruling.requirement.reject_quorum,
    "timeout": _timeout,
    "mode": lambda ruling: ruling.requirement.mode,
    "comment": lambda ruling: ruling.requirement.comment_required,
}


def _shown(value: Any) -> str:
    if value is UNSAID:
        return "what the vault gives"
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return ", ".join(value) or "anyone"
    return exact(value) if isinstance(value, timedelta) else str(value) or "no rule"
