"""Values of a context that an approver may change, each named by its path, such as `payee.name`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hitl_vault.domain.canonical import digest


def picked(context: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """Return by path the values of these fields; one that the context has not is left out."""
    places = {path: _place(context, path) for path in fields}
    return {path: _at(context, place) for path, place in places.items() if place}


def alike_placed(approved: Mapping[str, Any], asked: Mapping[str, Any], fields: Iterable[str]) -> bool:
    """Tell whether none of these paths leads to another member in one context than in the other."""
    places = ((_place(approved, path), _place(asked, path)) for path in fields)
    return all(here == there for here, there in places if here and there)


def changes(context: Mapping[str, Any], fields: Iterable[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of `values`, by path, that differ from the context's.

    Raises `ValueError` for a path that may not be changed, a value that has no canonical JSON form, and
    one of another kind than what stands there.
    """
    known = picked(context, fields)
    out = {}
    for path, value in values.items():
        if path not in known:
            raise ValueError(f"{path!r} is no value that may be changed")
        if digest(value) != digest(known[path]):
            _check_kind(path, known[path], value)
            out[path] = value
    return out


def applied(context: Mapping[str, Any], edits: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the context with these values, by path, in place of its own."""
    for path, value in edits.items():
        context = _with(context, _place(context, path), value)
    return context


def without(context: Mapping[str, Any], fields: Iterable[str]) -> Mapping[str, Any]:
    """Return the context without the members at these paths."""
    for path in fields:
        context = _less(context, _place(context, path))
    return context


def context_digest(context: Mapping[str, Any], edits: Mapping[str, Any]) -> str:
    """Return the digest of the context with these values in place of its own."""
    return digest(applied(context, edits))


def told(context: Mapping[str, Any], edits: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return path, proposed and changed value of each edit."""
    return [(path, _at(context, _place(context, path)), value) for path, value in edits.items()]


def _place(context: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """Return the names that lead to a member; a member whose own name has dots goes first. Empty if none."""
    if path in context:
        return (path,)
    for at in (at for at, char in enumerate(path) if char == "."):
        inner = context.get(path[:at])
        if isinstance(inner, Mapping) and (rest := _place(inner, path[at + 1 :])):
            return (path[:at], *rest)
    return ()


def _at(context: Mapping[str, Any], place: tuple[str, ...]) -> Any:
    value: Any = context
    for name in place:
        value = value[name]
    return value


def _with(context: Mapping[str, Any], place: tuple[str, ...], value: Any) -> dict[str, Any]:
    if not place:
        raise ValueError("the context has no such value")
    first, *rest = place
    return {**context, first: _with(context[first], tuple(rest), value) if rest else value}


def _less(context: Mapping[str, Any], place: tuple[str, ...]) -> Mapping[str, Any]:
    if not place:
        return context
    first, *rest = place
    kept = {name: value for name, value in context.items() if name != first}
    return {**kept, first: _less(context[first], tuple(rest))} if rest else kept


def _check_kind(path: str, was: Any, now: Any) -> None:
    if was is not None and _kind(was) != _kind(now):
        raise ValueError(f"{path!r} has to stay {_kind(was)}, and is {_kind(now)} now")


def _kind(value: Any) -> str:
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return "nothing"


_KINDS: tuple[tuple[Any, str], ...] = (
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "text"),
    (Mapping, "an object"),
    ((list, tuple), "a list"),
)
