"""JSON read so strictly that a person and the server cannot see different values."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

EXCERPT = 120
"""How many characters of a text a message quotes."""


class Unreadable(ValueError):
    """A text is not JSON with one value per name; the message continues a sentence about that text."""


def read(text: str, *, exact: bool = False) -> Any:
    """Return the value of a JSON text; `Unreadable` also where a name stands twice, or for NaN.

    With `exact` every number is a `Decimal`.
    """
    numbers: dict[str, Any] = {"parse_int": Decimal, "parse_float": Decimal} if exact else {}
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant, **numbers)
    except Unreadable:
        raise
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise Unreadable(f"cannot be read as JSON ({error})") from error


def excerpt(text: str) -> str:
    """Return `text`, or its beginning and how long it is."""
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}… ({len(text)} characters)"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Unreadable(f'names "{excerpt(name)}" twice')
        found[name] = value
    return found


def _constant(name: str) -> NoReturn:
    raise Unreadable(f"cannot be read as JSON ({name} is no JSON value)")
