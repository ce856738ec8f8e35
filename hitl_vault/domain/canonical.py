"""Canonical JSON (RFC 8785) and the digests taken over it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import rfc8785

from hitl_vault.domain.unfit import MAX_DEPTH, unfit

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None

_SAFE = 2**53


class NotJson(ValueError):
    """A value has no canonical JSON form."""


def canonical(value: object) -> bytes:
    """Return the one JSON text of `value` (RFC 8785).

    Raises `NotJson` for what JSON cannot carry exactly: NaN, integers beyond 2**53,
    lone surrogates, keys that are not strings, other types, nesting over 64 levels.
    """
    try:
        if _is_plain(value, MAX_DEPTH):
            return _dump_plain(value).encode()
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except NotJson:
        raise
    except (ValueError, RecursionError) as error:
        raise NotJson(f"not representable as JSON: {unfit(value, 'it') or error}") from error


def joined(members: Mapping[str, bytes]) -> bytes:
    """Return the canonical JSON of an object whose members are given as such, under ASCII names."""
    return b"{" + b",".join(b'"%b":%b' % (name.encode(), members[name]) for name in sorted(members)) + b"}"


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


_dump_plain = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def _is_plain(value: object, left: int) -> bool:
    """Check the depth, and tell whether the standard encoder, ten times as quick, writes RFC 8785.

    It does so but for integers out of range, floats that are whole, tiny or huge, and the order of
    keys beyond ASCII.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -_SAFE < value < _SAFE  # type: ignore[operator]
    if kind is float:
        return 1e-4 <= abs(value) < 1e15 and value % 1 != 0  # type: ignore[operator, arg-type]
    if isinstance(value, dict):
        return _are_plain(value.values(), left) and kind is dict and _are_plain_keys(value)
    if isinstance(value, list | tuple):
        return _are_plain(value, left)
    return False


def _are_plain_keys(keys: Iterable[str]) -> bool:
    try:
        return "".join(keys).isascii()
    except TypeError:  # some key is no string, which the library refuses
        return False


def _are_plain(values: Iterable[object], left: int) -> bool:
    if left == 0:
        raise NotJson(f"nested deeper than {MAX_DEPTH} levels")
    plain = True
    for value in values:
        plain = _is_plain(value, left - 1) and plain
    return plain
