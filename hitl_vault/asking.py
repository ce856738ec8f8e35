"""Turns what an agent says into a request to be recorded: checked, with the vault's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypedDict

from hitl_vault import operands
from hitl_vault.acts import Asking
from hitl_vault.config import Settings
from hitl_vault.domain.canonical import NotJson, canonical
from hitl_vault.domain.risk import Level, Risk
from hitl_vault.domain.times import Duration, duration


class AskOptions(TypedDict, total=False):
    """What may be said beside the action and its context.

    `summary` (one line) and `reason` are for the approver; `key` is the agent's own name for the
    request and makes asking idempotent; `run` names the agent's run. `timeout` is the time to decide
    and to claim (`"1h"`, seconds, a timedelta; None for no deadline; the vault's default if left out).
    `files` are paths by name: their content is bound too, shown by its hash, and hashed again at the claim.
    """

    summary: str
    reason: str
    key: str | None
    timeout: Duration | None
    run: str | None
    risk: str | Level | Risk | None
    files: Mapping[str, str | Path] | None


def asking(
    agent: str,
    settings: Settings,
    action: str,
    context: Mapping[str, Any] | None = None,
    *,
    summary: str = "",
    reason: str = "",
    key: str | None = None,
    run: str | None = None,
    risk: str | Level | Risk | None = None,
    files: Mapping[str, str | Path] | None = None,
    timeout: Duration | None = "",
) -> Asking:
    """Return what `agent` asks; `ValueError` for an action without a name or a context that is not JSON."""
    if not action.strip():
        raise ValueError("an action needs a name")
    return Asking(
        action=action,
        context=_checked(action, context),
        agent=agent,
        timeout=_timeout(settings, timeout),
        summary=summary,
        reason=reason,
        run=run,
        key=key,
        risk=risk if isinstance(risk, Risk) else Risk(level=Level(risk or Level.LOW)),
        requirement=settings.requirement,
        files=operands.bind(files or {}),
    )


def _checked(action: str, context: Mapping[str, Any] | None) -> dict[str, Any]:
    copy = dict(context or {})
    try:
        canonical(copy)
    except NotJson as error:
        raise NotJson(f"the context of {action!r} is {error}") from error
    return copy


def _timeout(settings: Settings, timeout: Duration | None) -> timedelta | None:
    if timeout == "":
        return settings.timeout
    return None if timeout is None else duration(timeout)
