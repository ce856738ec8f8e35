"""Front matter, read so strictly that a person and the server cannot see different values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, NoReturn, TypeAlias

import yaml
from frontmatter.default_handlers import YAMLHandler

from hitl_vault.domain.text import BLANK
from hitl_vault.errors import BallotInvalid

Value: TypeAlias = "str | list[Value] | dict[str, Value]"

LIMIT = 16 * 1024
"""The most bytes that front matter may have."""

MAX_DEPTH = 16
"""How deep its values may be nested."""

FASTEST: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's loader where it is there, PyYAML's own where not."""

_Event: TypeAlias = Any
# OverflowError: without libyaml, `"\U80000000"`.
_FAULTS = (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError)

_OPEN = re.compile(r"---[ \t]*\n")
_CLOSE = re.compile(r"^---[ \t]*$", re.MULTILINE)
# YAML 1.1 breaks lines at U+0085, U+2028 and U+2029, editors and YAML 1.2 do not.
_PLAIN = "\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
_STRANGE = re.compile(f"[^{_PLAIN}]")
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?: |$)", re.MULTILINE)
# Places where PyYAML and libyaml, or YAML 1.1 and 1.2, part ways. Elsewhere a tab is a space.
_SHAKY = re.compile(r"^ *\t[ \t]*[^ \t\n]|(?:^|\s)[|>][-+0-9]*#|[\[{,]\s*\?[\"']", re.MULTILINE)
_NESTED = re.compile(rf"(?:[-?:] +){{{MAX_DEPTH + 1}}}")
_TWO_COLONS = re.compile(r"([\w-]+):[ \t]+([^\s\"'\[{|>][^\n]{0,200}:(?:[ \t][^\n]{0,200})?)$")
_MAX_BRACKETS = 512
_NULL = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, kw_only=True)
class FrontMatter:
    """A note in two parts: the `fields` with their text `raw`, and the `body` after the closing line."""

    fields: dict[str, Value]
    raw: str
    body: str


class StrictHandler(YAMLHandler):
    """A handler for python-frontmatter that refuses whatever YAML parsers disagree about.

    Every scalar is read as the string that stands there, without its quotes; null is `""`.
    libyaml and PyYAML's own `loader` give the same result; without libyaml it takes longer.
    """

    def __init__(self, loader: type[Any] = FASTEST) -> None:
        super().__init__()
        self._loader = loader

    def split(self, text: str) -> tuple[str, str]:
        """Return front matter and body of a note whose lines end in LF; `BallotInvalid` if there is none."""
        start = _OPEN.match(text)
        if start is None:
            raise BallotInvalid(_no_opening(text))
        end = _CLOSE.search(text, start.end())
        if end is None:
            raise BallotInvalid("the front matter is not closed; end it with a line `---`")
        return text[start.end() : end.start()], text[end.end() + 1 :]

    def load(self, fm: str, **kwargs: object) -> dict[str, Value]:
        """Return the fields; `BallotInvalid` names the line and what to do about it."""
        _check_text(fm)
        loader = self._loader(fm.replace("\t", " "))
        try:
            return _document(loader.get_event)
        except _FAULTS as error:
            raise BallotInvalid(_explain(error, fm)) from error
        finally:
            loader.dispose()

    def export(self, metadata: Mapping[str, object], **kwargs: object) -> str:
        """Return the fields as YAML lines in the order given, every string in double quotes."""
        return "".join(_lines(key, value) for key, value in metadata.items())


HANDLER = StrictHandler()


def parse(text: str) -> FrontMatter:
    """Return the parts of a note whose lines end in LF and that has no BOM.

    Raises `BallotInvalid` without a path for front matter that is missing, unclosed, empty, larger
    than `LIMIT`, nested deeper than `MAX_DEPTH`, not a mapping, or has duplicate keys, anchors, aliases,
    tags, merge keys, directives, conflict markers, or characters that act differently in different editors.
    """
    raw, body = HANDLER.split(text)
    return FrontMatter(fields=HANDLER.load(raw), raw=raw, body=body)


def emit(fields: Mapping[str, object]) -> str:
    """Return front matter lines for `fields`, without the `---`; reading them gives `fields` again."""
    return HANDLER.export(fields)


def _no_opening(text: str) -> str:
    if re.search(r"^---[ \t]*$", text, re.MULTILINE):
        return "text stands before the front matter; `---` must be the very first line"
    return "there is no front matter; the first line must be `---`"


def _check_text(raw: str) -> None:
    if len(raw.encode()) > LIMIT:
        raise BallotInvalid(f"the front matter is larger than {LIMIT // 1024} KiB; shorten it")
    if found := _STRANGE.search(raw):
        raise BallotInvalid(f"line {_line(raw, found)} holds the character U+{ord(found[0]):04X}; remove it")
    if found := _CONFLICT.search(raw):
        raise BallotInvalid(f"line {_line(raw, found)} is a merge conflict marker; resolve the conflict")
    if found := _SHAKY.search(raw):
        raise BallotInvalid(
            f"line {_line(raw, found)} is indented with a tab, or lacks a space in `|#` or `,?`"
        )
    # Before any parser sees it: libyaml's callers have crashed on deep nesting.
    if raw.count("[") + raw.count("{") > _MAX_BRACKETS or _NESTED.search(raw):
        raise BallotInvalid("the front matter has too many brackets or nested lists; simplify it")


def _line(raw: str, found: re.Match[str]) -> int:
    return raw[: found.start()].count("\n") + 2


