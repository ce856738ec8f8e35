"""What a value in a policy file can be: how each kind is read, and how a JSON Schema describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from hitl_vault.domain.times import duration, instant
from hitl_vault.policy.expressions import ExpressionInvalid, compiled
from hitl_vault.policy.reading import Node

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class Wrong(ValueError):
    """A value cannot be used; `field` is its path below the key that is being read."""

    def __init__(self, message: str, line: int, field: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.field = field


@dataclass(frozen=True)
class Kind:
    """How a value is read (`Wrong` if it cannot be), and its JSON Schema."""

    read: Callable[[Node], Any]
    schema: Mapping[str, Any]


def of_text(convert: Callable[[str], T]) -> Callable[[Node], T]:
    """Return a reader of one scalar, by a function that raises `ValueError` where it cannot."""

    def read(node: Node) -> T:
        if node.text is None:
            raise Wrong("expected a single value", node.line)
        try:
            return convert(node.text.strip())
        except ValueError as error:
            raise Wrong(str(error), node.line) from error

    return read


def choice(kind: type[E]) -> Kind:
    """Return the kind of a word out of an enumeration."""
    words = [str(member) for member in kind]

    def convert(text: str) -> E:
        if text not in words:
            raise ValueError(f"expected one of {', '.join(words)}, not {text!r}")
        return kind(text)

    return Kind(of_text(convert), {"enum": words})


def listed(kind: Kind, *, single: bool = True) -> Kind:
    """Return the kind of a list; with `single`, one value without brackets is a list of one."""

    def read(node: Node) -> tuple[Any, ...]:
        if node.items is None:
            if not single or (node.text is not None and not node.text.strip()):
                raise Wrong("expected a list", node.line)
            return (kind.read(node),)
        found = []
        for at, item in enumerate(node.items):
            try:
                found.append(kind.read(item))
            except Wrong as wrong:
                raise Wrong(str(wrong), wrong.line, f"[{at}]{_dotted(wrong.field)}") from wrong
        return tuple(found)

    array = {"type": "array", "items": kind.schema}
    return Kind(read, {"anyOf": [kind.schema, array]} if single else array)


def _dotted(field: str) -> str:
    return f".{field}" if field and not field.startswith("[") else field


def _text(text: str) -> str:
    if not text:
        raise ValueError("expected text")
    return text


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= 1000):
        raise ValueError(f"expected a whole number from 1 to 1000, not {text!r}")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(f"expected a number, not {text!r}")
    return value


def _yes_or_no(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"expected true or false, not {text!r}")
    return text == "true"


def _span(text: str) -> timedelta:
    span = duration(text)
    if not span:
        raise ValueError("expected a duration longer than 0s")
    return span


def _span_or_none(text: str) -> timedelta | None:
    return None if text == "none" else _span(text)


def _condition(text: str) -> str:
    try:
        compiled(_text(text))
    except ExpressionInvalid as error:
        raise ValueError(str(error)) from error
    return text


def _check(text: str) -> str:
    try:
        compiled(_text(text), EDIT_VARIABLES)
    except ExpressionInvalid as error:
        raise ValueError(str(error)) from error
    return text


def _from(text: str) -> datetime:
    return _instant(text, timedelta(0))


def _until(text: str) -> datetime:
    return _instant(text, timedelta(days=1))


def _instant(text: str, add: timedelta) -> datetime:
    """Return an instant; of a bare date its first moment (UTC), or with `add` the first one after it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return instant(text)
    try:
        return datetime.combine(day, time(), UTC) + add
    except OverflowError as error:
        raise ValueError(f"{text!r} is too late; leave it out if there is no end") from error


EDIT_VARIABLES = ("context", "proposed")
"""What the `check` of an edit may speak of."""

_DURATION = r"^\s*(\d+(\.\d+)?\s*[smhdwSMHDW]\s*)+$"

TEXT = Kind(of_text(_text), {"type": "string", "minLength": 1})
COUNT = Kind(of_text(_count), {"type": "integer", "minimum": 1, "maximum": 1000})
NUMBER = Kind(of_text(_number), {"type": "number"})
FLAG = Kind(of_text(_yes_or_no), {"type": "boolean"})
SPAN = Kind(of_text(_span), {"type": "string", "pattern": _DURATION})
SPAN_OR_NONE = Kind(of_text(_span_or_none), {"anyOf": [{"const": "none"}, SPAN.schema]})
CONDITION = Kind(of_text(_condition), {"type": "string", "minLength": 1})
CHECK = Kind(of_text(_check), {"type": "string", "minLength": 1})
FROM = Kind(of_text(_from), {"type": "string", "description": "a date (UTC) or an instant with a time zone"})
UNTIL = Kind(of_text(_until), {"type": "string", "description": "a date (UTC, included) or an instant"})
TEXTS = listed(TEXT)
SPANS = listed(SPAN)
