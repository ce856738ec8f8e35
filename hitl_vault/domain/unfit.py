"""Says which member of a value JSON cannot carry, and what to write instead."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

MAX_DEPTH = 64
"""The most levels that a value may have; what is nested deeper has no canonical JSON form."""

_REMEDIES = {
    **dict.fromkeys(("date", "time"), "use .isoformat()"),
    **dict.fromkeys(("bytes", "bytearray"), "use .hex(), or bind a file with files="),
    **dict.fromkeys(("set", "frozenset"), "use sorted()"),
    **dict.fromkeys(("UUID", "PurePath"), "use str()"),
    "Decimal": "use str(), or float() if that is exact enough",
    "Enum": "use its .value",
}
"""By the name of a class or of one that it is derived from; to import them all takes time."""

_ANY = "use text, numbers, lists and dicts"


def unfit(value: object, name: str) -> str:
    """Return such as `context.a is a set; JSON has none, use sorted()`, empty if nothing is found."""
    return next(_faults(value, name, MAX_DEPTH), "")


def _faults(value: object, name: str, left: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _mapping(value, name, left)
    elif isinstance(value, list | tuple):
        for at, item in enumerate(value if left else ()):
            yield from _faults(item, f"{name}[{at}]", left - 1)
    elif isinstance(value, str):
        yield from _text(value, name)
    elif isinstance(value, int | float):
        yield from _number(value, name)
    elif value is not None:
        yield _kind(value, name)


def _mapping(value: Mapping[object, object], name: str, left: int) -> Iterator[str]:
    for key, item in value.items() if left else ():
        if not isinstance(key, str):
            yield f"{name} has the name {key!r}; names are text in JSON, use str()"
            return
        yield from _text(key, f"a name in {name}")
        yield from _faults(item, f"{name}.{key}" if key.isidentifier() else f"{name}[{key!r}]", left - 1)


def _text(text: str, name: str) -> Iterator[str]:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        yield f"{name} holds half a character (U+{ord(text[error.start]):04X}); remove it"


def _number(value: float, name: str) -> Iterator[str]:
    if isinstance(value, int):
        if abs(value) >= 2**53:
            shown = value if abs(value) < 2**128 else "very large"
            yield f"{name} is {shown}; JSON numbers are exact below 2^53 only, use str()"
    elif not math.isfinite(value):
        yield f"{name} is {value}; JSON has no such number, use None or text"


def _kind(value: object, name: str) -> str:
    kinds = [kind.__name__ for kind in type(value).__mro__]
    remedy = next((_REMEDIES[kind] for kind in kinds if kind in _REMEDIES), _ANY)
    article = "an" if kinds[0][:1].lower() in "aeio" else "a"
    return f"{name} is {article} {kinds[0]}; JSON has none, {remedy}"
