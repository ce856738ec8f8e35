"""The runner: finds the benchmarks, runs those that are named, and prints and keeps what they find."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import benchmarks
from benchmarks.harness import Bench, Size
from benchmarks.publish import publish
from benchmarks.report import Finding, Plot, Table, as_text, machine

RESULTS = Path(__file__).parent / "results"


def found() -> dict[str, ModuleType]:
    """Return every benchmark of this package by name: the modules that have `run`."""
    names = [info.name for info in pkgutil.iter_modules(benchmarks.__path__) if not info.name.startswith("_")]
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "run")}


def title(module: ModuleType) -> str:
    """Return the first line of a benchmark's docstring."""
    return (module.__doc__ or module.__name__).strip().splitlines()[0].rstrip(".")


def run(name: str, module: ModuleType, bench: Bench) -> Finding:
    """Run one benchmark and print its tables as they come."""
    print(f"\n== {name}: {title(module)}", flush=True)
    begin = time.monotonic()
    tables: list[Table] = []
    plots: list[Plot] = []
    for part in module.run(bench):
        if isinstance(part, Table):
            tables.append(part)
            print(f"\n{as_text(part)}", flush=True)
        else:
            plots.append(part)
    took = round(time.monotonic() - begin, 1)
    return Finding(name, title(module), took, tables, plots, bench.size)


def save(finding: Finding, folder: Path = RESULTS) -> None:
    """Keep a finding as JSON; it replaces the one before of the same benchmark."""
    folder.mkdir(exist_ok=True)
    (folder / f"{finding.benchmark}.json").write_text(json.dumps(finding.as_json(), indent=1) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; 1 if a limit was missed, 2 if a name is unknown."""
    asked = _parser().parse_args(arguments)
    modules = found()
    if asked.list:
        print("\n".join(f"{name:<10} {title(module)}" for name, module in modules.items()))
        return 0
    unknown = [name for name in asked.names if name not in modules]
    if unknown:
        print(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(modules)}", file=sys.stderr)
        return 2
    return _measure({name: modules[name] for name in asked.names or modules}, asked)


def _measure(modules: dict[str, ModuleType], asked: argparse.Namespace) -> int:
    print(machine())
    findings = []
    size: Size = asked.size
    for name, module in modules.items():
        with Bench(size=size, work=asked.work) as bench:
            findings.append(run(name, module, bench))
        if size != "tiny":
            save(findings[-1])
        if asked.publish:  # at once: the others take long, and may be stopped
            publish(findings[-1:])
    if asked.json:
        asked.json.write_text(json.dumps([finding.as_json() for finding in findings], indent=1) + "\n")
    missed = [
        check for finding in findings for table in finding.tables for check in table.checks if not check.holds
    ]
    if size == "tiny":
        print("\nEverything runs. Numbers of this size mean nothing.")
        return 0
    print("\nEvery limit holds." if not missed else "\n" + "\n".join(map(str, missed)))
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=benchmarks.__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="the benchmarks to run; all if none is named"
    )
    parser.add_argument("--list", action="store_true", help="say which there are")
    sizes = parser.add_mutually_exclusive_group()
    for size, help in (
        ("tiny", "only see that everything runs; the numbers mean nothing"),
        ("quick", "a first impression"),
        ("full", "with the largest vaults: a million resolved requests, an hour, 10 GB of disk"),
    ):
        sizes.add_argument(f"--{size}", dest="size", action="store_const", const=size, help=help)
    parser.set_defaults(size="normal")
    parser.add_argument(
        "--work", type=Path, metavar="FOLDER", help="where to work (HITL_BENCH_DIR, /var/tmp)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to one file as well")
    parser.add_argument(
        "--publish", action="store_true", help="put tables and plots into docs/performance.md"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
