"""The JSON Schemas that agents give for what an approver may change: which are taken, and what they say.

An agent is not trusted, and its schema is applied while others wait. So what is evaluated is a part of JSON
Schema whose work can be counted, and beyond a bound of it nothing fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from hitl_vault.domain.canonical import canonical
from hitl_vault.domain.text import one_line
from hitl_vault.errors import MissingExtra

LARGEST = 32 * 1024
"""Bytes of canonical JSON."""

MOST_PARTS = 1000
"""Schemas within a schema."""

MOST_WORK = 15_000
"""Steps for one context: applied keywords with their members and those of the value; 0.2 s at the most."""

_WIDTH = 300
_ONE = frozenset({"not", "if", "then", "else", "items", "additionalProperties"})
_SEVERAL = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"properties", "$defs", "definitions"})
_COMPARED = frozenset({"enum", "const"})
_PLAIN = _COMPARED | {
    *("type", "required", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
}
_REFUSED = frozenset(
    {
        *("pattern", "patternProperties", "uniqueItems", "unevaluatedItems", "unevaluatedProperties"),
        *("dependentRequired", "dependentSchemas", "dependencies", "contains", "propertyNames"),
        *("additionalItems", "$dynamicRef", "$recursiveRef"),
    }
)
_WORDED = frozenset({"items", "additionalProperties"})  # what they say of False names what is too much

_Place = tuple[str, ...]


def check(schema: Mapping[str, Any], context: Mapping[str, Any]) -> None:
    """Check a schema as it is given with a request.

    Raises `ValueError` if it is too large, no JSON Schema, uses what cannot be bounded (such as regular
    expressions), or does not take the context as it is; `MissingExtra` without `jsonschema`.
    """
    if len(canonical(schema)) > LARGEST:
        raise ValueError(f"the schema is larger than {LARGEST // 1024} KiB")
    _check_words(_Kept(schema).root)
    if said := problem(schema, context):
        raise ValueError(f"the context is not what its own schema says: {said}")


def load() -> None:
    """Load what applies a schema, which takes a moment; raises `MissingExtra`."""
    _draft()


def problem(schema: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    """Return what a schema finds wrong with a context, empty if nothing.

    Raises `ValueError` if that cannot be told, or takes too much work, and `MissingExtra`.
    """
    kept, value = _Kept(schema), _plain(context)
    validator = _validator(kept, _Meter(kept.root, value))
    try:
        error = next(validator.iter_errors(value), None)
    except _TooMuch:
        raise ValueError("the schema takes too much work for these values; make it simpler") from None
    except Exception as failure:  # whatever a schema makes its validator do, it allows nothing
        raise ValueError(f"the schema cannot be applied: {type(failure).__name__}: {failure}") from failure
    if error is None:
        return ""
    return one_line(f"{'.'.join(map(str, error.absolute_path)) or 'the context'}: {error.message}", _WIDTH)


class _TooMuch(Exception):
    """More work than a schema may make."""


class _Kept:
    """The part of a schema that is evaluated: the `root`, and by place all that can be referred to.

    Raises `ValueError` for what is not supported. Words that bind nothing, such as `title`, are left out.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.places: dict[_Place, Any] = {}
        self._references: list[str] = []
        self.root = self._kept(schema, ())
        for name in self._references:
            self.at(name)

    def at(self, reference: str) -> Any:
        """Return the part of the schema that is referred to."""
        names = unquote(reference[1:]).split("/")
        place = tuple(name.replace("~1", "/").replace("~0", "~") for name in names[1:])
        if not reference.startswith("#") or names[0] or place not in self.places:
            raise ValueError(
                f"the schema refers to {reference!r}, which is no part of its own (#/$defs/NAME)"
            )
        return self.places[place]

    def _kept(self, schema: Any, place: _Place) -> Any:
        if schema is False and not _WORDED.intersection(place[-1:]):
            schema = {"not": {}}
        if isinstance(schema, Mapping):
            _check_supported(schema, below=bool(place))
            schema = dict(filter(None, (self._member(n, item, (*place, n)) for n, item in schema.items())))
        self.places[place] = schema
        if len(self.places) > MOST_PARTS:
            raise ValueError(f"the schema has more than {MOST_PARTS} parts")
        return schema

    def _member(self, name: str, value: Any, place: _Place) -> tuple[str, Any] | None:
        if name == "$ref" and isinstance(value, str):
            self._references.append(value)
        elif name in _ONE:
            value = self._kept(value, place)
        elif name in _SEVERAL and isinstance(value, list | tuple):
            value = [self._kept(item, (*place, str(at))) for at, item in enumerate(value)]
        elif name in _NAMED and isinstance(value, Mapping):
            value = {key: self._kept(item, (*place, key)) for key, item in value.items()}
        elif name not in _PLAIN | _SEVERAL | _NAMED | {"$ref"}:
            return None
        return name, _plain(value)


