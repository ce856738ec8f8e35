"""Tells what is wrong with a history: what no order of events within one request could explain.

Pure functions over what was written down; they know nothing of the product but this table.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.faults.history import Operation, read

LATER = {
    "pending": {"approved", "rejected", "executing", "executed", "failed", "unknown", "expired", "cancelled"},
    "approved": {"executing", "executed", "failed", "unknown", "expired", "cancelled"},
    "executing": {"executed", "failed", "unknown"},
    "unknown": {"executed", "failed"},
}
"""Which states can follow which."""

CAUSES = {
    "approved": [{"approve"}],
    "rejected": [{"reject"}],
    "cancelled": [{"cancel"}],
    "executing": [{"approve"}, {"claim"}],
    "unknown": [{"approve"}, {"claim"}],
    "executed": [{"approve"}, {"claim"}, {"executed"}],
    "failed": [{"approve"}, {"claim"}, {"failed"}],
}
"""What must have begun before anybody can be told of a state."""

RUNNING = {"approved", "executing", "executed", "failed", "unknown"}

Rule = Callable[[Sequence[Operation]], Iterator[str]]


def wrong(history: Sequence[Operation]) -> list[str]:
    """Return every sentence about what cannot be, none for a history in which everything held."""
    by_request: dict[str, list[Operation]] = defaultdict(list)
    for op in history:
        if op.request:
            by_request[op.request].append(op)
    found = [
        f"{request}: {rule.__name__}: {line}"
        for request, operations in by_request.items()
        for rule in RULES
        for line in rule(operations)
    ]
    return found + list(one_request_for_a_key(history))


def single_decision(history: Sequence[Operation]) -> Iterator[str]:
    """No two answers tell of states of which neither can follow the other, or of two approvals."""
    told = {op.state: op for op in history if op.state}
    for one, first in told.items():
        for other, second in told.items():
            if one < other and other not in LATER.get(one, ()) and one not in LATER.get(other, ()):
                yield f"{first}, yet {second}"
    approvals = {op.decision: op for op in history if op.decision and op.state in RUNNING}
    if len(approvals) > 1:
        yield f"approved more than once: {', '.join(map(str, approvals.values()))}"


def single_grant(history: Sequence[Operation]) -> Iterator[str]:
    """One claim at most is granted, and one run at most begins."""
    for verb in ("claim", "run"):
        given = [op for op in history if op.verb == verb and not op.error and (op.end or verb == "run")]
        if len(given) > 1:
            yield f"more than one {verb}: {', '.join(map(str, given))}"


def no_stale_read(history: Sequence[Operation]) -> Iterator[str]:
    """Once an answer has told of a state, nothing that begins afterwards is told an earlier one."""
    known = [op for op in history if op.end and op.state]
    for late in history:
        if not late.end or late.at_least or not (late.state or late.error == "RequestNotFound"):
            continue
        for early in known:
            if early.end is not None and early.end < late.begin and not _follows(late.state, early.state):
                yield f"{late} after {early}"
                break


def _follows(state: str, earlier: str) -> bool:
    return state == earlier or state in LATER.get(earlier, ())


def caused(history: Sequence[Operation]) -> Iterator[str]:
    """Nobody is told of a decision, a claim or an outcome before somebody began to bring it about."""
    for op in history:
        for cause in CAUSES.get(op.state, []):
            if not any(o.verb in cause and o.begin <= (op.end or o.begin) for o in history):
                yield f"{op} without any {' or '.join(cause)} before"


def no_run_without_approval(history: Sequence[Operation]) -> Iterator[str]:
    """What runs was granted to the process that runs it, before it ran; a refused claim refers to another."""
    for op in history:
        if op.verb == "run" and not any(_grants(claim, op) for claim in history):
            yield f"{op} without a grant"
        if op.error == "AlreadyClaimed" and not any(_could_have_taken(other, op) for other in history):
            yield f"{op}, which nobody else could have claimed"


def _grants(claim: Operation, run: Operation) -> bool:
    granted = claim.verb == "claim" and not claim.error and claim.end is not None
    return granted and claim.process == run.process and (claim.end or 0) <= run.begin


def _could_have_taken(other: Operation, refused: Operation) -> bool:
    claims = other.verb == "claim" and other is not refused and not other.error
    return claims and other.begin <= (refused.end or 0)


def nothing_lost(history: Sequence[Operation]) -> Iterator[str]:
    """A request whose asking was acknowledged is read again at the very end, with everything told of it."""
    asked = [op for op in history if op.verb == "ask" and op.end and not op.error]
    last = [op for op in history if op.verb == "last read" and op.end]
    if not asked:
        return
    if not last or last[-1].error:
        yield f"{asked[0]} was acknowledged, and is not there in the end"
    elif last[-1].key != asked[0].key:
        yield f"{asked[0]} was asked as {asked[0].key!r}, and is {last[-1].key!r} in the end"


def one_request_for_a_key(history: Sequence[Operation]) -> Iterator[str]:
    """What is asked under one key is one request, whoever asks and however often."""
    ids: dict[str, set[str]] = defaultdict(set)
    for op in history:
        if op.key and op.request:
            ids[op.key].add(op.request)
    yield from (
        f"{key}: one_request_for_a_key: {sorted(found)}" for key, found in ids.items() if len(found) > 1
    )


RULES: tuple[Rule, ...] = (
    *(single_decision, single_grant, no_stale_read),
    *(caused, no_run_without_approval, nothing_lost),
)


if __name__ == "__main__":
    print(*wrong(read(Path(sys.argv[1]))), sep="\n")
