"""The members of a context among the facts of a note: each is shown, or named as standing in the context."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from json.encoder import encode_basestring
from typing import Any

from hitl_vault.vault import inert
from hitl_vault.vault.inert import row_text

_MOST_ROWS = 8
_MOST_FIELDS = 12
_MOST_NAMES = 12
WIDTH = 200
"""Characters of one value."""
_NAME_WIDTH = 60
_TEXT_LIMIT = 4096
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}", re.ASCII)
_OURS = frozenset(
    {
        *("asked by", "it says", "run", "risk", "rule", "file", "file content", "look twice", "approvers"),
        *("escalated", "approvals", "rejections", "changed by", "standing rule", "comment", "also"),
    }
)
"""The labels of rows that are not the agent's, in small letters."""


def member_rows(members: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield one row for each of the first plain members, and one that names all the others."""
    shown = _shown(members, _MOST_ROWS)
    for name, value in shown.items():
        yield _label(name), "below" if _is_lines(value) else _member(value, "Context")
    yield from _others(members, shown, "Context")


def field_rows(members: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the same of members that stand in full among the properties of their note."""
    shown = _shown(members, _MOST_FIELDS)
    for name, value in shown.items():
        yield _label(name), _member(value, "the properties")
    yield from _others(members, shown, "the properties")


def member_texts(members: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts of several lines among these rows, as they would be read."""
    for name, value in _shown(members, _MOST_ROWS).items():
        if _is_lines(value):
            yield f"{_label(name)}\n{inert.indented(value, limit=_TEXT_LIMIT)}"


def _shown(members: Mapping[str, Any], most: int) -> dict[str, Any]:
    plain = (item for item in members.items() if not isinstance(item[1], dict | list | tuple))
    return dict(islice(plain, most))


def _others(members: Mapping[str, Any], shown: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    if left := [name for name in members if name not in shown]:
        yield "Also", f"{_named(left)}; see {where}"


def _label(name: str, width: int = inert.ROW_CHARACTERS) -> str:
    """Return a member's name, in its quotes unless it is a plain word: none can pose as a row of ours."""
    plain = _PLAIN_NAME.fullmatch(name) and name.replace("_", " ") not in _OURS
    return name if plain else row_text(encode_basestring(name), width)


def _named(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    listed = ", ".join(_label(name, _NAME_WIDTH) for name in names[:_MOST_NAMES])
    return f"{listed} and {more} more" if more > 0 else listed


def _member(value: Any, where: str) -> str:
    if isinstance(value, str) and not value.strip():
        return row_text(encode_basestring(value), WIDTH)
    long = isinstance(value, str) and len(value) > WIDTH
    return f"{row_text(value, WIDTH)}{f', see {where}' if long else ''}"


def _is_lines(value: Any) -> bool:
    return isinstance(value, str) and "\n" in value.strip()
