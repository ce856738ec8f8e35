"""Bursts: thousands of notes edited faster than any reader keeps up.

Each note is edited in place by another process, once or (where one edit each would not fill the
event queue) twice, as an editor that saves while one types. "Queue overflowed" stops the keeper with SIGSTOP
meanwhile, so that the kernel throws events away; the keeper has to notice and read everything.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import hitl_vault as hv
from benchmarks import vaults
from benchmarks.actors import Actor
from benchmarks.harness import Bench, rate, until
from benchmarks.report import Check, Table

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


def run(bench: Bench) -> Iterator[Table]:
    """Burst by burst, with the default settle."""
    for count in bench.pick((50,), (2_000,), (10_000, 30_000)):
        yield _table(count, [_burst(bench, count, stall) for stall in (False, True)])


def _table(count: int, bursts: list[_Burst]) -> Table:
    rows = [burst.row() for burst in bursts]
    checks = []
    for burst in bursts:
        checks.append(Check(f"lost of {count:,} edits, {burst.name}", burst.lost, 0))
        checks.append(Check(f"decisions/s, {burst.name}, burst of {count:,}", burst.rate, 2000, least=True))
        if burst.overflow:
            checks.append(Check("overflows that the keeper told of", burst.noticed, 1, least=True))
    heads = (
        "",
        "edits/s",
        "decided in s",
        "decisions/s",
        "notes in place after s",
        "lost",
        "twice",
        "CPU ms each",
        "keeper MB",
    )
    note = (
        "From the first edit (with an overflow: from when the keeper goes on) to the last durable decision; "
        "both include the settle of 0.5 s."
    )
    return Table(f"A burst of {count:,} edits", heads, rows, note, checks)


class _Burst:
    """One burst and what became of it."""

    def __init__(self, count: int, *, stall: bool) -> None:
        self.count, self.stall = count, stall
        self.editing = self.deciding = self.drawing = self.cpu = 0.0
        self.decided = self.entries = self.memory = 0
        self.overflow = self.noticed = False

    @property
    def name(self) -> str:
        return "queue overflowed" if self.overflow else "keeper stopped" if self.stall else "keeper running"

    @property
    def lost(self) -> int:
        return self.count - self.decided

    @property
    def rate(self) -> float:
        return self.decided / self.deciding

    def row(self) -> tuple[str, ...]:
        """Return what the table shows."""
        return (
            self.name,
            rate(self.count / self.editing),
            f"{self.deciding:.2f}",
            rate(self.rate),
            f"{self.drawing:.2f}",
            str(self.lost),
            str(self.entries - self.decided),
            f"{self.cpu / self.count * 1000:.2f}",
            f"{self.memory / 1e6:.0f}",
        )


def _burst(bench: Bench, count: int, stall: bool) -> _Burst:
    config = vaults.found(bench.folder("burst"))
    with vaults.open_gate(config, keeper=False) as gate:
        paths = [vaults.note(config, request.id) for request in vaults.ask_all(gate, count)]
        gate.draw()
        keeper, person = Actor("keeper", config.root, config.state.parent), Actor("person")
        try:
            keeper.line()
            return _measured(gate, keeper, person, paths, _Burst(count, stall=stall))
        finally:
            keeper.process.send_signal(signal.SIGCONT)
            keeper.close()
            person.close()


def _measured(gate: hv.Gate, keeper: Actor, person: Actor, paths: list[Path], burst: _Burst) -> _Burst:
    edited = [vaults.answered(path.read_bytes()) for path in paths]
    first = gate.ledger.last_seq()
    limit = int(QUEUE.read_text())
    times = limit // burst.count + 1 if burst.stall and burst.count >= 1000 else 1
    burst.overflow = burst.stall and times * burst.count > limit
    if burst.stall:
        keeper.process.send_signal(signal.SIGSTOP)
    cpu = keeper.cpu()
    begin = time.monotonic()
    for _ in range(times):
        for path, data in zip(paths, edited, strict=True):
            _save(path, data)
    burst.editing = (time.monotonic() - begin) / times
    if burst.stall:
        begin = time.monotonic()
        keeper.process.send_signal(signal.SIGCONT)
    burst.decided = _decided(gate, burst.count)
    burst.deciding = _last_decision(gate, begin)
    until(lambda: not any(vaults.notes(gate.config)), 300, 0.02)
    burst.drawing = time.monotonic() - begin
    burst.memory, burst.cpu = keeper.memory(), keeper.cpu() - cpu
    burst.noticed = "missed" in keeper.ask("what was told?")
    burst.entries = sum(e.kind is hv.Kind.APPROVED for e in gate.ledger.entries(after=first))
    return burst


def _save(path: Path, data: bytes) -> None:
    """Save in place; a note that was decided and moved away meanwhile stays away."""
    try:
        vaults.save(path, data)
    except FileNotFoundError:
        return


def _decided(gate: hv.Gate, count: int) -> int:
    """Return how many are decided once all are, or once none was for 20 s."""
    done, since = 0, time.monotonic()
    while done < count and time.monotonic() < since + 20:
        now = gate.ledger.counts()[hv.State.APPROVED]
        if now != done:
            done, since = now, time.monotonic()
        time.sleep(0.1)  # counting takes time from the keeper; the ledger knows when it was
    return done


def _last_decision(gate: hv.Gate, begin: float) -> float:
    """Return the seconds from `begin` (monotonic) to the last entry, by the ledger's own time."""
    offset = time.time() - time.monotonic()
    (last,) = gate.ledger.entries(after=gate.ledger.last_seq() - 1)
    return last.at.timestamp() - offset - begin
