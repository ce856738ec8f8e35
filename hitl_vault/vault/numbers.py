"""Front matter with its numbers as numbers, for what an agent asks in a note of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import yaml

from hitl_vault.domain.canonical import Json, NotJson, canonical
from hitl_vault.vault.frontmatter import FASTEST, FrontMatter, Value

# What YAML 1.1, YAML 1.2 and JSON all read as the same number: no `017`, `0x1f`, `1e3`, `+5`, `1_000`.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?")


def with_numbers(front: FrontMatter) -> dict[str, Json]:
    """Return the fields of strictly read front matter, with plain numbers as numbers.

    A number is what stands there without quotes, and what canonical JSON (RFC 8785) carries exactly.
    Whatever else stays the text that it is: `"500"`, `007`, `1e3`, `12345678901234567890`.
    """
    return _mapping(front.fields, yaml.compose(front.raw.replace("\t", " "), Loader=FASTEST))


def _mapping(values: Mapping[str, Value], node: Any) -> dict[str, Json]:
    pairs = zip(values.items(), node.value, strict=True)
    return {name: _typed(value, inner) for (name, value), (_, inner) in pairs}


def _typed(value: Value, node: Any) -> Json:
    if isinstance(value, dict):
        return _mapping(value, node)
    if isinstance(value, list):
        return [_typed(item, inner) for item, inner in zip(value, node.value, strict=True)]
    return value if node.style else _number(value)  # only plain scalars have no style


def _number(text: str) -> Json:
    if not _NUMBER.fullmatch(text):
        return text
    exact = Decimal(text)
    number = int(exact) if exact == exact.to_integral_value() else float(text)
    try:
        written = canonical(number)
    except NotJson:
        return text
    return number if Decimal(written.decode()) == exact else text
