"""What people do with policies: check one, ask it, test it, and find requests by a condition."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hitl_vault.config import Config
from hitl_vault.domain.policy import Asked, Policy, Ruling
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import Requirement
from hitl_vault.errors import PolicyInvalid
from hitl_vault.policy import cases
from hitl_vault.policy.evaluate import ANYONE, Judge, rated, variables
from hitl_vault.policy.expressions import ExpressionFailed, ExpressionInvalid, holds
from hitl_vault.policy.parse import read_policy
from hitl_vault.policy.schema import schema
from hitl_vault.rules import (
    CASES,
    load_policy,
    policy_path,
    shipped_policies,
    shipped_policy,
)
from hitl_vault.verbs.asking import judged

__all__ = [
    "cases_beside",
    "explain",
    "find",
    "load_policy",
    "matches",
    "policy_path",
    "read_policy",
    "ruling_json",
    "schema_text",
    "shipped_policies",
    "shipped_policy",
    "try_cases",
]


def find(chosen: str) -> Path:
    """Return the file of a policy: `chosen` is the name of a shipped one, or a path."""
    if chosen in shipped_policies():
        return shipped_policy(chosen)
    path = Path(os.path.expanduser(chosen))
    if not path.is_file():
        names = ", ".join(shipped_policies())
        raise PolicyInvalid(f"{chosen}: neither a file nor a shipped policy; there are {names}", path=path)
    return path


def explain(
    policy: Policy,
    action: str,
    context: Mapping[str, Any],
    *,
    agent: str = "agent",
    run: str | None = None,
    base: Requirement = ANYONE,
    now: datetime | None = None,
) -> Ruling:
    """Return what a policy would say of an action; nothing is recorded."""
    return Judge(policy, base).rule_on(judged(agent, now or datetime.now(UTC), action, context, run=run))


def ruling_json(ruling: Ruling, config: Config | None = None) -> dict[str, Any]:
    """Return a ruling for programs. `timeout` is in seconds, null where there is no deadline.

    With a vault's `config`, what the policy leaves open is what the vault gives.
    """
    needs = ruling.requirement
    given = config.settings.timeout if config and not needs.untimed else None
    timeout = needs.timeout or given
    return {
        "verdict": str(ruling.verdict),
        "rule": ruling.rule or None,
        "reasons": [*ruling.reasons, *ruling.risk.reasons],
        "risk": str(ruling.risk.level),
        "score": ruling.risk.score,
        "approvers": list(needs.approvers),
        "quorum": needs.quorum,
        "reject_quorum": needs.reject_quorum,
        "mode": str(needs.mode),
        "timeout": timeout.total_seconds() if timeout and ruling.requires_approval else None,
    }


def cases_beside(path: Path) -> Path:
    """Return where the cases of a policy file lie: beside it."""
    return path.with_name(path.stem + CASES)


def try_cases(path: Path, policy: Policy | None = None) -> Iterator[tuple[str, list[str]]]:
    """Yield each case of a file with how the policy's answer differs from it; no lines mean that it holds.

    The policy is the one given, or the one that the file names, or the one beside it.
    """
    named, listed = cases.read_cases(path)
    judge = Judge(policy or read_policy(_named(path, named)))
    for case in listed:
        yield case.name, cases.differences(case, judge, datetime.now(UTC))


def _named(path: Path, named: str) -> Path:
    if not named:
        return path.with_name(path.name.removesuffix(CASES) + ".yaml")
    beside = path.parent / named
    return beside if beside.is_file() else find(named)


def schema_text() -> str:
    """Return the JSON Schema of policy files, for editors."""
    return json.dumps(schema(), indent=2) + "\n"


def matches(record: Record, condition: str, now: datetime) -> bool:
    """Tell whether a condition in CEL holds for a request; where it cannot be decided, it does not.

    Raises `PolicyInvalid` if it is no condition.
    """
    request = record.request
    asked = Asked(
        action=request.action, context=request.context, agent=request.agent, run=request.run, now=now
    )
    try:
        return holds(condition, rated(variables(asked), request.risk))
    except ExpressionInvalid as error:
        raise PolicyInvalid(f"{condition!r} is no condition: {error}", field="where") from error
    except ExpressionFailed:
        return False
