"""Text that others wrote, made harmless to look at: nothing in it is invisible, moves or breaks out.

Characters that cannot be seen, or that look like a plain space, are shown as `⟨U+200B⟩`. The
bracket `⟨` itself is shown that way too, so no text can pose as one of these marks and two
different texts never look the same.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping

LONGEST_NAME = 120
"""Columns of the name of an action or an agent, so that no place where it stands has to cut it."""

BLANK = frozenset(
    map(
        chr,
        [
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0xFFFC),
            *(0x1D159, 0x13441, 0x13442, 0x16FE4),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ],
    )
)
"""Printable by their category, and yet nothing to see: fillers and variation selectors."""


def mark(char: str) -> str:
    """Return the visible stand-in of one character, such as `⟨U+200B⟩`."""
    return f"⟨U+{ord(char):04X}⟩"


class _Shown(dict[int, str]):
    """A table for `str.translate` that learns each character when it is first met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        plain = char in "\n\t" or (char.isprintable() and char not in BLANK and char != "⟨")
        shown = self[code] = char if plain else mark(char)
        return shown


_SHOWN = _Shown()
_BACKTICKS = re.compile("`{3,}")
_TURNING = re.compile(r"[^\W\d_]+|\d[\d.,:/+-]*")
_WORD = re.compile(r"\w+(?:[.@-]+\w+)*")
_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "COPTIC", "ARMENIAN", "CHEROKEE", "LISU"})


def visible(text: str) -> str:
    """Return `text` with every invisible, moving or space-like character shown as `⟨U+XXXX⟩`.

    Line feeds and tabs stay. Two different texts give two different results.
    """
    if text.isascii() and text.replace("\n", " ").isprintable():
        return text
    return text.translate(_SHOWN)


def one_line(text: str, width: int | None = None) -> str:
    """Return `text` on one line of at most `width` terminal columns, line feeds and tabs marked too.

    A text that is too long ends in `⟨… 1234 in all⟩`, where the number counts its characters.
    """
    line = visible(text if width is None else text[: width + 1])
    line = line.replace("\n", mark("\n")).replace("\t", mark("\t"))
    if width is None or (len(text) <= width and columns(line) <= width):
        return line
    tail = f"⟨… {len(text)} in all⟩"
    return _cut(line, max(0, width - len(tail))) + tail


def too_long_a_name(what: str, name: str) -> str:
    """Say that a name cannot be shown whole wherever it stands, and what to do; empty if it can."""
    if len(name) <= LONGEST_NAME and columns(one_line(name)) <= LONGEST_NAME:
        return ""
    return (
        f"the {what} {one_line(name, 40)!r} takes more than {LONGEST_NAME} columns; "
        "give it a short name and put the rest into the context"
    )


def fence(text: str, info: str = "text", limit: int | None = None) -> str:
    """Return a Markdown code fence that `text` cannot leave, without a final line feed.

    The fence is longer than any run of backticks in the text, and `<%` is broken so that no
    template plugin runs it. CRLF counts as a line feed. `limit` is in bytes, as for `bounded`.
    """
    shown = bounded(text.replace("\r\n", "\n"), limit).replace("<%", "<" + mark("%"))
    return fenced(shown, info)


def fenced(shown: str, info: str) -> str:
    """Return a fence around text that is visible already."""
    runs = _BACKTICKS.findall(shown) if "```" in shown else ()
    ticks = "`" * max(len(run) + 1 for run in runs) if runs else "```"
    return f"{ticks}{info}\n{shown}{'' if shown.endswith(chr(10)) else chr(10)}{ticks}"


def bounded(text: str, limit: int | None) -> str:
    """Return `text` made visible; beyond `limit` bytes, its head and a line that says so.

    The line gives the size in bytes and the SHA-256 of the whole text. Nothing is cut in silence.
    """
    if limit is None:
        return visible(text)
    shown = visible(text[: limit + 1])
    return f"{head(shown, limit)}\n{measure(text)}" if too_long(shown, limit) else shown


def too_long(shown: str, limit: int) -> bool:
    """Tell whether `shown` takes more than `limit` bytes."""
    return len(shown) * 4 > limit and len(shown.encode()) > limit


def head(shown: str, limit: int) -> str:
    """Return as much of `shown` as fits into `limit` bytes."""
    return shown.encode()[:limit].decode(errors="ignore")


def measure(text: str) -> str:
    """Return the line that stands for what is not shown of `text`."""
    data = text.encode(errors="surrogatepass")
    return f"⟨… {len(data)} bytes in all, sha256:{hashlib.sha256(data).hexdigest()}⟩"


def plural(count: int, noun: str) -> str:
    """Return a number with its noun, such as `1 request` or `2 requests`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def columns(text: str) -> int:
    """Return how many terminal columns `text` takes: wide letters two, combining marks none."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def look_alikes(*values: object) -> str:
    """Say which words in JSON values, names included, mix scripts that are easily confused; empty if none.

    And which, written from right to left, show the numbers after them in another order.
    """
    found: dict[str, tuple[str, ...]] = {}
    for text in _strings(values):
        found |= mixed_scripts(text)
    said = [f"{word} mixes {' and '.join(scripts)}" for word, scripts in found.items()]
    lines = (line for value in values for line in _lines(value))
    turning = dict.fromkeys(word for line in lines for word in turning_words(line))
    return ", ".join([*said, *(f"{word} turns the numbers after it around" for word in turning)])


def _lines(value: object) -> Iterator[str]:
    """Yield what may be shown on one line: a name with its value, and a list, which may be a command."""
    if isinstance(value, Mapping):
        yield from (f"{name}: {item}" if _is_plain(item) else name for name, item in value.items())
        value = list(value.values())
    elif isinstance(value, list | tuple):
        yield " ".join(str(item) for item in value if _is_plain(item))
    else:
        yield str(value)
        return
    for item in value:
        if not _is_plain(item):
            yield from _lines(item)


def _is_plain(value: object) -> bool:
    return not isinstance(value, Mapping | list | tuple)


def turning_words(text: str) -> list[str]:
    """Return the words from right to left that two numbers follow with no other word between.

    A screen shows these numbers in the other order; who reads from left to right takes one for the other.
    """
    found: list[str] = []
    word, numbers = "", 0
    for token in _TURNING.findall(text) if not text.isascii() else ():
        if not token[0].isdecimal():
            turns = unicodedata.bidirectional(token[-1]) in ("R", "AL")
            word, numbers = (token if turns else ""), 0
        elif word:
            numbers += 1
            if numbers == 2:
                found.append(word)
    return found


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield name
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def mixed_scripts(text: str) -> dict[str, tuple[str, ...]]:
    """Return the words and hosts of `text` whose letters come from scripts that are easily confused.

    Maps each of them to its scripts, as in `{"pаypal.com": ("Cyrillic", "Latin")}`. A host or an address
    counts as one word: `раура.com` mixes scripts though each of its labels has only one.
    """
    if text.isascii():
        return {}
    found = {word: _scripts(word) for word in _WORD.findall(text) if not word.isascii()}
    return {word: scripts for word, scripts in found.items() if len(scripts) > 1}


def _scripts(word: str) -> tuple[str, ...]:
    names = {unicodedata.name(char, "").split(" ", 1)[0] for char in word}
    return tuple(sorted(name.title() for name in names & _ALIKE))


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def _cut(line: str, width: int) -> str:
    used = 0
    for at, char in enumerate(line):
        used += _columns(char)
        if used > width:
            return line[:at]
    return line
