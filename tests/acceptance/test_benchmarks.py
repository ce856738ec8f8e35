"""Every benchmark runs, and what `docs/performance.md` tells to run exists."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.__main__ import _parser, found, main
from benchmarks.actors import environment
from benchmarks.harness import Bench, Stats, in_turns
from benchmarks.plot import WIDTH, svg
from benchmarks.publish import publish
from benchmarks.report import Check, Finding, Plot, Table

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "performance.md"
PEERLESS = {"HITL_BENCH_PEERS": "/no/peers/here"}
"""Others are not installed for tests, and what is missing is to be skipped."""


@pytest.mark.parametrize("name", found())
def test_a_benchmark_runs_with_the_smallest_sizes_and_leaves_nothing_behind(name: str, work: Path) -> None:
    words = [sys.executable, "-m", "benchmarks", name, "--tiny", "--work", str(work)]
    words += ["--json", str(work / "found.json")]
    ran = subprocess.run(words, capture_output=True, text=True, env=environment() | PEERLESS, cwd=ROOT)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (finding,) = json.loads((work / "found.json").read_text())
    assert finding["benchmark"] == name
    assert all(table["rows"] for table in finding["tables"])
    assert [path.name for path in work.iterdir()] == ["found.json"]


def test_every_command_on_the_page_exists() -> None:
    page = PAGE.read_text()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    made = set(re.findall(r"(?:^|`)make ([a-z]+)", page, re.MULTILINE))
    words = re.findall(r"`python -m benchmarks ([^`]*)`|ARGS=\"?([^\"`\s][^\"`\n#]*)", page)
    commands = [" ".join(line).split() for line in words]
    names = {word for command in commands for word in command}
    assert {"bench", "peers"} <= made <= targets
    assert "resume" in names
    for command in commands:
        _parser().parse_args(command)
    assert {name for name in names if not name.startswith("-")} <= set(found())


def test_every_benchmark_has_its_place_on_the_page() -> None:
    places = re.findall(r"<!-- results: (\w+) -->\n(?:.*?\n)??<!-- end: \1 -->", PAGE.read_text(), re.DOTALL)
    assert sorted(places) == sorted(found())


def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such"]) == 2
    assert "no-such" in capsys.readouterr().err


def test_contenders_are_timed_in_turns() -> None:
    order: list[str] = []

    def work(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = in_turns({"a": lambda: work("a"), "b": lambda: work("b")}, rounds=2, warm=1)
    assert order == list("ababab")
    assert (found["a"].least, found["b"].most) == (3.0, 6.0)


def test_the_median_and_the_ninety_ninth_hundredth_are_those_of_the_timings() -> None:
    found = Stats.of([float(n) for n in range(1, 101)])
    assert (found.count, found.least, found.p50, found.p99, found.most) == (100, 1.0, 50.5, 100.0, 100.0)


def test_folders_are_fresh_and_removed_at_the_end(work: Path) -> None:
    with Bench(work=work) as bench:
        assert bench.folder("x") != bench.folder("x")
    assert not list(work.iterdir())


@pytest.mark.parametrize(
    ("check", "holds"),
    [(Check("x", 2, 2), True), (Check("x", 3, 2), False), (Check("x", 1, 2, least=True), False)],
)
def test_a_limit_holds_or_is_missed(check: Check, holds: bool) -> None:
    assert check.holds is holds
    assert str(check).startswith("holds" if holds else "MISSED")


def test_publishing_replaces_a_benchmarks_block_and_nothing_else(work: Path) -> None:
    page = work / "page.md"
    page.write_text("# Speed\n\n<!-- results: one -->\nstale\n<!-- end: one -->\n\nmine\n")
    plot = Plot("curve", "a < b", "n", "ms", {"ours": [(1, 0.5), (1000, 2)]})
    table = Table("T", ("", "ms"), [("x", "1")], "note", [Check("x", 1, 2)])
    publish([Finding("one", "One", 1.0, [table], [plot], "normal")], page)
    text = page.read_text()
    assert "stale" not in text
    assert text.startswith("# Speed\n")
    assert text.endswith("mine\n")
    assert "| x | 1 |" in text
    assert "![a < b](page/curve.svg)" in text
    assert ElementTree.parse(work / "page" / "curve.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("name", ["s", "a script that polls the note, 0.1 s"])
def test_a_plot_keeps_its_points_inside_its_frame(name: str, log: bool) -> None:
    """The frame ends where the names begin, and these have the room that they need."""
    points = [(1.0, 3.0), (10.0, 0.02), (90_000.0, 47.0)]
    tree = ElementTree.fromstring(svg(Plot("p", "t", "x", "y", {name: points}, log_x=log, log_y=log)))
    named = next(t for t in tree.iter("{http://www.w3.org/2000/svg}text") if t.text == name)
    right = float(named.attrib["x"])
    assert right + 6 * len(name) <= WIDTH
    for circle in tree.iter("{http://www.w3.org/2000/svg}circle"):
        assert 70 <= float(circle.attrib["cx"]) < right
        assert 40 <= float(circle.attrib["cy"]) <= 350
