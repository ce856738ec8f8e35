"""Starts the rivals: their servers, agents and persons, as far as they are installed."""

from __future__ import annotations

import functools
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import vaults
from benchmarks.actors import ROOT, Actor
from benchmarks.harness import Bench, until

Later = Callable[[Callable[[], object]], None]
PEERS = ROOT / "benchmarks" / ".peers"
HOW = "`make peers` installs it"


class Missing(Exception):
    """A rival is not installed; says how to install it."""


@dataclass
class Pair:
    """An agent and a person. `every` is the seconds between two polls, 0 without polling.

    `keeps` says what is left after a power cut. With `person_resumes` the person's process goes on itself.
    """

    agent: Actor
    person: Actor
    every: float
    keeps: str
    person_resumes: bool = False

    def resumed(self) -> float:
        """Return when the agent went on."""
        at = float(self.agent.line())
        return float(self.person.line()) if self.person_resumes else at


@dataclass(frozen=True)
class Contender:
    """A rival by name, and how it is started."""

    name: str
    every: float
    start: Callable[[Bench, Later], Pair]


def python() -> str:
    """Return the Python in which the peers are installed: `HITL_BENCH_PEERS`, or the one of `make peers`."""
    return os.environ.get("HITL_BENCH_PEERS") or str(PEERS / "bin" / "python")


@functools.cache
def _needs(*modules: str) -> None:
    try:
        found = subprocess.run(
            [python(), "-c", f"import {', '.join(modules)}"], capture_output=True, check=False
        )
    except FileNotFoundError:
        raise Missing(HOW) from None
    if found.returncode:
        raise Missing(f"{HOW} ({found.stderr.decode().strip().splitlines()[-1]})")


def _pair(
    later: Later,
    name: str,
    agent: Sequence[object],
    person: Sequence[object],
    every: float,
    keeps: str,
    *,
    own: bool = False,
) -> Pair:
    module = f"benchmarks.rivals.{name}"
    interpreter = sys.executable if own else python()
    actors = [Actor(role, *map(str, words), module=module, python=interpreter)
              for role, words in (("agent", agent), ("person", person))]  # fmt: skip
    for actor in actors:
        later(actor.close)
    return Pair(actors[0], actors[1], every, keeps, person_resumes=name == "graph")


def _files(every: float, bench: Bench, later: Later) -> Pair:
    return _pair(later, "files", [bench.folder("files"), every], [], every, "perhaps the note", own=True)


def _service(every: float, bench: Bench, later: Later) -> Pair:
    _needs("fastapi", "uvicorn", "httpx")
    port = _free_port()
    server = Actor("serve", str(port), module="benchmarks.rivals.service", python=python())
    later(server.close)
    later(server.process.terminate)
    _reachable(port)
    return _pair(later, "service", [port, every], [port], every, "nothing")


def _queue(every: float, bench: Bench, later: Later) -> Pair:
    _needs("redis")
    if shutil.which("redis-server") is None:
        raise Missing("`apt-get install redis-server` installs it")
    port = _free_port()
    words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(bench.folder("redis"))]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    later(server.wait)
    later(server.terminate)
    _reachable(port)
    return _pair(later, "queue", [port, every], [port], every, "the last snapshot")


def _graph(bench: Bench, later: Later) -> Pair:
    _needs("langgraph.checkpoint.sqlite")
    path = bench.folder("graph") / "checkpoints.db"
    return _pair(later, "graph", [path], [path], 0, "everything")


def _humans(bench: Bench, later: Later) -> Pair:
    _needs("awaithumans", "sqlmodel")
    home, port = bench.folder("humans"), _free_port()
    command = [
        str(Path(python()).with_name("awaithumans")),
        "dev",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    env = {**os.environ, "HOME": str(home)}
    server = subprocess.Popen(
        command, cwd=home, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    later(server.wait)
    later(server.terminate)
    _reachable(port, server)
    told = json.loads((home / ".awaithumans-dev.json").read_text())
    variables = {"AWAITHUMANS_URL": told["url"], "AWAITHUMANS_ADMIN_API_TOKEN": told["admin_token"]}
    actors = [Actor(role, module="benchmarks.rivals.humans", python=python(), quiet=True, **variables)
              for role in ("agent", "person")]  # fmt: skip
    for actor in actors:
        later(actor.close)
    return Pair(actors[0], actors[1], 1.0, "everything")


def _ours(settle: str, hearing: str, bench: Bench, later: Later) -> Pair:
    interpreter = sys.executable
    if hearing == "watchfiles":
        _needs("watchfiles", "hitl_vault")
        interpreter = python()
    config = vaults.found(bench.folder("ours"), settle=settle)
    where = [config.root, config.state.parent]
    keeper = Actor("keeper", *where, hearing, module="benchmarks.rivals.ours", python=interpreter)
    later(keeper.close)
    keeper.line()
    return _pair(later, "ours", [*where], [], 0, "everything", own=True)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _reachable(port: int, server: subprocess.Popen[bytes] | None = None) -> None:
    def look() -> bool:
        if server is not None and server.poll() is not None:
            raise Missing(f"its server ended with {server.returncode}")
        with socket.socket() as there:
            return there.connect_ex(("127.0.0.1", port)) == 0

    until(look, 60, 0.05)


RIVALS = [
    Contender("hitl-vault, settle 0", 0, functools.partial(_ours, "0s", "watchdog")),
    Contender("hitl-vault, settle 0.5 s (default)", 0, functools.partial(_ours, "0.5s", "watchdog")),
    Contender("hitl-vault on watchfiles, settle 0", 0, functools.partial(_ours, "0s", "watchfiles")),
    Contender("a script that polls the note, 0.1 s", 0.1, functools.partial(_files, 0.1)),
    Contender("a script that polls the note, 10 s", 10, functools.partial(_files, 10)),
    Contender("FastAPI, in memory, polled 0.1 s", 0.1, functools.partial(_service, 0.1)),
    Contender("FastAPI, in memory, polled 3 s", 3, functools.partial(_service, 3)),
    Contender("Redis queue polled 0.1 s", 0.1, functools.partial(_queue, 0.1)),
    Contender("Redis queue polled 5 s", 5, functools.partial(_queue, 5)),
    Contender("LangGraph interrupt, SQLite", 0, _graph),
    Contender("awaithumans 0.1.12", 1, _humans),
]
