"""Canonical JSON (RFC 8785) and the digests taken over it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import rfc8785

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None

MAX_DEPTH = 64


class NotJson(ValueError):
    """A value has no canonical JSON form."""


def canonical(value: object) -> bytes:
    """Return the one JSON text of `value` (RFC 8785).

    Raises `NotJson` for what JSON cannot carry exactly: NaN, integers beyond 2**53,
    lone surrogates, keys that are not strings, other types, nesting over 64 levels.
    """
    _check_depth(value, MAX_DEPTH)
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise NotJson(f"not representable as JSON: {error}") from error


def parsed(text: str) -> Any:
    """Return the value of canonical JSON text, such that its canonical form is `text` again.

    RFC 8785 writes the float 1e20 as an integer; what is beyond 2**53 can only have been a float.
    """
    return _decode(text)


def digest(value: object) -> str:
    """Return `sha256:` and the hex SHA-256 of the canonical JSON of `value`."""
    return digest_bytes(canonical(value))


def digest_bytes(data: bytes) -> str:
    """Return `sha256:` and the hex SHA-256 of `data`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _number(text: str) -> int | float:
    return int(text) if len(text) < 16 or abs(float(text)) < 2**53 else float(text)


_decode = json.JSONDecoder(parse_int=_number).decode


def _check_depth(value: object, left: int) -> None:
    if left < 0:
        raise NotJson(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        for item in value.values():
            if isinstance(item, dict | list | tuple):
                _check_depth(item, left - 1)
    elif isinstance(value, list | tuple):
        for item in value:
            if isinstance(item, dict | list | tuple):
                _check_depth(item, left - 1)
