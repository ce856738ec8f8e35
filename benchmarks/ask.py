"""Asking durably, one by one and many at once.

What must be on the disk before `ask` returns is the ledger alone: notes are drawn from it. The path
compared with asks the same, and then also draws the note and syncs it and its folder. With "a keeper
active" another process draws each note at the same time, on this machine's other core.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import hitl_vault as hv
from benchmarks import vaults
from benchmarks.actors import Actor
from benchmarks.harness import Bench, Closing, in_turns, rate, ratio, timed
from benchmarks.report import Check, Table
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.files import write_note
from hitl_vault.vault.templates import Templates

TOGETHER = 64


def run(bench: Bench) -> Iterator[Table]:
    """Measure one thread, batches, and many threads."""
    yield _one_by_one(bench, bench.pick(2, 20, 60), bench.pick(2, 20, 50))
    yield _batches(bench, bench.pick(2, 20, 60))
    yield _concurrent(bench, bench.pick(20, 500, 2000))


def _one_by_one(bench: Bench, rounds: int, block: int) -> Table:
    with Closing() as later:
        contenders = {
            "ask": _repeat(block, _asker(bench, later, keeper=False)),
            "ask, note and folder synced too": _repeat(block, _all_synced(bench, later)),
            "ask, a keeper active": _repeat(block, _asker(bench, later, keeper=True)),
            "bare: append, create, three syncs": _repeat(block, _bare_synced(bench)),
        }
        stats = in_turns(contenders, rounds)
    slow = stats["ask, note and folder synced too"].p50
    rows = [
        (name, rate(block / found.p50), f"±{found.spread:.0%}", ratio(slow / found.p50))
        for name, found in stats.items()
    ]
    check = Check("durable asks over the all-synced path", slow / stats["ask"].p50, 2.0, least=True)
    heads = ("one thread", "per s", "spread", "of all synced")
    return Table(f"Durable ask, {rounds} rounds of {block} in turns", heads, rows, checks=[check], data=stats)


def _batches(bench: Bench, rounds: int) -> Table:
    with Closing() as later:
        contenders = {
            "bare file creation, unsynced": _bare_unsynced(bench),
            "ask_many, no keeper": _many(bench, later, keeper=False),
            "ask_many, a keeper active": _many(bench, later, keeper=True),
        }
        stats = in_turns(contenders, rounds)
    bare = stats["bare file creation, unsynced"].p50
    rows = [
        (name, rate(TOGETHER / found.p50), f"±{found.spread:.0%}", ratio(bare / found.p50))
        for name, found in stats.items()
    ]
    share = bare / stats["ask_many, no keeper"].p50
    check = Check("ask_many of 64 over bare file creation, no keeper", share, 0.5, least=True)
    heads = ("64 at once", "per s", "spread", "of bare")
    note = "The keeper's drawing is not waited for; it runs on the other core while the next 64 are asked."
    return Table(f"{TOGETHER} in one step, {rounds} rounds in turns", heads, rows, note, [check], stats)


def _concurrent(bench: Bench, count: int) -> Table:
    """Count syncs with strace in one run, and take the rate in another without it."""
    rows, checks = [], []
    crowds = bench.pick((TOGETHER,), (1, 4, 16, TOGETHER), (1, 4, 16, TOGETHER))
    for verb, threads in itertools.product(("ask", "decide"), crowds):
        took = _crowd(bench, verb, threads, count)
        syncs = _syncs(bench, verb, threads, count) if shutil.which("strace") else None
        told = "strace missing" if syncs is None else f"{syncs / count:.2f}"
        rows.append((f"{verb}, {threads} threads", rate(count / took), told))
        if threads == TOGETHER and syncs is not None and bench.size != "tiny":
            checks.append(Check(f"syncs for each {verb} with {threads} threads", syncs / count, 0.5))
    heads = ("concurrent", "per s", "syncs for each")
    return Table(f"Sharing commits, {count} each, no keeper", heads, rows, checks=checks)


def _repeat(block: int, work: Callable[[], object]) -> Callable[[], float]:
    return lambda: timed(lambda: [work() for _ in range(block)])


def _asker(
    bench: Bench, later: Callable[[Callable[[], object]], None], *, keeper: bool
) -> Callable[[], hv.Request]:
    gate, numbers = _gate(bench, later, keeper=keeper), itertools.count()
    return lambda: gate.ask(**vaults.asking(next(numbers)))


def _gate(bench: Bench, later: Callable[[Callable[[], object]], None], *, keeper: bool) -> hv.Gate:
    """Open a gate; with `keeper`, another process keeps its vault."""
    config = vaults.found(bench.folder("asks"))
    gate = vaults.open_gate(config, keeper=False)
    gate.ask("first", {})  # from here on the ledger is open
    later(gate.ledger.close)
    if keeper:
        actor = Actor("keeper", config.root, config.state.parent)
        later(actor.close)
        actor.line()
    return gate


def _all_synced(bench: Bench, later: Callable[[Callable[[], object]], None]) -> Callable[[], None]:
    gate, numbers = _gate(bench, later, keeper=False), itertools.count()
    drawer = Drawer(Templates(gate.config.root / ".hitl" / "templates"))

    def ask() -> None:
        request = gate.ask(**vaults.asking(next(numbers)))
        data = drawer.draw(hv.Record(request=request, state=hv.State.PENDING, seq=1, changed=request.created))
        write_note(vaults.note(gate.config, request.id), data, sync=True)

    return ask


def _bare_synced(bench: Bench) -> Callable[[], None]:
    folder, numbers = bench.folder("bare"), itertools.count()
    record = os.open(folder / "record", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    place = os.open(folder, os.O_RDONLY)

    def ask() -> None:
        os.write(record, b"x" * 600)
        os.fdatasync(record)
        fd = os.open(folder / f"{next(numbers)}.md", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.write(fd, b"x" * 1700)
        os.fsync(fd)
        os.close(fd)
        os.fsync(place)

    return ask


def _bare_unsynced(bench: Bench) -> Callable[[], float]:
    folder, numbers = bench.folder("bare"), itertools.count()

    def create() -> None:
        for _ in range(TOGETHER):
            fd = os.open(folder / f"{next(numbers)}.md", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            os.write(fd, b"x" * 1700)
            os.close(fd)

    return lambda: timed(create)


def _many(
    bench: Bench, later: Callable[[Callable[[], object]], None], *, keeper: bool
) -> Callable[[], float]:
    gate = _gate(bench, later, keeper=keeper)
    return lambda: timed(lambda: gate.ask_many([vaults.asking(n) for n in range(TOGETHER)]))


def _crowd(bench: Bench, verb: str, threads: int, count: int) -> float:
    actor = _crowd_actor(bench, verb, threads, count)
    try:
        return float(actor.ask("go"))
    finally:
        actor.close()


def _syncs(bench: Bench, verb: str, threads: int, count: int) -> int:
    """Return how many fsync and fdatasync the work took."""
    trace = bench.folder("trace") / "calls"
    command = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-e", "signal=none", "-o", str(trace)]
    actor = _crowd_actor(bench, verb, threads, count, command)
    before = _calls(trace)
    actor.ask("go")
    after = _calls(trace)
    actor.close()
    return after - before


def _calls(trace: Path) -> int:
    return sum("sync(" in line for line in trace.read_text().splitlines())


def _crowd_actor(
    bench: Bench, verb: str, threads: int, count: int, command: tuple[str, ...] | list[str] = ()
) -> Actor:
    config = vaults.found(bench.folder("crowd"))
    actor = Actor("crowd", config.root, config.state.parent, verb, str(threads), str(count), command=command)
    actor.line()
    return actor


def crowd(root: str, state: str, verb: str, threads: str, count: str) -> None:
    """Be the process in which many threads ask or decide; answer the seconds that it took."""
    with hv.open_gate(root, agent="bench", state_dir=state, keeper=False) as gate:
        requests = vaults.ask_all(gate, int(count)) if verb == "decide" else []
        left = iter([request.id for request in requests] if requests else range(int(count)))
        print("ready", flush=True)
        sys.stdin.readline()
        print(timed(lambda: _all_threads(int(threads), lambda: _work_off(gate, verb, left))), flush=True)
        sys.stdin.readline()


def _work_off(gate: hv.Gate, verb: str, left: Iterator[object]) -> None:
    for item in left:
        if verb == "ask":
            gate.ask(**vaults.asking(int(str(item))))
        else:
            gate.decide(str(item), "approve", by="ana")


def _all_threads(number: int, work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
