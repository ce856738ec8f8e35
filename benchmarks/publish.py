"""Puts results into `docs/performance.md`, between the marks of each benchmark, and plots beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.plot import svg
from benchmarks.report import Finding, as_markdown, machine

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


def publish(findings: Sequence[Finding], page: Path = PAGE) -> None:
    """Replace the blocks of these benchmarks in the page; one without a block is added at the end."""
    text = page.read_text(encoding="utf-8")
    for finding in findings:
        for plot in finding.plots:
            pictures = page.parent / page.stem
            pictures.mkdir(exist_ok=True)
            (pictures / f"{plot.name}.svg").write_text(svg(plot), encoding="utf-8")
        text = replaced(text, finding.benchmark, _block(finding, page.stem))
    page.write_text(text, encoding="utf-8")


def replaced(text: str, name: str, block: str) -> str:
    """Return a page with another block between the marks of this name; at its end if it has none."""
    begin, end = f"<!-- results: {name} -->", f"<!-- end: {name} -->"
    fresh = f"{begin}\n{block}{end}"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if pattern.search(text):
        return pattern.sub(lambda _: fresh, text)
    return f"{text.rstrip()}\n\n## {name}\n\n{fresh}\n"


def _block(finding: Finding, folder: str) -> str:
    size = "" if finding.size == "normal" else f" --{finding.size}"
    day = datetime.now(UTC).date().isoformat()
    parts = [
        f"`python -m benchmarks {finding.benchmark}{size}` on {day}, {finding.seconds:,.0f} s. {machine()}.\n"
    ]
    parts += map(as_markdown, finding.tables)
    parts += [f"![{plot.title}]({folder}/{plot.name}.svg)\n" for plot in finding.plots]
    return "\n".join(parts)