def _check_supported(schema: Mapping[str, Any], *, below: bool) -> None:
    refused = next((name for name in schema if name in _REFUSED or (below and name == "$id")), None)
    if refused:
        raise ValueError(f"the schema uses {refused}, which is not supported; leave it out")
    for name in ("required", "type"):
        given = schema.get(name)
        if isinstance(given, list | tuple) and not all(isinstance(item, str) for item in given):
            raise ValueError(f"the schema is no JSON Schema: {name!r} lists what is no text")


class _Meter:
    """Counts what is done for one context."""

    def __init__(self, schema: Any, context: Any) -> None:
        self._left = MOST_WORK
        self._sizes: dict[int, int] = {}
        self._size(schema)
        self._size(context)

    def counted(self, name: str, keyword: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
        """Return a keyword that stops all with `_TooMuch` when there was too much work."""

        def applied(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
            compared = self._size_of(value) // 4 if name in _COMPARED else _members(value)
            self._spend(1 + compared + _members(instance))
            for error in keyword(validator, value, instance, schema) or ():
                self._spend((self._size_of(value) + self._size_of(instance)) // 256)  # it may quote both
                yield error

        return applied

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise _TooMuch

    def _size_of(self, value: Any) -> int:
        return self._sizes.get(id(value), 0) if isinstance(value, dict | list) else _length(value)

    def _size(self, value: Any) -> int:
        """Return about how many bytes a value has, and remember that of each part; the parts outlive this."""
        if not isinstance(value, dict | list):
            return _length(value)
        inner = [*value, *value.values()] if isinstance(value, dict) else value
        size = self._sizes[id(value)] = 2 + sum(map(self._size, inner))
        return size


def _length(value: Any) -> int:
    return 4 + len(value) if isinstance(value, str) else 4


def _members(value: Any) -> int:
    return len(value) if isinstance(value, dict | list) else 0


def _validator(kept: _Kept, meter: _Meter) -> Any:
    from jsonschema.validators import extend

    draft = _draft()
    words = [name for name in (*_PLAIN, *_ONE, *_SEVERAL, *_NAMED) if name in draft.VALIDATORS]
    keywords = {name: meter.counted(name, draft.VALIDATORS[name]) for name in words}
    others = dict.fromkeys(draft.VALIDATORS)
    return extend(draft, {**others, **keywords, "$ref": meter.counted("$ref", _following(kept))})(kept.root)


def _following(kept: _Kept) -> Callable[..., Iterator[Any]]:
    """Return the keyword that follows a reference: within the schema, so nothing is ever fetched."""

    def followed(validator: Any, reference: str, instance: Any, schema: Any) -> Iterator[Any]:
        yield from validator.descend(instance, kept.at(reference))

    return followed


def _check_words(schema: Any) -> None:
    draft = _draft()
    from jsonschema.exceptions import SchemaError  # only now: without the package, the line above says so

    try:
        draft.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"the schema is no JSON Schema: {error.message}") from error


def _draft() -> Any:
    try:
        from jsonschema import Draft202012Validator
    except ImportError as error:
        raise MissingExtra("a schema needs jsonschema: pip install 'hitl-vault[schema]'") from error
    return Draft202012Validator


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
