"""The only ways in which text that others wrote gets into a note."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from markupsafe import Markup

from hitl_vault.domain.text import BLANK, bounded, fence, fenced, head, mark, measure, one_line, too_long

CONTEXT_BYTES = 96 * 1024
BLOCK_BYTES = 32 * 1024
WORDS_BYTES = 16 * 1024
ROW_CHARACTERS = 300
FIELD_CHARACTERS = 500
"""How long each may get, so that a drawn note stays readable as a ballot."""

_OURS = re.compile(r"(?:[\w ,;:'\"()?!\-]|\.(?! )|\. |/(?!/)|`[a-zA-Z_ .\-]+`)+", re.ASCII)
_ACTIVE = re.compile(r"\[\[|<%|://")
_compact = json.JSONEncoder(ensure_ascii=False).encode
_indented = json.JSONEncoder(ensure_ascii=False, indent=2).encode

Inert = Markup
"""Markdown that is safe to put into a note as it is; the only text that a template may print."""


class Untrusted:
    """A value that others wrote: a template can test for it and hand it on, but never print it."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __str__(self) -> str:
        raise TypeError("text that others wrote is printed with facts(), block() or command() only")


def value_of(item: object) -> object:
    """Return the bare value of what may be `Untrusted`."""
    return _bare(item) if isinstance(item, Untrusted) else item


_bare = attrgetter("_value")  # the underscore keeps it from templates


def block(text: str, *, limit: int = BLOCK_BYTES) -> Inert:
    """Return `text` in a fence, in full up to `limit` bytes."""
    return Inert(fence(text, "text", limit))


def json_text(value: object) -> str:
    """Return `value` as indented JSON that reads back as exactly the same value.

    What `visible` would mark is written as a JSON escape instead, and so is `<%`.
    """
    return _escaped(_indented(value))


def json_block(value: object, *, limit: int = CONTEXT_BYTES) -> Inert:
    """Return `value` as JSON in a fence; beyond `limit` bytes its head and a line that says so."""
    text = _indented(value)
    shown = _escaped(text[: limit + 1])
    if too_long(shown, limit):
        shown = f"{head(shown, limit)}\n{measure(text)}"
    return Inert(fenced(shown, "json"))


def is_short(fence: Inert) -> bool:
    """Tell whether a fence shows less than the whole; nothing inside can pretend so."""
    return "\n⟨… " in fence


def row_text(value: object, width: int | None = ROW_CHARACTERS) -> str:
    """Return any JSON value on one line, short but for a `width` of None; a string as it is, else as JSON."""
    text = value if isinstance(value, str) else _compact(value)
    if width is None or len(text) > width or not text.isascii() or not text.isprintable():
        text = one_line(text, width)
    return text.replace("<%", "<⟨U+0025⟩")


def table(rows: Sequence[tuple[str, str]], below: Iterable[str] = ()) -> Inert:
    """Return one fence of labels and one-line texts, and of what stands `below` them; all visible already."""
    width = min(20, max(len(label) for label, _ in rows))
    lines = "\n".join(f"{label:<{width}}  {text}" for label, text in rows)
    return Inert(fenced("\n\n".join([lines, *below]), "text"))


def indented(text: str, *, limit: int) -> str:
    """Return a text of several lines for a fence, with blanks before each: none can pose as a row of ours."""
    shown = bounded(text.replace("\r\n", "\n").removesuffix("\n"), limit).replace("<%", "<⟨U+0025⟩")
    return "\n".join(f"  {line}" for line in shown.split("\n"))


def listing(value: object) -> str:
    """Return a string in full, a list with one item a line, anything else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence) and all(isinstance(item, str) for item in value):
        return "\n".join(_compact(item) if "\n" in item or item[:1] == '"' else item for item in value)
    return json_text(value)


def command(value: object) -> str:
    """Return an argv list as one shell line, quoted where needed; anything else as `listing` does."""
    if isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(i, str) for i in value):
        return shlex.join(value)
    return listing(value)


def plain(text: str) -> Inert | None:
    """Return `text` as Markdown if it is nothing but ordinary words, else None."""
    return Inert(text) if _OURS.fullmatch(text) else None


def field(text: str) -> str:
    """Return `text` for a front matter field: one line, and no link, embed or template in it."""
    if len(text) > FIELD_CHARACTERS or not text.isascii() or not text.isprintable():
        text = one_line(text, FIELD_CHARACTERS)
    return _ACTIVE.sub(_break, text)


def _break(found: re.Match[str]) -> str:
    return found[0][0] + mark(found[0][1]) + found[0][2:]


class _Escapes(dict[int, str]):
    """A table for `str.translate` that learns each character when it is first met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        plain = char == "\n" or (char.isprintable() and char not in BLANK)
        shown = self[code] = char if plain else "".join(f"\\u{unit:04x}" for unit in _utf16(char))
        return shown


_ESCAPES = _Escapes()


def _escaped(text: str) -> str:
    if not (text.isascii() and text.replace("\n", " ").isprintable()):
        text = text.translate(_ESCAPES)
    return text.replace("<%", "\\u003c%")


def _utf16(char: str) -> Iterator[int]:
    data = char.encode("utf-16-be", "surrogatepass")
    return (int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
