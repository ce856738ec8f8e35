"""Draws a plot as SVG, by hand: lines over two axes, readable on light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape

from benchmarks.report import Plot

WIDTH, HEIGHT = 720, 400
_LEFT, _TOP, _BOTTOM = 70, 40, 50
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")

_FONT = 'font-family="sans-serif" font-size="12"'

Scale = Callable[[float], float]


def svg(plot: Plot) -> str:
    """Return the plot as an SVG document."""
    points = [point for line in plot.series.values() for point in line]
    x_marks = _marks([x for x, _ in points], plot.log_x)
    y_marks = _marks([y for _, y in points], plot.log_y)
    x = _scale(x_marks, plot.log_x, _LEFT, _right(plot))
    y = _scale(y_marks, plot.log_y, HEIGHT - _BOTTOM, _TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {_FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text(_LEFT, 20, plot.title, "start", weight="bold"),
        *_axes(plot, x, y, x_marks, y_marks),
    ]
    for number, (name, line) in enumerate(plot.series.items()):
        colour, dashes = _COLOURS[number % len(_COLOURS)], "6 4" if number >= len(_COLOURS) else "none"
        stroke = f'stroke="{colour}" stroke-dasharray="{dashes}"'
        parts += _line(line, x, y, stroke, colour)
        parts += _legend(number, name, _right(plot) + 10, stroke)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _right(plot: Plot) -> float:
    """Return where the plot ends and the names of its lines begin."""
    return WIDTH - 50 - 6.5 * max(map(len, plot.series))


def _marks(values: Sequence[float], log: bool) -> list[float]:
    least, most = min(values), max(values)
    if log:
        low, high = math.floor(math.log10(least)), math.ceil(math.log10(most))
        return [10.0**power for power in range(low, max(high, low + 1) + 1)]
    step = 10.0 ** math.floor(math.log10(most or 1))
    step = next(s for s in (step / 5, step / 2, step, step * 2) if most / s <= 6)
    return [number * step for number in range(math.ceil((most or 1) / step) + 1)]


def _scale(marks: Sequence[float], log: bool, begin: float, end: float) -> Scale:
    place = math.log10 if log else float
    low, high = place(marks[0]), place(marks[-1])
    return lambda value: begin + (place(value) - low) / (high - low) * (end - begin)


def _axes(plot: Plot, x: Scale, y: Scale, x_marks: list[float], y_marks: list[float]) -> Iterator[str]:
    right, bottom = _right(plot), HEIGHT - _BOTTOM
    for mark in y_marks:
        yield f'<path d="M{_LEFT} {y(mark):.1f}H{right}" stroke="#ddd"/>'
        yield _text(_LEFT - 6, y(mark) + 4, _number(mark), "end")
    for mark in x_marks:
        yield f'<path d="M{x(mark):.1f} {_TOP}V{bottom}" stroke="#eee"/>'
        yield _text(x(mark), bottom + 16, _number(mark), "middle")
    yield f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" stroke="#333" fill="none"/>'
    yield _text((_LEFT + right) / 2, HEIGHT - 12, plot.x, "middle")
    middle = (_TOP + bottom) / 2
    yield f'<g transform="rotate(-90 16 {middle})">{_text(16, middle, plot.y, "middle")}</g>'


def _line(line: Sequence[tuple[float, float]], x: Scale, y: Scale, stroke: str, colour: str) -> Iterator[str]:
    path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line)
    yield f'<polyline points="{path}" fill="none" {stroke} stroke-width="2"/>'
    for a, b in line:
        yield f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3" fill="{colour}"/>'


def _legend(number: int, name: str, left: float, stroke: str) -> Iterator[str]:
    top = _TOP + 10 + 20 * number
    yield f'<path d="M{left:.1f} {top - 3}h16" {stroke} stroke-width="3"/>'
    yield _text(left + 20, top + 1, name, "start")


def _text(x: float, y: float, text: str, anchor: str, weight: str = "normal") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="#333"'
    return f"<text {place}>{escape(text)}</text>"


def _number(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"
