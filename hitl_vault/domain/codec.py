"""Frozen records to JSON objects and back, by their annotations.

A field that equals its default is left out, so that a later version may add fields without
changing the digest of what an earlier one wrote.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, cast

from hitl_vault.domain.times import instant, text_of

R = TypeVar("R")
_Convert = Callable[[Any], Any]


def encode(record: object) -> dict[str, Any]:
    """Return the JSON object of a record."""
    out: dict[str, Any] = {}
    for name, default, dump, _ in _fields(cast(Any, type(record))):
        value = getattr(record, name)
        if value != default or default is dataclasses.MISSING:
            out[name] = dump(value)
    return out


def decode(cls: type[R], data: Mapping[str, Any]) -> R:
    """Return the record that `encode` wrote; unknown members are an error (`TypeError`)."""
    known = _loads(cast(Any, cls))
    values: dict[str, Any] = {}
    for name, value in data.items():
        if name not in known:
            raise TypeError(f"{cls.__name__} has no field {name!r}")
        values[name] = known[name](value)
    return cls(**values)


@cache
def _fields(cls: Any) -> tuple[tuple[str, Any, _Convert, _Convert], ...]:
    hints = typing.get_type_hints(cls)
    return tuple(
        (field.name, _default(field), *_converters(hints[field.name]))
        for field in dataclasses.fields(cls)
        if field.init
    )


@cache
def _loads(cls: Any) -> dict[str, _Convert]:
    return {name: load for name, _, _, load in _fields(cls)}


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _same(value: Any) -> Any:
    return value


def _seconds(span: timedelta) -> int | float:
    seconds = span.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


def _converters(hint: Any) -> tuple[_Convert, _Convert]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union) and type(None) in arguments and len(arguments) == 2:
        inner = next(a for a in arguments if a is not type(None))
        return _optional(*_converters(inner))
    if origin is tuple:
        dump, load = _converters(arguments[0])
        return (lambda items: [dump(i) for i in items]), (lambda items: tuple(load(i) for i in items))
    if hint is datetime:
        return text_of, instant
    if hint is timedelta:
        return _seconds, (lambda seconds: timedelta(seconds=seconds))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return str, hint
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return encode, lambda data: decode(hint, data)
    return _same, _same


def _optional(dump: _Convert, load: _Convert) -> tuple[_Convert, _Convert]:
    return (
        lambda value: None if value is None else dump(value),
        lambda value: None if value is None else load(value),
    )
