"""A keeper with nothing to do, by the number of requests that wait, and with many just resolved.

The keeper is a process of its own. Its share of a core is the processor time of all its threads over a
minute in which nothing happens in the vault.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import hitl_vault as hv
from benchmarks import generated, vaults
from benchmarks.actors import Actor
from benchmarks.harness import Bench
from benchmarks.report import Check, Plot, Table

LARGE = 10_000
"""The number of waiting requests that the limits are for."""


def run(bench: Bench) -> Iterator[Table | Plot]:
    """Measure vaults of growing size, each grown from the one before."""
    sizes = bench.pick((0, 20), (10, 1_000), (10, 1_000, LARGE, 100_000))
    resolved, large = bench.pick(50, 10_000, 100_000), min(LARGE, sizes[-1])
    config, found = vaults.found(bench.folder("growing")), dict[int, _Rest]()
    for before, pending in zip((0, *sizes), sizes, strict=False):
        _grow(config, pending=pending - before)
        found[pending] = _rest(bench, config)
    beside = vaults.found(bench.folder("resolved"))
    _grow(beside, pending=large, resolved=resolved)
    crowded = _rest(bench, beside)
    yield _table(found, found[large], f"{large:,}, {resolved:,} just resolved", crowded)
    shares = {"keeper": [(max(1.0, pending), max(1e-3, rest.share * 100)) for pending, rest in found.items()]}
    yield Plot("rest", "A keeper at rest", "pending", "percent of a core", shares)


class _Rest:
    """What a resting keeper costs: memory in MB, and the share of a core."""

    def __init__(self, memory: float, share: float) -> None:
        self.memory, self.share = memory, share

    def row(self, name: str) -> tuple[str, ...]:
        """Return what the table shows."""
        return (name, f"{self.memory:.0f}", f"{self.share:.2%}")


def _grow(config: hv.Config, *, pending: int, resolved: int = 0) -> None:
    with vaults.open_gate(config, keeper=False) as gate:
        generated.add_pending(gate, pending)
        generated.add_resolved(gate, resolved)


def _rest(bench: Bench, config: hv.Config) -> _Rest:
    keeper, seconds = Actor("keeper", config.root, config.state.parent), bench.pick(0.3, 10, 60)
    try:
        keeper.line()
        time.sleep(bench.pick(0.1, 3, 3))
        before = keeper.cpu()
        time.sleep(seconds)
        return _Rest(keeper.memory() / 1e6, (keeper.cpu() - before) / seconds)
    finally:
        keeper.close()


def _table(found: dict[int, _Rest], large: _Rest, name: str, crowded: _Rest) -> Table:
    rows = [*(rest.row(f"{pending:,}") for pending, rest in found.items()), crowded.row(name)]
    checks = [
        Check("keeper's memory in MB", crowded.memory, 150),
        Check("idle keeper's share of a core in %", large.share * 100, 1.0),
    ]
    note = (
        "Once a minute it reads every waiting note, should the system have failed to report a change. "
        "A few at a time it holds resolved notes that changed lately against the record: see the last row."
    )
    return Table("A keeper at rest", ("pending", "MB resident", "of a core"), rows, note, checks)
