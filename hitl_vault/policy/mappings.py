"""Mappings with known keys: read in one pass, every mistake collected with its line, field and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hitl_vault.errors import PolicyInvalid
from hitl_vault.policy.kinds import Kind, Wrong
from hitl_vault.policy.reading import Node


@dataclass(frozen=True)
class Key:
    """A key of a mapping: what it holds and, for editors and the documentation, what it is for."""

    name: str
    kind: Kind
    about: str
    required: bool = False


class Problems:
    """The mistakes in one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._found: list[tuple[int, str, str]] = []

    def add(self, line: int, field: str, message: str) -> None:
        """Note a mistake."""
        self._found.append((line, field, message))

    def raise_first(self) -> None:
        """Raise the first mistake as `Wrong`, for whoever reads the value that this mapping is."""
        for line, field, message in self._in_order():
            raise Wrong(message, line, field)

    def raise_any(self) -> None:
        """Raise `PolicyInvalid` with a line for each mistake, if there are any."""
        found = self._in_order()
        if found:
            lines = [f"{self.path}:{line}: {field}: {message}" for line, field, message in found]
            raise PolicyInvalid("\n".join(lines), path=self.path, field=found[0][1])

    def _in_order(self) -> list[tuple[int, str, str]]:
        return sorted(self._found, key=lambda problem: problem[0])


def read_keys(node: Node, keys: Iterable[Key], where: str, problems: Problems) -> dict[str, Any]:
    """Return the values of a mapping by key; what is wrong is noted and left out."""
    if node.members is None:
        problems.add(node.line, where or "the file", "expected `name: value` lines")
        return {}
    known = {key.name: key for key in keys}
    values: dict[str, Any] = {}
    for name, value in node.members.items():
        if name not in known:
            problems.add(node.lines[name], join(where, name), f"no such key; {suggestion(name, known)}")
            continue
        try:
            values[name] = known[name].kind.read(value)
        except Wrong as wrong:
            problems.add(wrong.line, join(where, name, wrong.field), str(wrong))
    for key in known.values():
        if key.required and key.name not in node.members:
            problems.add(node.line, join(where, key.name), "is missing")
    return values


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return what to write instead of an unknown word."""
    words = list(known)
    near = difflib.get_close_matches(name, words, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(words)}"


def join(where: str, *names: str) -> str:
    """Return a field's path."""
    path = where
    for name in names:
        path += name if not path or name.startswith("[") or not name else f".{name}"
    return path


def nested(keys: Iterable[Key], shorthand: Kind | None = None) -> Kind:
    """Return the kind of a mapping with these keys; `shorthand` is what may stand for it."""
    declared = tuple(keys)

    def read(node: Node) -> Any:
        if node.members is None and shorthand is not None:
            return shorthand.read(node)
        problems = Problems(Path())
        values = read_keys(node, declared, "", problems)
        problems.raise_first()
        return values

    schema = object_schema(declared)
    return Kind(read, {"anyOf": [shorthand.schema, schema]} if shorthand else schema)


def object_schema(keys: Iterable[Key]) -> Mapping[str, Any]:
    """Return the JSON Schema of a mapping."""
    declared = tuple(keys)
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {key.name: {"description": key.about, **key.kind.schema} for key in declared},
    }
    required = [key.name for key in declared if key.required]
    return schema | ({"required": required} if required else {})
