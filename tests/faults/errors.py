"""Errors of the disk in place of system calls: told clearly, nothing half done, and on it goes."""

from __future__ import annotations

from tests.faults.crash import Prepared, strike
from tests.faults.kills import Sweep
from tests.faults.tracing import Zygote, counts, failing, watching

CALLS = (
    *("write", "pwrite64", "fsync", "fdatasync", "rename", "renameat2", "unlink", "ftruncate", "mkdir"),
    "mknodat",
)


def sweep(
    zygote: Zygote, prepared: Prepared, error: str, *, every: int = 1, bug: str = "", enough: int = 5
) -> Sweep:
    """Fail a scenario's system calls, one at a time, at every nth point."""
    found = Sweep(prepared.scenario.name)
    unhurt = strike(zygote, prepared, watching(*CALLS), bug=bug, trace=True)
    found.wrong += [f"unhurt: {line}" for line in unhurt.wrong]
    for call, number in sorted(counts(unhurt.run.trace).items()):
        for point in range(1, number + 1, every):
            if len(found.wrong) >= enough:
                return found
            blow = strike(zygote, prepared, failing(call, str(point), error), bug=bug)
            found.wrong += [f"{error} at {call} {point}: {line}" for line in blow.wrong]
            found.points[call] = found.points.get(call, 0) + 1
    return found
