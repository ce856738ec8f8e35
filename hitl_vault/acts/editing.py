"""Whether values that an approver changed may stand, by the rule's condition and the agent's schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hitl_vault.acts import schemas
from hitl_vault.domain.decision import Vote
from hitl_vault.domain.edits import applied, changes
from hitl_vault.domain.policy import Asked, Effect
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import Mode, Requirement
from hitl_vault.domain.standing import comparable
from hitl_vault.errors import MissingExtra, NotAllowed, PolicyInvalid
from hitl_vault.rules import Rules


def check(record: Record, vote: Vote) -> None:
    """Raise `NotAllowed` unless the values that a vote changes are such as the rule and the schema take.

    What cannot be checked is not allowed, nor is what the proof of the vote does not cover: only a
    signature with a statement speaks of the context.
    """
    request, needs = record.request, record.request.requirement
    if needs.mode.strictness > Mode.ATTRIBUTED.strictness and "body" not in (vote.proof or {}):
        raise NotAllowed("values can be changed here only with a signature that covers them")
    try:
        changes(request.context, record.proposed, vote.edits)
    except ValueError as error:
        raise NotAllowed(f"a changed value does not count: {error}") from error
    _check_values(request, vote.edits)


def edits_of(record: Record, values: Mapping[str, Any], rules: Rules | None = None) -> dict[str, Any]:
    """Return which of these values differ from the asked ones; `NotAllowed` for one that may not be changed.

    With `rules` also where the policy would ask something else, or nothing, of the changed values: whoever
    may answer this request need not be enough for that one. Loads what `check` needs, which takes a moment
    and should not happen while the ledger waits.
    """
    _prepare(record.request)
    try:
        edits = changes(record.request.context, record.proposed, values)
    except ValueError as error:
        raise NotAllowed(f"a changed value does not count: {error}") from error
    if edits:
        _check_values(record.request, edits)
    if edits and rules is not None:
        _check_same_ruling(record.request, edits, rules)
    return edits


def _check_values(request: Request, edits: Mapping[str, Any]) -> None:
    changed = applied(request.context, edits)
    if request.requirement.edits_check:
        _check_condition(request.requirement.edits_check, request.context, changed)
    if request.schema is not None:
        _check_schema(request.schema, changed)


def _check_same_ruling(request: Request, edits: Mapping[str, Any], rules: Rules) -> None:
    try:
        asked, changed = (_ruled(request, context, rules) for context in _both(request, edits))
    except PolicyInvalid as error:
        raise NotAllowed(f"the changed values cannot be judged: {error}") from error
    if asked != changed:
        rule = f"rule {changed[1]!r}" if changed[1] else "no rule"
        raise NotAllowed(
            f"with the changed values {rule} of the policy applies, which wants something else; "
            "reject this, and let the agent ask again"
        )


def _both(request: Request, edits: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    return request.context, applied(request.context, edits)


def _ruled(request: Request, context: Mapping[str, Any], rules: Rules) -> tuple[Effect, str, Requirement]:
    """Return what the policy says of a context: the verdict, the rule, and what it requires."""
    ruling = rules.rule_on(
        Asked(
            action=request.action,
            context=context,
            agent=request.agent,
            now=request.created,
            run=request.run,
            claimed=request.risk,
        )
    )
    return ruling.verdict, ruling.rule, comparable(ruling.requirement)


def _prepare(request: Request) -> None:
    if request.requirement.edits_check:
        from hitl_vault.policy.expressions import facts

        facts({})
    if request.schema is not None:
        schemas.load()


def _check_condition(source: str, proposed: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
    from hitl_vault.policy.expressions import ExpressionFailed, ExpressionInvalid, holds

    try:
        good = holds(source, {"context": dict(changed), "proposed": dict(proposed)})
    except (ExpressionFailed, ExpressionInvalid, MissingExtra) as error:
        raise NotAllowed(f"the changed values cannot be checked: {error}") from error
    if not good:
        raise NotAllowed(f"the changed values break the rule {source!r}")


def _check_schema(schema: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
    try:
        problem = schemas.problem(schema, changed)
    except (MissingExtra, ValueError) as error:
        raise NotAllowed(f"the changed values cannot be checked: {error}") from error
    if problem:
        raise NotAllowed(f"the changed values are not what the agent can take: {problem}")
