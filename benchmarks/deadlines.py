"""An idle keeper, with thousands of requests that have reminders, escalations and deadlines ahead.

The requests wait for what lies hours away; the keeper is measured while nothing happens, and then while
reminders fall due at a steady rate.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import hitl_vault as hv
from benchmarks import vaults
from benchmarks.actors import Actor
from benchmarks.harness import Bench
from benchmarks.report import Check, Table
from hitl_vault import acts
from hitl_vault.domain.requirement import Escalation

LIMIT = 1.0
"""Percent of one core."""


def run(bench: Bench) -> Iterator[Table]:
    """Measure an idle keeper, with and without a deadline that comes near."""
    count = bench.pick(100, 2_000, 10_000)
    seconds = bench.pick(2.0, 10.0, 30.0)
    rows = [_measured(bench, count, seconds, due) for due in (0, bench.pick(2, 10, 30))]
    shares = [row[2] for row in rows]
    yield Table(
        title="Keeper with requests that wait",
        columns=("pending", "reminders that fell due", "of a core", "MB resident"),
        rows=[(f"{n:,}", str(due), f"{share:.2f}%", f"{memory / 1e6:.0f}") for n, due, share, memory in rows],
        note="Each request has two reminders, two escalations and a deadline.",
        checks=[Check("processor time of the idle keeper in percent", shares[0], LIMIT)],
        data={"seconds": seconds},
    )


def _measured(bench: Bench, count: int, seconds: float, due: int) -> tuple[int, int, float, int]:
    config = vaults.found(bench.folder())
    with vaults.open_gate(config, keeper=False) as gate:
        _ask(gate, count - due, timedelta(days=1))
        soon = _ask(gate, due, timedelta(days=1), within=seconds)
    keeper = Actor("keeper", config.root, config.state.parent)
    try:
        keeper.line()
        time.sleep(3)  # until what was drawn is synced as well
        begin = keeper.cpu()
        time.sleep(seconds)
        share = 100 * (keeper.cpu() - begin) / seconds
        with vaults.open_gate(config, keeper=False) as gate:
            reminded = sum(bool(gate.get(id).reminded) for id in soon)
        return count, reminded, share, keeper.memory()
    finally:
        keeper.close()


def _ask(gate: hv.Gate, count: int, timeout: timedelta, within: float = 0.0) -> list[str]:
    """Ask `count` things; with `within`, their first reminders fall due over so many seconds, soon."""
    lag = 12.0  # while the keeper draws what there is
    ids = []
    for start in range(0, count, 256):
        jobs = []
        for n in range(start, min(start + 256, count)):
            first = timeout - timedelta(seconds=lag + within * n / count) if within else timeout / 2
            needs = hv.Requirement(
                approvers=("ana",),
                remind=(first, timeout / 4),
                escalations=(
                    Escalation(after=timeout / 3, to=("ben",)),
                    Escalation(after=timeout * 2 / 3, to=("boss",), replace=True),
                ),
            )
            asking = acts.Asking(
                action="refund", context=vaults.context(n), agent="bench", timeout=timeout, requirement=needs
            )
            jobs.append(lambda writer, asking=asking: acts.ask(writer, asking).id)
        ids += gate.ledger.write_all(jobs)
    return [id for id in ids if isinstance(id, str)]
