"""Starting: commands, imports, and a keeper on a large vault.

Commands are measured as whole processes, from starting Python to its end. `hitl list` lists a vault with many
pending and many more resolved requests. The keeper is a process of its own on the same vault; what
it takes to get ready is compared with reading and hashing the same notes, in the same kind of process.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import hitl_vault as hv
from benchmarks import generated, vaults
from benchmarks.actors import Actor, environment
from benchmarks.harness import MS, Bench, Stats, in_turns, ratio, timed
from benchmarks.report import Check, Table

HITL = "import sys; from hitl_vault.cli import main; main()"


def run(bench: Bench) -> Iterator[Table]:
    """Measure the commands, then the keeper without and with resolved requests."""
    pending, resolved = bench.pick(20, 1_000, 10_000), bench.pick(50, 10_000, 100_000)
    config, rounds = vaults.found(bench.folder("large")), bench.pick(1, 3, 7)
    with vaults.open_gate(config, keeper=False) as gate:
        generated.add_pending(gate, pending)
        few = _keeper(config, rounds)
        generated.add_resolved(gate, resolved)
    many = _keeper(config, rounds)
    yield _commands(bench, config, pending, resolved)
    yield _reconcile(pending, resolved, few, many)


def _commands(bench: Bench, config: hv.Config, pending: int, resolved: int) -> Table:
    empty = vaults.found(bench.folder("empty"))
    vaults.open_gate(empty, keeper=False).close()
    lines = {
        "python -c pass": ["-c", "pass"],
        "python -c 'import typer'": ["-c", "import typer"],
        "python -c 'import hitl_vault'": ["-c", "import hitl_vault"],
        "hitl --version": ["-c", HITL, "--version"],
        "hitl --help": ["-c", HITL, "--help"],
        "hitl list, empty vault": ["-c", HITL, "list", *_options(empty)],
        "hitl list": ["-c", HITL, "list", *_options(config)],
        "hitl list --json": ["-c", HITL, "list", "--json", *_options(config)],
    }
    stats = in_turns({name: _command(words) for name, words in lines.items()}, bench.pick(1, 8, 25), 1)
    return _command_table(stats, pending, resolved)


def _command_table(stats: Mapping[str, Stats], pending: int, resolved: int) -> Table:
    bare, typer = stats["python -c pass"].p50, stats["python -c 'import typer'"].p50
    rows = [(name, *s.ms(), ratio(s.p50 / bare), ratio(s.p50 / typer)) for name, s in stats.items()]
    checks = [Check("hitl list over importing Typer", stats["hitl list"].p50 / typer, 1.5)]
    title = f"Commands; the vault of the last two has {pending:,} pending and {resolved:,} resolved"
    return Table(title, ("", *MS, "of pass", "of Typer"), rows, checks=checks, data=stats)


def _options(config: hv.Config) -> list[str]:
    return ["--vault", str(config.root), "--state-dir", str(config.state.parent)]


def _command(words: list[str]) -> Callable[[], float]:
    command = [sys.executable, *words]
    env = environment()

    def go() -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)

    return lambda: timed(go)


def _keeper(config: hv.Config, rounds: int) -> dict[str, Stats]:
    """Time a keeper's start in turns with reading and hashing the same notes."""
    return in_turns({"bare": lambda: _read_and_hash(config), "keeper": lambda: _start(config)}, rounds, 1)


def _start(config: hv.Config) -> float:
    keeper = Actor("keeper", config.root, config.state.parent)
    try:
        return float(keeper.line())
    finally:
        keeper.close()


def _read_and_hash(config: hv.Config) -> float:
    reader = Actor("reader", vaults.note(config, "x").parent)
    try:
        return float(reader.line())
    finally:
        reader.close()


def read_and_hash(folder: str) -> None:
    """Be the process that reads and hashes every note of a folder."""

    def work() -> None:
        for entry in Path(folder).iterdir():
            hashlib.sha256(entry.read_bytes()).digest()

    print(timed(work), flush=True)


def _reconcile(pending: int, resolved: int, few: dict[str, Stats], many: dict[str, Stats]) -> Table:
    bare = many["bare"].p50
    rows = [
        ("bare read and hash", *many["bare"].ms(), ratio(1)),
        ("keeper ready, nothing resolved", *few["keeper"].ms(), ratio(few["keeper"].p50 / few["bare"].p50)),
        (f"keeper ready, {resolved:,} resolved", *many["keeper"].ms(), ratio(many["keeper"].p50 / bare)),
    ]
    checks = [
        Check("start-up reconcile over read-and-hash", many["keeper"].p50 / bare, 5.0),
        Check("start-up with resolved requests over without", many["keeper"].p50 / few["keeper"].p50, 1.25),
    ]
    title = f"A keeper's start with {pending:,} pending, until it has caught up"
    return Table(title, ("", *MS, "of bare"), rows, checks=checks, data=[few, many])
