"""Processes that take part: each reads one command a line, does it, and prints one line.

`python -m benchmarks.actors NAME …` starts one; `Actor` talks to it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import floor, vaults

ROOT = Path(__file__).parent.parent


def environment(*, own: bool = True) -> dict[str, str]:
    """Return the environment of a process that finds this package, and with `own` all that we find."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *(p for p in sys.path if p and own)])}


class Actor:
    """A running process."""

    def __init__(
        self,
        *arguments: str | Path,
        module: str = "benchmarks.actors",
        command: Sequence[str] = (),
        python: str = sys.executable,
        quiet: bool = False,
        **variables: str,
    ) -> None:
        self.process = subprocess.Popen(
            [*command, python, "-m", module, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else None,
            text=True,
            env=environment(own=python == sys.executable) | variables,
        )

    def send(self, line: str) -> None:
        """Give it a command."""
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def line(self) -> str:
        """Return what it prints next."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args!r} ended with {self.process.wait()}")
        return line.strip()

    def ask(self, line: str = "") -> str:
        """Give it a command and return its answer."""
        self.send(line)
        return self.line()

    def close(self) -> None:
        """Let it end, and kill it if it does not."""
        if self.process.stdin:
            self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def memory(self) -> int:
        """Return the bytes of memory that it holds (resident)."""
        return resident(self.process.pid)

    def cpu(self) -> float:
        """Return the seconds of processor time that it has used."""
        return cpu_seconds(self.process.pid)


def resident(pid: int) -> int:
    """Return the resident memory of a process in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process, from the scheduler's nanoseconds over all its threads."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def say(line: object) -> None:
    """Answer."""
    print(line, flush=True)


def person() -> None:
    """Read `PATH` and approve that note; answer the time of the save."""
    for line in sys.stdin:
        say(repr(vaults.approve(Path(line.rstrip("\n")))))


def keeper(root: str, state: str) -> None:
    """Keep a vault as `hitl watch` does until the input ends.

    Says first how many seconds it took to catch up; answers each line with what there was to tell.
    """
    import hitl_vault as hv

    with hv.open_gate(root, agent="keeper", state_dir=state, keeper=False) as gate:
        told: list[str] = []
        make = hv.Keeper  # loading what it needs is no part of catching up
        begin = time.monotonic()
        kept = make(gate.config, gate.ledger, tell=told.append)
        kept.start()
        kept.wait_ready(600)
        say(repr(time.monotonic() - begin))
        for _ in sys.stdin:
            say(" ".join(told))
        kept.stop()


def agent(root: str, state: str) -> None:
    """For each line ask, answer the id, wait, and answer the time at which the wait ended."""
    import hitl_vault as hv

    with hv.open_gate(root, agent="bench", state_dir=state, keeper=False) as gate:
        for number, _ in enumerate(sys.stdin):
            request = gate.ask(**vaults.asking(number))
            say(request.id)
            gate.wait(request.id)
            say(repr(time.monotonic()))


def floor_keeper(folder: str, synced: str = "") -> None:
    """Keep a floor; wakes the agent through its named pipe."""
    place = Path(folder)
    pipe = os.open(place / "bell", os.O_RDWR)

    def wake(name: str) -> None:
        os.write(pipe, b"!")

    floor.keep(place, lambda: say("ready"), wake, synced=bool(synced))


def floor_agent(folder: str) -> None:
    """For each line wait to be woken, and answer when it happened."""
    pipe = os.open(Path(folder) / "bell", os.O_RDWR)
    for _ in sys.stdin:
        os.read(pipe, 1)
        say(repr(time.monotonic()))


def crowd(*arguments: str) -> None:
    """See `ask.crowd`."""
    from benchmarks import ask

    ask.crowd(*arguments)


def reader(folder: str) -> None:
    """See `start.read_and_hash`."""
    from benchmarks import start

    start.read_and_hash(folder)


ACTORS: dict[str, Callable[..., Any]] = {
    "person": person,
    "keeper": keeper,
    "agent": agent,
    "floor-keeper": floor_keeper,
    "floor-agent": floor_agent,
    "crowd": crowd,
    "reader": reader,
}

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.stack_size(256 * 1024)
    ACTORS[sys.argv[1]](*sys.argv[2:])
