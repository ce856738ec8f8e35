"""From a person's save to the agent going on.

The clock starts when the editor closes the file and stops when the agent's wait has returned. The
floor hears of the save through bare inotify, reads the note, appends one line with fdatasync,
renames the note and wakes the agent; it checks and draws nothing.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import floor, parts, vaults
from benchmarks.actors import Actor
from benchmarks.harness import MS, Bench, Closing, Stats, in_turns, ratio, until
from benchmarks.report import Check, Plot, Table, curves

SYNCED = "floor, move synced"
"""The floor of one that moves the note durably before it wakes the agent."""

OF_PARTS = "watchdog and SQLite alone"
"""The floor's work done with the parts that we are made of; see `parts`."""

QUIET = 0.03
"""Seconds between asking and answering: people are not quicker, and drawing has ended."""


def run(bench: Bench) -> Iterator[Table | Plot]:
    """Measure in one process, across three, and with the default settle."""
    rounds = bench.pick(3, 100, 500)
    one, three = _in_process(bench, rounds), _across(bench, rounds)
    yield _table("In one process", "in process", one)
    yield _table("Agent, keeper and person each a process", "across processes", three)
    yield _settled(bench, bench.pick(2, 10, 40))
    both = {
        f"{name}{where}": found
        for where, all in (("", one), (", across", three))
        for name, found in all.items()
    }
    yield curves("resume", "From a save to the agent going on, settle 0", both)


def _table(title: str, where: str, stats: dict[str, Stats]) -> Table:
    least = stats["floor"]
    rows = [
        (name, *found.ms(), ratio(found.p50 / least.p50), ratio(found.p99 / least.p99))
        for name, found in stats.items()
    ]
    ours = stats["hitl-vault"]
    checks = [
        Check(f"save to resume {where}, median over the floor's", ours.p50 / least.p50, 2.0),
        Check(f"save to resume {where}, p99 over the floor's", ours.p99 / least.p99, 3.0),
    ]
    heads = ("", *MS, "p50/floor", "p99/floor")
    return Table(f"{title}, {ours.count} rounds in turns, settle 0", heads, rows, checks=checks, data=stats)


def _settled(bench: Bench, rounds: int) -> Table:
    with Closing() as later:
        work = _our_agent(bench, later, settle="0.5s")
        found = in_turns({"hitl-vault": work}, rounds, warm=1)["hitl-vault"]
    check = Check("save to resume beyond the settle of 500 ms, median in ms", (found.p50 - 0.5) * 1000, 20.0)
    note = "A vote counts when the note has lain still for `settle`; the rest is what the tables above show."
    return Table("With the default settle of 0.5 s, in one process", ("", *MS),
                 [("hitl-vault", *found.ms())], note, [check], found)  # fmt: skip


def _in_process(bench: Bench, rounds: int) -> dict[str, Stats]:
    with Closing() as later:
        contenders = {
            "floor": _floor(bench, later),
            SYNCED: _floor(bench, later, synced=True),
            OF_PARTS: _parts(bench, later),
            "hitl-vault": _our_agent(bench, later),
        }
        return in_turns(contenders, rounds, 10)


def _floor(
    bench: Bench, later: Callable[[Callable[[], object]], None], *, synced: bool = False
) -> Callable[[], float]:
    """Return what measures the floor once: a keeping thread and a waiting one."""
    folder = floor.prepare(bench.folder("floor"))
    woken, listening = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=floor.keep, args=(folder, listening.set, lambda _: woken.set()), kwargs={"synced": synced}
    )
    thread.start()
    listening.wait()
    later(thread.join)
    later(lambda: floor.stop(folder))
    return _bare_round(folder, _sample_note(bench), woken)


def _parts(bench: Bench, later: Callable[[Callable[[], object]], None]) -> Callable[[], float]:
    folder, woken = floor.prepare(bench.folder("parts")), threading.Event()
    keeping = parts.Parts(folder, woken.set)
    later(keeping.close)
    return _bare_round(folder, _sample_note(bench), woken, keeping.ask)


