"""Ready-made questions for common kinds of action, with fitting names, contexts and time-outs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from hitl_vault.domain.request import Request
from hitl_vault.guard import Asks
from hitl_vault.verbs.asking import AskOptions

TIMEOUTS = {
    "code_execution": "30m",
    "deployment": "2h",
    "billing": "4h",
    "file_deletion": "30m",
}
"""The time to answer, by action. A policy may give less, and `timeout=` says otherwise."""


class Askers:
    """The verbs of a gate that ask for common kinds of action. Each returns the request, as `ask` does."""

    def ask_code_execution(
        self: Asks, code: str, *, language: str = "python", cwd: str = "", **options: Unpack[AskOptions]
    ) -> Request:
        """Ask whether code may run; 30 minutes to answer."""
        context = {"language": language, "code": code, **({"cwd": cwd} if cwd else {})}
        return _ask(self, "code_execution", context, f"Run {language} code", options)

    def ask_deployment(
        self: Asks, service: str, version: str, environment: str, **options: Unpack[AskOptions]
    ) -> Request:
        """Ask whether a version of a service may be deployed; 2 hours to answer."""
        context = {"service": service, "version": version, "environment": environment}
        return _ask(self, "deployment", context, f"Deploy {service} {version} to {environment}", options)

    def ask_billing(
        self: Asks, amount: float, currency: str, recipient: str, **options: Unpack[AskOptions]
    ) -> Request:
        """Ask whether an amount may be charged or paid; 4 hours to answer."""
        context = {"amount": amount, "currency": currency, "recipient": recipient}
        return _ask(self, "billing", context, f"{amount} {currency} for {recipient}", options)

    def ask_file_deletion(self: Asks, paths: Sequence[str], **options: Unpack[AskOptions]) -> Request:
        """Ask whether files may be deleted; 30 minutes to answer."""
        context = {"paths": [*paths]}
        what = "a file" if len(paths) == 1 else f"{len(paths)} files"
        return _ask(self, "file_deletion", context, f"Delete {what}", options)


def _ask(gate: Asks, action: str, context: dict[str, Any], summary: str, options: AskOptions) -> Request:
    fitting: AskOptions = {"summary": summary, "timeout": TIMEOUTS[action], **options}
    return gate.ask(action, context, **fitting)
