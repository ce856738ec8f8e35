"""Puts what a soak gave into the documentation: a table, plots, and the samples as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.plot import svg
from benchmarks.publish import replaced
from benchmarks.report import Plot, machine
from tests.faults.forking import ROOT
from tests.faults.growth import Trend

PAGE = ROOT / "docs" / "reliability.md"
_SLICES = 40


def table(trends: Sequence[Trend]) -> str:
    """Return the trends as a Markdown table."""
    rows = ["| measure | first third | last third | at most | |", "|---|---:|---:|---:|---|"]
    rows += [
        f"| {t.what} | {t.first:.1f} {t.unit} | {t.last:.1f} {t.unit} | {t.most:.1f} "
        f"| {'holds' if t.holds else 'GREW'} |"
        for t in trends
    ]
    return "\n".join(rows)


def publish(soak: dict[str, Any], trends: Sequence[Trend], page: Path = PAGE) -> None:
    """Put table and plots into the page, between the marks, and the samples beside it."""
    folder = page.parent / page.stem
    folder.mkdir(exist_ok=True)
    (folder / "soak.json").write_text(json.dumps(soak) + "\n")
    pictures = plots(soak)
    for plot in pictures:
        (folder / f"{plot.name}.svg").write_text(svg(plot), encoding="utf-8")
    shown = "\n".join(f"![{plot.title}]({page.stem}/{plot.name}.svg)" for plot in pictures)
    block = f"{_heading(soak)}\n\n{table(trends)}\n\n{shown}\n"
    page.write_text(replaced(page.read_text(encoding="utf-8"), "soak", block), encoding="utf-8")


def _heading(soak: dict[str, Any]) -> str:
    counts, day = soak["counts"], datetime.now(UTC).date().isoformat()
    return (
        f"`make soak SECONDS={soak['seconds']:g}` on {day}: {counts['requests']:,} requests, "
        f"{counts['operations']:,} operations in the history, {counts['killed']:,} kills, "
        f"{len(soak['wrong'])} findings. {machine()}."
    )


def plots(soak: dict[str, Any]) -> list[Plot]:
    """Return the plots of a soak."""
    return [
        _plot(soak, "soak-memory", "Resident memory", "MiB", lambda held: float(held["memory"])),
        _plot(soak, "soak-descriptors", "Open descriptors", "", lambda held: float(held["descriptors"])),
        _plot(soak, "soak-threads", "Threads", "", lambda held: float(held["threads"])),
        Plot(
            name="soak-resume",
            title="From save to resume, median",
            x="minutes",
            y="ms",
            series={"probe": _sliced([(at / 60, ms) for at, ms in soak["resumed"]])},
            log_x=False,
            log_y=False,
        ),
    ]


def _plot(
    soak: dict[str, Any], name: str, title: str, unit: str, of: Callable[[dict[str, Any]], float]
) -> Plot:
    names = list(soak["samples"][0]["held"])
    series = {
        who: _sliced([(one["at"] / 60, of(one["held"][who])) for one in soak["samples"]]) for who in names
    }
    return Plot(name=name, title=title, x="minutes", y=unit, series=series, log_x=False, log_y=False)


def _sliced(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the medians of slices of time, few enough for a plot."""
    end = max(x for x, _ in points) or 1.0
    slices: dict[int, list[float]] = {}
    for x, y in points:
        slices.setdefault(min(_SLICES - 1, int(x / end * _SLICES)), []).append(y)
    return [((number + 0.5) * end / _SLICES, median(found)) for number, found in sorted(slices.items())]
