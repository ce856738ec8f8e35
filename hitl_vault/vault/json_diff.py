"""Two JSON texts compared by their values, duplicates refused, and the differences in words."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator
from decimal import Decimal
from typing import Any

from hitl_vault.domain.text import BLANK
from hitl_vault.vault.strict_json import Unreadable, excerpt, read

_ODD = re.compile(r"[^\n\t\x20-\x7e]")
_GAP = re.compile(r"\n[ \t]*\n[ \t]*\n|[ \t]{200}")


def value_key(text: str) -> Hashable:
    """Return what is equal for two JSON texts that have the same value and hide the same things.

    Numbers are compared exactly, so 900, 900.0 and 9e2 are one and 1 is not true. A text that is not JSON
    equals only itself. Invisible characters and gaps that push text out of sight count as well.
    """
    try:
        value = _frozen(read(text, exact=True))
    except (Unreadable, RecursionError):
        return text
    unseen = frozenset(char for char in _ODD.findall(text) if not char.isprintable() or char in BLANK)
    return ("json", value, unseen, _GAP.search(text) is not None)


def told(drawn: str, found: str) -> list[str]:
    """Say what differs between two JSON texts, as `the context's "amount" reads 90 instead of 900`."""
    try:
        changes = list(_changes("", read(drawn, exact=True), read(found, exact=True)))
    except Unreadable as error:
        return [f"the context {error}"]
    except RecursionError:
        return ["the context is nested too deep"]
    return changes or ["the context holds hidden characters or large gaps"]


def _frozen(value: Any) -> Hashable:
    if isinstance(value, dict):
        return "object", frozenset((name, _frozen(item)) for name, item in value.items())
    if isinstance(value, list):
        return "list", tuple(map(_frozen, value))
    return type(value), value


def _changes(path: str, was: Any, now: Any) -> Iterator[str]:
    if isinstance(was, dict) and isinstance(now, dict):
        for name in [*was, *(name for name in now if name not in was)]:
            yield from _member(f"{path}.{name}" if path else name, name, was, now)
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for index, pair in enumerate(zip(was, now, strict=True)):
            yield from _changes(f"{path}[{index}]", *pair)
    elif _frozen(was) != _frozen(now):
        which = f'the context\'s "{excerpt(path)}"' if path else "the context"
        yield f"{which} reads {_shown(now)} instead of {_shown(was)}"


def _member(path: str, name: str, was: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    if name not in now:
        yield f'the context\'s "{excerpt(path)}" is missing'
    elif name not in was:
        yield f'the context has a new "{excerpt(path)}": {_shown(now[name])}'
    else:
        yield from _changes(path, was[name], now[name])


def _shown(value: Any) -> str:
    plain = isinstance(value, Decimal)
    return excerpt(str(value) if plain else json.dumps(value, default=str, ensure_ascii=False))
