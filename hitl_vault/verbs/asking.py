"""Turns what an agent says into a request to be recorded: checked, with the vault's defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from hitl_vault import acts
from hitl_vault.acts import Asking, schemas
from hitl_vault.acts.standing import with_rules
from hitl_vault.domain.canonical import NotJson, canonical, parsed
from hitl_vault.domain.policy import Asked
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import ADOPTED
from hitl_vault.domain.risk import Level, Risk
from hitl_vault.domain.text import too_long_a_name
from hitl_vault.domain.times import Duration, duration
from hitl_vault.domain.unfit import unfit
from hitl_vault.ledger.protocol import Ledger, Writer
from hitl_vault.rules import Rules
from hitl_vault.verbs import operands


class CallOptions(TypedDict, total=False):
    """What may be said of every call of a function alike.

    `run` names the agent's run. `timeout` is the time to decide and to claim (`"1h"`, seconds, a timedelta;
    None for no deadline), at most what the policy's rule gives; left out, it is the rule's or the vault's.
    `risk` can only raise what the policy assesses. `files` are paths by name: their content is bound too,
    shown by its hash, and hashed again at the claim. `schema` is a JSON Schema of the context: what
    approvers may change has to stay within it.
    """

    timeout: Duration | None
    run: str | None
    risk: str | Level | Risk | None
    files: Mapping[str, str | Path] | None
    schema: Mapping[str, Any] | None


class AskOptions(CallOptions, total=False):
    """What may be said beside the action and its context; see `CallOptions` too.

    `summary` (one line) and `reason` are for the approver; `key` is the agent's own name for the
    request and makes asking idempotent; an empty one is none.
    """

    summary: str
    reason: str
    key: str | None


class Step:
    """What an agent asks in one step: at one time, by the policy and the standing rules as they are then."""

    def __init__(self, agent: str, rules: Rules, ledger: Ledger, root: Path) -> None:
        self._agent = agent
        self._rules = rules.held()
        self._ledger = ledger
        self._root = root
        self._now = ledger.now()
        self._standing = cache(ledger.standing)

    def job(self, **given: Any) -> Callable[[Writer], Record]:
        """Return the transaction that asks one thing; the arguments are those of `Gate.ask`."""
        asked = asking(self._agent, self._rules, self._now, **given)
        asked = with_rules(asked, self._standing, self._ledger.record, self._root)
        return lambda writer: acts.ask(writer, asked)


def asking(
    agent: str,
    rules: Rules,
    now: datetime,
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
    schema: Mapping[str, Any] | None = None,
) -> Asking:
    """Return what `agent` asks and what the policy says of it.

    Raises `ValueError` for an action without a name, a name of over 120 columns, a text or context that is
    not JSON, a key that is kept for adopted notes, or a schema that cannot be used, and `PolicyInvalid`.
    """
    asked = judged(agent, now, action, context, run=run, risk=risk)
    _check_texts(summary=summary, reason=reason, key=key)
    if key and key.startswith(ADOPTED):
        raise ValueError(f"keys that begin with {ADOPTED!r} stand for adopted notes; use another")
    if schema is not None:
        schema = _taken(schema)
        schemas.check(schema, asked.context)
    ruling = rules.rule_on(asked)
    wanted = None if timeout in ("", None) else duration(timeout)
    return Asking(
        action=action,
        context=asked.context,
        agent=agent,
        timeout=rules.timeout(ruling, wanted, said=timeout != ""),
        summary=summary,
        reason=reason,
        run=run,
        key=key or None,
        risk=ruling.risk,
        requirement=ruling.requirement,
        verdict=ruling.verdict,
        files=operands.bind(files or {}),
        schema=schema,
    )


def judged(
    agent: str,
    now: datetime,
    action: str,
    context: Mapping[str, Any] | None = None,
    *,
    run: str | None = None,
    risk: str | Level | Risk | None = None,
) -> Asked:
    """Return what the policy is to judge; `ValueError` as in `asking`."""
    _check_texts(action=action, agent=agent, run=run)
    if not action.strip():
        raise ValueError("an action needs a name")
    for what, name in (("action", action), ("agent", agent)):
        if fault := too_long_a_name(what, name):
            raise ValueError(fault)
    claimed = risk if isinstance(risk, Risk) or not risk else Risk(level=Level(risk))
    taken = _checked(action, context)
    return Asked(action=action, context=taken, agent=agent, now=now, run=run, claimed=claimed or None)


def _check_texts(**texts: str | None) -> None:
    for name, text in texts.items():
        if not isinstance(text, str | None):
            raise ValueError(f"{name}: expected text, not {text!r}")
        if text and not text.isascii() and (fault := unfit(text, name)):
            raise ValueError(fault)


def _checked(action: str, context: Mapping[str, Any] | None) -> dict[str, Any]:
    given = dict(context or {})
    try:
        return _taken(given)
    except NotJson as error:
        raise NotJson(f"{action!r}: {unfit(given, 'context') or f'the context is {error}'}") from error


def _taken(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what will be recorded of `given`: whoever asks may change it while it is being judged."""
    taken: dict[str, Any] = parsed(canonical(given).decode())
    return taken