def _bare_round(
    folder: Path, sample: bytes, woken: threading.Event, ask: Callable[[str], object] = lambda name: None
) -> Callable[[], float]:
    """Return what measures once how long a thread that keeps `folder` takes to set `woken`."""

    def measure() -> float:
        path = _floor_note(folder, sample)
        ask(path.name)
        wait = Waiting(woken.wait)
        time.sleep(QUIET)
        closed = vaults.approve(path)
        took = wait.ended() - closed
        woken.clear()
        return took

    return measure


def _our_agent(
    bench: Bench, later: Callable[[Callable[[], object]], None], *, settle: str = "0s"
) -> Callable[[], float]:
    """Return what measures us once: a gate that keeps its vault, and a waiting thread."""
    config = vaults.found(bench.folder("ours"), settle=settle)
    gate = vaults.open_gate(config, keeper=True)
    later(gate.close)
    numbers = iter(range(10**9))

    def measure() -> float:
        request = gate.ask(**vaults.asking(next(numbers)))
        path = vaults.note(config, request.id)
        until(path.exists)
        wait = Waiting(lambda: gate.wait(request.id))
        time.sleep(QUIET)
        closed = vaults.approve(path)
        return wait.ended() - closed

    return measure


class Waiting:
    """A thread that waits for something and takes the time."""

    def __init__(self, wait: Callable[[], object]) -> None:
        self._at = 0.0
        self._thread = threading.Thread(target=self._run, args=(wait,))
        self._thread.start()

    def _run(self, wait: Callable[[], object]) -> None:
        wait()
        self._at = time.monotonic()

    def ended(self) -> float:
        """Return when the wait was over."""
        self._thread.join()
        return self._at


def _across(bench: Bench, rounds: int) -> dict[str, Stats]:
    with Closing() as later:
        person = Actor("person")
        later(person.close)
        contenders = {
            "floor": _floor_across(bench, later, person),
            SYNCED: _floor_across(bench, later, person, "synced"),
            "hitl-vault": _across_us(bench, later, person),
        }
        return in_turns(contenders, rounds, 10)


def _floor_across(
    bench: Bench, later: Callable[[Callable[[], object]], None], person: Actor, *how: str
) -> Callable[[], float]:
    folder = floor.prepare(bench.folder("floor"))
    os.mkfifo(folder / "bell")
    keeper, agent = Actor("floor-keeper", folder, *how), Actor("floor-agent", folder)
    later(agent.close)
    later(keeper.close)
    later(lambda: floor.stop(folder))
    keeper.line()
    sample = _sample_note(bench)

    def measure() -> float:
        path = _floor_note(folder, sample)
        agent.send("wait")
        time.sleep(QUIET)
        closed = float(person.ask(str(path)))
        return float(agent.line()) - closed

    return measure


def _across_us(
    bench: Bench, later: Callable[[Callable[[], object]], None], person: Actor
) -> Callable[[], float]:
    config = vaults.found(bench.folder("ours"), settle="0s")
    keeper = Actor("keeper", config.root, config.state.parent)
    agent = Actor("agent", config.root, config.state.parent)
    later(keeper.close)
    later(agent.close)
    keeper.line()

    def measure() -> float:
        path = vaults.note(config, agent.ask("ask"))
        until(path.exists)
        time.sleep(QUIET)
        closed = float(person.ask(str(path)))
        return float(agent.line()) - closed

    return measure


def _sample_note(bench: Bench) -> bytes:
    """Return a note as we draw it, so that the floor reads as many bytes."""
    config = vaults.found(bench.folder("sample"))
    with vaults.open_gate(config, keeper=False) as gate:
        request = gate.ask(**vaults.asking(1))
        gate.draw()
        return vaults.note(config, request.id).read_bytes()


def _floor_note(folder: Path, data: bytes) -> Path:
    path = folder / "Pending" / f"{time.monotonic_ns()}.md"
    path.write_bytes(data)
    return path
