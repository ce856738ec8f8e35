"""YAML with line numbers and one meaning: no aliases, tags or duplicate keys, and no guessing at scalars."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hitl_vault.errors import PolicyInvalid

LARGEST = 1024 * 1024
"""Bytes that a policy file or a file of cases may have."""

MAX_DEPTH = 16
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
_WORDS = {"null": None, "~": None, "": None, "true": True, "false": False}


@dataclass(slots=True)
class Node:
    """A value in the file and the line on which it begins: `text`, `items` or `members`."""

    line: int
    text: str | None = None
    quoted: bool = False
    items: list[Node] | None = None
    members: dict[str, Node] | None = None
    lines: dict[str, int] = field(default_factory=dict)

    def value(self) -> Any:
        """Return the node as JSON: plain `null`, `true`, `false` and numbers are such, all else is text."""
        if self.members is not None:
            return {name: node.value() for name, node in self.members.items()}
        if self.items is not None:
            return [node.value() for node in self.items]
        return self.text if self.quoted else _plain(self.text or "")


def read_text(path: Path) -> bytes:
    """Return a file's bytes; `PolicyInvalid` if it cannot be read or is too large."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise PolicyInvalid(f"{path}: cannot be read: {error.strerror}", path=path) from error
    if len(data) > LARGEST:
        raise PolicyInvalid(f"{path}: larger than {LARGEST} bytes", path=path)
    return data


def read(data: bytes, path: Path) -> Node:
    """Return the top of a file, which is a mapping; `PolicyInvalid` names the file and the line."""
    try:
        text = data.decode("utf-8-sig")
        top = _Builder(yaml.parse(text, Loader=_LOADER)).document()
    except _Refused as error:
        raise PolicyInvalid(f"{path}:{error.line}: {error}", path=path) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PolicyInvalid(f"{path}:{line}: not readable as YAML: {error.problem}", path=path) from error
    except (yaml.YAMLError, ValueError) as error:
        raise PolicyInvalid(f"{path}: not readable as YAML: {error}", path=path) from error
    if top.members is None:
        raise PolicyInvalid(f"{path}:{top.line}: expected `name: value` lines", path=path)
    return top


class _Refused(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class _Builder:
    """Makes nodes from events, one after the other, so that nesting is bounded before anything recurses."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events

    def document(self) -> Node:
        """Return the only document of the stream."""
        top: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if top is not None:
                    raise _Refused("a second document; keep to one", _line(event))
                top = self._node(next(self._events), 0)
        return top or Node(line=1, text="")

    def _node(self, event: Any, depth: int) -> Node:
        line = _line(event)
        if depth > MAX_DEPTH:
            raise _Refused(f"nested deeper than {MAX_DEPTH} levels", line)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _Refused("anchors and aliases are not used here; write the value out", line)
        if event.tag is not None:
            raise _Refused(f"put quotes around a value that begins with {event.tag[:1]!r}", line)
        if isinstance(event, yaml.ScalarEvent):
            return Node(line=line, text=event.value, quoted=bool(event.style))
        return (
            self._list(line, depth) if isinstance(event, yaml.SequenceStartEvent) else self._map(line, depth)
        )

    def _list(self, line: int, depth: int) -> Node:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return Node(line=line, items=items)

    def _map(self, line: int, depth: int) -> Node:
        members: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if key.text is None or (key.text == "<<" and not key.quoted):
                raise _Refused("a key is a plain word", key.line)
            if key.text in members:
                raise _Refused(f"{key.text} stands twice in the same place", key.line)
            lines[key.text] = key.line
            members[key.text] = self._node(next(self._events), depth + 1)
        return Node(line=line, members=members, lines=lines)


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if number := _NUMBER.fullmatch(text):
        return float(text) if number[2] or number[3] else int(text)
    return text
