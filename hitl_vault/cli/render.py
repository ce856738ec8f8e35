"""Drawing for the terminal: widths, colours, and text that others wrote made harmless."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import hitl_vault as hv

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}
_STATES = {
    hv.State.PENDING: "yellow",
    hv.State.APPROVED: "green",
    hv.State.EXECUTING: "green",
    hv.State.EXECUTED: "green",
    hv.State.REJECTED: "red",
    hv.State.FAILED: "red",
    hv.State.UNKNOWN: "red",
}
_RISKS = {hv.Level.MEDIUM: "yellow", hv.Level.HIGH: "red", hv.Level.CRITICAL: "red"}
_GAP = "  "


def width() -> int:
    """Return the columns of the terminal; 80 where there is none, never fewer than 40."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isascii() and asked.isdigit():
        return max(40, int(asked))
    try:
        return max(40, os.get_terminal_size(sys.stdout.fileno()).columns)
    except (OSError, ValueError):
        return 80


def coloured() -> bool:
    """Tell whether to use colours: on a terminal, unless NO_COLOR is set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, *names: str) -> str:
    """Return `text` in colours, or as it is where there are none."""
    codes = ";".join(_CODES[name] for name in names if name)
    return f"\033[{codes}m{text}\033[0m" if codes and text.strip() and coloured() else text


def state(state: hv.State, text: str | None = None) -> str:
    """Return a state's name, or `text`, in its colour."""
    return paint(str(state) if text is None else text, _STATES.get(state, ""))


def risk(level: hv.Level, text: str | None = None) -> str:
    """Return a risk level's name, or `text`, in its colour."""
    return paint(str(level) if text is None else text, _RISKS.get(level, ""))


def cut(text: str, columns: int) -> str:
    """Return text that others wrote on one harmless line of at most so many columns."""
    line = hv.text.one_line(text)
    if hv.text.columns(line) <= columns:
        return line
    used, kept = 1, ""
    for char in line:
        used += hv.text.columns(char)
        if used > columns:
            break
        kept += char
    return kept + "…"


def pad(text: str, columns: int) -> str:
    """Return `text` with blanks up to so many columns."""
    return text + " " * max(0, columns - hv.text.columns(text))


def wrapped(text: str, columns: int) -> Iterator[str]:
    """Yield the lines of a text that others wrote, harmless, none wider than `columns`."""
    for line in hv.text.visible(text.replace("\r\n", "\n")).expandtabs(4).split("\n"):
        yield from _folded(line, columns)


def _folded(line: str, columns: int) -> Iterator[str]:
    while hv.text.columns(line) > columns:
        end = _fitting(line, columns)
        blank = line.rfind(" ", columns // 2, end)
        yield line[: blank if blank > 0 else end]
        line = line[blank + 1 if blank > 0 else end :]
    yield line


def _fitting(line: str, columns: int) -> int:
    used = 0
    for at, char in enumerate(line):
        used += hv.text.columns(char)
        if used > columns:
            return max(1, at)
    return len(line)


def block(text: str, mark: str = "  ") -> Iterator[str]:
    """Yield a text that others wrote, each line behind a mark, so that none can pass for ours."""
    for line in wrapped(text, width() - hv.text.columns(mark)):
        yield paint(mark, "dim") + line


def hung(head: str, columns: int, said: str) -> Iterator[str]:
    """Yield a line that begins with `head`, so many columns wide; what does not fit stands below `said`.

    Where a terminal broke the line, what others wrote would begin one, as only our words do.
    """
    for line in wrapped(said, max(20, width() - columns)):
        yield head + line
        head = " " * columns


def short(id: str) -> str:
    """Return the end of an id, which is enough to name it."""
    return id.rpartition("-")[2]


def since(then: datetime, now: datetime) -> str:
    """Return how long ago something was, as `3m`."""
    return hv.times.brief(max(now - then, now - now))


def until(then: datetime | None, now: datetime) -> str:
    """Return how long there is left, as `3m`; `-` for no deadline, `over` for one that has passed."""
    if then is None:
        return "-"
    return hv.times.brief(then - now) if then > now else "over"


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], colours: Sequence[Sequence[str]]
) -> Iterator[str]:
    """Yield the lines of a table whose last column gets what width is left. Cells are harmless already."""
    widths = [max(map(hv.text.columns, column)) for column in zip(heads, *rows, strict=True)]
    left = width() - sum(widths[:-1]) - len(_GAP) * (len(widths) - 1)
    widths[-1] = max(4, min(widths[-1], left))
    yield paint(_line(heads, widths, [""] * len(heads)), "dim")
    for row, colour in zip(rows, colours, strict=True):
        yield _line(row, widths, colour)


def _line(cells: Sequence[str], widths: Sequence[int], colours: Sequence[str]) -> str:
    fitted = (pad(cut(cell, size), size) for cell, size in zip(cells, widths, strict=True))
    return _GAP.join(paint(cell, colour) for cell, colour in zip(fitted, colours, strict=True)).rstrip()


def risk_colour(level: hv.Level) -> str:
    """Return the name of a risk level's colour."""
    return _RISKS.get(level, "")


def state_colour(state: hv.State) -> str:
    """Return the name of a state's colour."""
    return _STATES.get(state, "")


def write(lines: Iterable[str]) -> None:
    """Print lines."""
    for line in lines:
        print(line)


def write_json(value: Any) -> None:
    """Print a value as JSON in ASCII, which no terminal acts on."""
    print(json.dumps(value, indent=2))
