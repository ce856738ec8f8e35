"""The lines of Markdown, and its fenced code blocks: which text lies inside of one and which does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

_OPEN = re.compile(r"^( {0,3})(`{3,}(?=[^`\n]*$)|~{3,})([^\n]*)\n?", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Fence:
    """A fenced block: where it begins and ends in the text, its info string and what is in it.

    `mark` is the opening run, with its indentation; without a closing line the block goes on to the end.
    """

    start: int
    end: int
    mark: str
    info: str
    content: str
    closed: bool


def lines_of(text: str) -> str:
    """Return text whose every line ends in LF. A lone carriage return ends a line too, as in Markdown."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def lines_in_place(text: str) -> str:
    """Return the same lines with every character at its place: a blank stands for the CR of a CRLF."""
    return text.replace("\r\n", " \n").replace("\r", "\n") if "\r" in text else text


def fences(text: str) -> Iterator[Fence]:
    """Yield the fenced blocks of Markdown text whose lines end in LF, as CommonMark finds them."""
    at = 0
    while start := _OPEN.search(text, at):
        end = _closing(start[2][0], len(start[2])).search(text, start.end())
        at = end.end() if end else len(text)
        yield Fence(
            start=start.start(),
            end=at,
            mark=start[1] + start[2],
            info=start[3].strip(" \t"),
            content=text[start.end() : end.start() if end else at],
            closed=end is not None,
        )


def outside(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of `text` between its fenced blocks, each made of whole lines."""
    at = 0
    for fence in fences(text):
        yield at, fence.start
        at = fence.end
    yield at, len(text)


def unclosed(text: str) -> str:
    """Return the line that closes the block still open at the end of `text`, or nothing."""
    blocks = list(fences(text))
    return blocks[-1].mark.strip() if blocks and not blocks[-1].closed else ""


@cache
def _closing(mark: str, length: int) -> re.Pattern[str]:
    return re.compile(rf"^ {{0,3}}{mark}{{{length},}}[ \t]*(?:\n|\Z)", re.MULTILINE)
