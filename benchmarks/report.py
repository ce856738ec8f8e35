"""What a benchmark found: tables with the limits they are held to, as text, Markdown and JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.harness import SHARES, Stats


@dataclass(frozen=True)
class Check:
    """A limit: `value` must be at most (or, with `least`, at least) `limit`."""

    what: str
    value: float
    limit: float
    least: bool = False

    @property
    def holds(self) -> bool:
        """Whether it is kept."""
        return self.value >= self.limit if self.least else self.value <= self.limit

    def __str__(self) -> str:
        wanted = f"{'at least' if self.least else 'at most'} {self.limit:,g}"
        return f"{'holds' if self.holds else 'MISSED'}: {self.what} is {self.value:,.4g}, wanted {wanted}"


@dataclass(frozen=True)
class Table:
    """Rows of text under columns. `note` says what a reader must know; `data` is for the JSON alone."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    checks: Sequence[Check] = ()
    data: Any = None


@dataclass(frozen=True)
class Plot:
    """A figure. `series` gives for each name its points (x, y)."""

    name: str
    title: str
    x: str
    y: str
    series: dict[str, list[tuple[float, float]]]
    log_x: bool = True
    log_y: bool = True


def curves(name: str, title: str, stats: Mapping[str, Stats]) -> Plot:
    """Return the figure of how many of all timings took how long at most."""
    series = {
        who: [(share * 100, value * 1000) for share, value in zip(SHARES, found.curve, strict=True)]
        for who, found in stats.items()
    }
    return Plot(name, title, "percent of all", "ms at most", series, log_x=False)


@dataclass(frozen=True)
class Finding:
    """All that one benchmark gave."""

    benchmark: str
    title: str
    seconds: float
    tables: Sequence[Table]
    plots: Sequence[Plot]
    size: str

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON, with whether each check holds."""
        plain = asdict(self)
        for table, found in zip(plain["tables"], self.tables, strict=True):
            table["checks"] = [asdict(check) | {"holds": check.holds} for check in found.checks]
        return plain | {"machine": machine(), "date": datetime.now(UTC).isoformat(timespec="seconds")}


def machine() -> str:
    """Return the machine in one line."""
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, {system}, "
        f"Linux {platform.release()}, Python {platform.python_version()}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def as_text(table: Table) -> str:
    """Return a table for the terminal."""
    widths = [max(map(len, column)) for column in zip(table.columns, *table.rows, strict=True)]
    lines = [table.title, _line(table.columns, widths), *(_line(row, widths) for row in table.rows)]
    if table.note:
        lines.append(table.note)
    return "\n".join([*lines, *(f"  {check}" for check in table.checks)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]).rstrip()


def as_markdown(table: Table) -> str:
    """Return a table for the documentation."""
    rule = ["---", *("---:" for _ in table.columns[1:])]
    lines = [f"**{table.title}**", ""]
    lines += [f"| {' | '.join(row)} |" for row in (table.columns, rule, *table.rows)]
    if table.note:
        lines += ["", table.note]
    if table.checks:
        lines += ["", *(f"- {check}" for check in table.checks)]
    return "\n".join(lines) + "\n"
