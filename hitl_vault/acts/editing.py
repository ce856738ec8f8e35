"""Whether values that an approver changed may stand, by the rule's condition and the agent's schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hitl_vault.domain.canonical import canonical
from hitl_vault.domain.decision import Vote
from hitl_vault.domain.edits import applied, changes
from hitl_vault.domain.policy import Asked, Effect
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import Mode, Requirement
from hitl_vault.domain.standing import comparable
from hitl_vault.errors import MissingExtra, NotAllowed, PolicyInvalid
from hitl_vault.rules import Rules

LARGEST_SCHEMA = 32 * 1024
"""Bytes of canonical JSON."""

MOST_REFERENCES = 1000
"""How many references may be followed while one context is validated: they can multiply."""


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
        changed = applied(request.context, vote.edits)
    except ValueError as error:
        raise NotAllowed(f"a changed value does not count: {error}") from error
    if needs.edits_check:
        _check_condition(needs.edits_check, request.context, changed)
    if request.schema is not None:
        _check_schema(request.schema, changed)


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
    if edits and rules is not None:
        _check_same_ruling(record.request, edits, rules)
    return edits


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
        _validator({})


def check_schema(schema: Mapping[str, Any], context: Mapping[str, Any]) -> None:
    """Check a schema as it is given with a request.

    Raises `ValueError` if it is too large, no JSON Schema, uses regular expressions (they can take for ever
    on what a person types), or does not take the context as it is; `MissingExtra` without `jsonschema`.
    """
    if len(canonical(schema)) > LARGEST_SCHEMA:
        raise ValueError(f"the schema is larger than {LARGEST_SCHEMA // 1024} KiB")
    if slow := next(_patterns(schema), None):
        raise ValueError(f"the schema uses {slow}, which is not supported; leave it out")
    validator = _validator(schema)
    from jsonschema.exceptions import SchemaError  # only now: without the package, the line above says so

    try:
        validator.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"the schema is no JSON Schema: {error.message}") from error
    if problem := _problem(validator, context):
        raise ValueError(f"the context is not what its own schema says: {problem}")


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
        problem = _problem(_validator(schema), changed)
    except (MissingExtra, ValueError) as error:
        raise NotAllowed(f"the changed values cannot be checked: {error}") from error
    if problem:
        raise NotAllowed(f"the changed values are not what the agent can take: {problem}")


def _problem(validator: Any, context: Mapping[str, Any]) -> str:
    try:
        error = next(validator.iter_errors(_plain(context)), None)
    except Exception as failure:  # whatever a schema makes its validator do, it allows nothing
        raise ValueError(f"the schema cannot be applied: {type(failure).__name__}: {failure}") from failure
    return f"{'.'.join(map(str, error.absolute_path)) or 'the context'}: {error.message}" if error else ""


def _validator(schema: Mapping[str, Any]) -> Any:
    try:
        from jsonschema import Draft202012Validator
        from jsonschema.validators import extend
        from referencing import Registry
    except ImportError as error:
        raise MissingExtra("a schema needs jsonschema: pip install 'hitl-vault[schema]'") from error
    own = {name: _counted(Draft202012Validator.VALIDATORS[name]) for name in ("$ref", "$dynamicRef")}
    # With a registry of its own it never fetches what a schema refers to.
    return extend(Draft202012Validator, own)(_plain(schema), registry=Registry())


def _counted(follow: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """Return a keyword that follows references until there have been too many."""
    left = iter(range(MOST_REFERENCES))

    def followed(*given: Any) -> Iterator[Any]:
        if next(left, None) is None:
            raise ValueError(f"the schema follows more than {MOST_REFERENCES} references")
        yield from follow(*given)

    return followed


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _patterns(value: Any) -> Iterator[str]:
    """Yield every keyword in a schema that takes regular expressions; a property may be called so."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name == "patternProperties" or (name == "pattern" and isinstance(item, str)):
                yield name
            yield from _patterns(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _patterns(item)
