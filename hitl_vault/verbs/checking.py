"""The verbs of a gate that ask the policy: does an action need anybody, and may an executor go on?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from hitl_vault.domain.canonical import digest
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.policy import Ruling
from hitl_vault.domain.record import Record
from hitl_vault.domain.risk import Level, Risk
from hitl_vault.errors import Blocked, Violation
from hitl_vault.ledger.protocol import Ledger, Writer
from hitl_vault.rules import Rules
from hitl_vault.verbs.asking import judged
from hitl_vault.verbs.grant import Grant


class Checks(Protocol):
    """What checking needs of a gate."""

    agent: str
    ledger: Ledger

    @property
    def rules(self) -> Rules:
        """The rules of the vault."""
        ...

    @property
    def check(self) -> Callable[..., Ruling]:
        """Ask the policy."""
        ...


class Checking:
    """The verbs of a gate that ask the policy and nobody else."""

    def check(
        self: Checks,
        action: str,
        context: Mapping[str, Any] | None = None,
        *,
        run: str | None = None,
        risk: str | Level | Risk | None = None,
    ) -> Ruling:
        """Return what the policy says of an action: allowed, blocked, or to be asked about; record nothing.

        Raises `PolicyInvalid` where the policy cannot be read, `ValueError` for a context that is not JSON.
        """
        return self.rules.rule_on(judged(self.agent, self.ledger.now(), action, context, run=run, risk=risk))

    def guardrail(
        self: Checks, action: str, context: Mapping[str, Any] | None = None, grant: Grant | None = None
    ) -> Ruling:
        """Let an executor go on only with what may run: call it right before the action.

        What the policy allows may run; all else needs a `grant` that was claimed for this very action and
        context and has not ended. Otherwise a violation is recorded, and raised as `Violation`, or as
        `Blocked` where the policy forbids the action.
        """
        ruling = self.check(action, context)
        fault = "" if ruling.allowed else _fault(self, ruling, action, dict(context or {}), grant)
        if not fault:
            return ruling
        kind = Blocked if ruling.blocked else Violation
        _record(self, action, dict(context or {}), ruling, fault)
        raise kind(f"{action}: {fault}", request=grant.request if grant else None)


def _fault(gate: Checks, ruling: Ruling, action: str, context: Mapping[str, Any], grant: Grant | None) -> str:
    """Return why an action may not run, empty if it may."""
    if ruling.blocked:
        return f"the policy blocks it: {'; '.join(ruling.reasons)}"
    if grant is None:
        return "it needs approval and comes without a grant"
    record = gate.ledger.record(grant.request.id)
    return next((fault for holds, fault in _checks(gate, record, action, context, grant) if not holds), "")


def _checks(
    gate: Checks, record: Record, action: str, context: Mapping[str, Any], grant: Grant
) -> list[tuple[bool, str]]:
    running = record.state is State.EXECUTING and not grant.ended
    approved = digest(record.decision.context) if record.decision else ""
    return [
        (running, f"its grant is used up: the request is {record.state}"),
        (grant.holds(record), "its grant is not the one that was claimed"),
        (record.request.agent == gate.agent, f"its grant belongs to {record.request.agent!r}"),
        (record.request.action == action, f"its grant is for {record.request.action!r}"),
        (approved == digest(context), "its grant is for another context"),
    ]


def _record(gate: Checks, action: str, context: Mapping[str, Any], ruling: Ruling, fault: str) -> None:
    body = {
        "by": [gate.agent],
        "action": action,
        "context": digest(context),
        "rule": ruling.rule,
        "text": f"{action}: {fault}",
    }

    def job(writer: Writer) -> None:
        writer.append(Kind.VIOLATED, "", body, mode=ruling.requirement.mode)

    gate.ledger.write(job)
