"""Fuzzes every target in turn, or those named, and tells what was done and found.

`python -m tests.fuzz [--seconds 60] [TARGET …]`. What is found is kept in `.fuzz/found/`, inputs that reach
new code in `.fuzz/TARGET/`; a later run goes on from there. Needs atheris: pip install -e '.[fuzz]'.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.fuzz.target import CORPUS, Target
from tests.fuzz.targets import TARGETS

WORK = Path(".fuzz")
MEGABYTES = 1024
LARGEST = 32 * 1024
_STAT = re.compile(r"^stat::(\w+):\s+(\d+)$", re.MULTILINE)
_COVERAGE = re.compile(r"cov: (\d+) ft: (\d+)")


def fuzz(target: Target, seconds: int) -> Mapping[str, object]:
    """Run a target for some seconds and return what is to be told of it."""
    own, found = WORK / target.name, WORK / "found"
    for folder in (own, found):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    log = _run(target, own, found, seconds)
    (WORK / f"{target.name}.log").write_text(log)
    stats = dict(_STAT.findall(log))
    covered = (_COVERAGE.findall(log) or [("0", "0")])[-1]
    return {
        "seconds": seconds,
        "executions": int(stats.get("number_of_executed_units", 0)),
        "per second": int(stats.get("average_exec_per_sec", 0)),
        "branches": int(covered[0]),
        "inputs kept": len(list(own.iterdir())),
        "megabytes": int(stats.get("peak_rss_mb", 0)),
        "found": sorted(str(path) for path in set(found.iterdir()) - before),
    }


def _run(target: Target, own: Path, found: Path, seconds: int) -> str:
    # By the clock others may hold a run up; how much of the processor an input takes is checked in itself.
    options = [
        *(f"-max_total_time={seconds}", f"-max_len={LARGEST}", f"-dict={target.dictionary}"),
        *("-timeout=120", "-report_slow_units=120", f"-rss_limit_mb={MEGABYTES}"),
        f"-artifact_prefix={found}/{target.name}-",
        *("-print_final_stats=1", str(own), str(CORPUS / target.name)),
    ]
    run = [sys.executable, "-m", "tests.fuzz.guided", target.name, *options]
    return subprocess.run(run, capture_output=True, text=True, errors="replace").stderr


def main() -> int:
    """Fuzz, print a row for each target, and return 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []])
    chosen = parser.parse_args()
    rows: dict[str, Mapping[str, object]] = {}
    for name in chosen.targets or TARGETS:
        rows[name] = fuzz(TARGETS[name], chosen.seconds)
        print(f"{name:11}", *(f"{value} {what};" for what, value in rows[name].items()), flush=True)
        (WORK / "results.json").write_text(json.dumps(rows, indent=1))
    failed = [name for name, row in rows.items() if row["found"] or not row["executions"]]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