def _explain(error: Exception, raw: str) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "a value cannot be read"
    where = f"line {mark.line + 2} of the note" if mark else "the front matter"
    if mark and problem.startswith("mapping values") and (found := _TWO_COLONS.match(_at(raw, mark.line))):
        remedy = f"{found[1]}: {_quoted(found[2].strip())}"
        return f"{where}: the value holds `: `; put it into quotes: `{remedy}`"
    return f"{where} is not the YAML of a field ({problem}); write `name: value`, with an ordinary space"


def _at(raw: str, line: int) -> str:
    lines = raw.split("\n")
    return lines[line].strip() if line < len(lines) else ""


_Next: TypeAlias = Callable[[], _Event]


def _document(get: _Next) -> dict[str, Value]:
    get()  # the start of the stream
    start = get()
    if type(start) is yaml.StreamEndEvent:
        raise BallotInvalid("the front matter is empty; its fields are missing")
    if start.explicit:  # a directive needs one as well
        _refuse(start, "holds a YAML directive or a second document")
    top = get()
    if type(top) is not yaml.MappingStartEvent:
        _refuse(top, "is not a field; write `name: value`, with an ordinary space after the colon")
    fields = _mapping(get, top, 1)
    end = get()
    if end.explicit or type(get()) is not yaml.StreamEndEvent:
        _refuse(end, "ends the YAML early; close the front matter with `---` alone")
    return fields


def _value(get: _Next, event: _Event, depth: int, *, flow: bool) -> Value:
    kind = type(event)
    if kind is yaml.ScalarEvent:
        return _scalar(event, flow=flow)
    if kind is yaml.AliasEvent:
        _refuse(event, "uses an alias (`*`); write the value itself, or quote it")
    if depth > MAX_DEPTH:
        _refuse(event, f"is nested deeper than {MAX_DEPTH} levels; simplify it")
    return _mapping(get, event, depth) if kind is yaml.MappingStartEvent else _sequence(get, event, depth)


def _scalar(event: _Event, *, flow: bool) -> str:
    if event.anchor is not None or event.tag is not None:
        _refuse_marks(event)
    value = _text(event)
    plain = event.implicit[0]
    if flow and plain and "?" in value:
        _refuse(event, "has a `?` within brackets; put the text into quotes")
    return "" if plain and value in _NULL else value


def _text(event: _Event) -> str:
    value: str = event.value
    if not value.isascii():
        value.encode()  # half a surrogate pair is a ValueError: only PyYAML would let it pass
    return value


def _sequence(get: _Next, start: _Event, depth: int) -> list[Value]:
    _refuse_marks(start)
    items: list[Value] = []
    while type(event := get()) is not yaml.SequenceEndEvent:
        items.append(_value(get, event, depth + 1, flow=start.flow_style))
    return items


def _mapping(get: _Next, start: _Event, depth: int) -> dict[str, Value]:
    _refuse_marks(start)
    fields: dict[str, Value] = {}
    while type(event := get()) is not yaml.MappingEndEvent:
        key = _key(event)
        if start.flow_style and event.implicit[0]:
            _refuse(event, f"has {key!r} within braces; put the name into quotes", field=key)
        if key in fields:
            _refuse(event, f"names {key!r} a second time; keep one", field=key)
        fields[key] = _value(get, get(), depth + 1, flow=start.flow_style)
    return fields


def _key(event: _Event) -> str:
    if type(event) is not yaml.ScalarEvent or event.style in ("|", ">"):
        _refuse(event, "has a name that is not plain text; write `name: value`")
    if event.anchor is not None or event.tag is not None:
        _refuse_marks(event)
    key = _text(event)
    if key == "<<":
        _refuse(event, "merges fields with `<<`; write them out")
    return key


def _refuse_marks(event: _Event) -> None:
    if event.anchor is not None:
        _refuse(event, "sets an anchor (`&`); remove it, or quote the value")
    if event.tag is not None:
        _refuse(event, "has a tag (`!`); remove it, or quote the value")


def _refuse(event: _Event, problem: str, *, field: str | None = None) -> NoReturn:
    raise BallotInvalid(f"line {event.start_mark.line + 2} of the note {problem}", field=field)


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_FEW_BRACKETS = 8
_SUSPECT = re.compile(r"[?#\[{]|(?<=[-?:]) ")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def _lines(key: str, value: object) -> str:
    name = _name(key)
    if isinstance(value, str):
        return f"{name}: {_quoted(value)}\n"
    if isinstance(value, list | tuple) and value:
        return f"{name}:\n" + "".join(f"  - {_flow(item)}\n" for item in value)
    return f"{name}: {_flow(value)}\n"


@lru_cache(256)
def _name(key: str) -> str:
    return key if _NAME.fullmatch(key) and key.lower() not in _WORDS else _quoted(key)


def _flow(value: object) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(str(key))}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _quoted("" if value is None else str(value))


def _quoted(text: str) -> str:
    # JSON's escapes are YAML's; what nobody can see, and what Templater would run, is escaped as well.
    quoted = encode_basestring(text).replace("<%", "<\\x25")
    if _SUSPECT.search(quoted) and _misread(quoted):
        quoted = _SUSPECT.sub(lambda found: f"\\x{ord(found[0]):02x}", quoted)
    return quoted if quoted.isascii() and quoted.isprintable() else "".join(map(_seen, quoted))


def _misread(quoted: str) -> bool:
    """Tell whether the bounds on front matter, which do not look at quotes, could refuse a text of ours."""
    brackets = quoted.count("[") + quoted.count("{")
    return bool(brackets > _FEW_BRACKETS or _SHAKY.search(quoted) or _NESTED.search(quoted))


def _seen(char: str) -> str:
    if char.isprintable() and char not in BLANK:
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
