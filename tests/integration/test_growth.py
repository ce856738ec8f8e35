"""A keeper that runs for weeks holds on to what is open, not to what is over."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hitl_vault as hv
from hitl_vault.keeper import traces
from hitl_vault.keeper.loop import Loop
from tests.house import House, eventually

ROUND = 80
BOUND = 40
DESCRIPTORS = Path("/proc/self/fd")


def sizes(*roots: object) -> Counter[str]:
    """Return the length of every container that is reachable from objects of ours, by where it hangs."""
    found: Counter[str] = Counter()
    seen: set[int] = set()
    waiting = deque((type(root).__name__, root) for root in roots)
    while waiting:
        path, thing = waiting.popleft()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, dict | list | set | deque | OrderedDict):
            found[path] += len(thing)
        waiting.extend(_below(path, thing))
    return found


def _below(path: str, thing: object) -> Iterator[tuple[str, Any]]:
    """Yield what our own objects refer to, and what containers of them hold."""
    if isinstance(thing, dict):
        yield from ((f"{path}[]", value) for value in list(thing.values()))
    elif isinstance(thing, list | set | deque | tuple):
        yield from ((f"{path}[]", value) for value in list(thing))
    elif type(thing).__module__.startswith("hitl_vault"):
        slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
        values = {name: getattr(thing, name, None) for name in slots} | getattr(thing, "__dict__", {})
        yield from ((f"{path}.{name}", value) for name, value in values.items())


def the_loop(gate: hv.Gate) -> Loop:
    """Return the loop of a gate's keeper."""
    loops = [thing for thing in gc.get_objects() if type(thing) is Loop]
    (loop,) = [loop for loop in loops if loop._ledger is gate.ledger]
    return loop


def a_round(house: House, gate: hv.Gate) -> None:
    """Let many requests live their whole lives, in every way there is."""
    asked = gate.ask_many({"action": "refund", "context": {"n": n}, "timeout": "30d"} for n in range(ROUND))
    for request in asked:
        house.note(request)
    for request in asked[0::4]:
        house.vote(request, "approved")
    for request in asked[1::4]:
        house.path(request).rename(house.path(request, "Rejected"))
    for request in asked[2::4]:
        gate.decide(request.id, "approve", by="ana")
    for request in asked[3::4]:
        gate.cancel(request.id)
    for request in asked:
        if gate.wait(request.id, timeout=20).approved:
            gate.claim(request.id, request.context, action=request.action).executed()
    after_the_run(house, asked[0::8])


def keep_waiting(house: House, gate: hv.Gate) -> None:
    """Ask something that outlives all else, and falls due before it; the note lies in a folder of its own."""
    request = gate.ask("other", {}, timeout="1d")
    folder = house.root / "Pending_Approval" / "slow"
    folder.mkdir()
    house.note(request).rename(folder / f"{request.id}.md")


def after_the_run(house: House, over: list[hv.Request]) -> None:
    """A person writes into the archive, and an editor saves notes that are gone."""
    pending = house.root / "Pending_Approval"
    eventually(lambda: not list(pending.glob("*.md")), 20)
    for request in over:
        done = house.note(request, "Done")
        done.write_text(done.read_text() + "checked\n")
        (pending / done.name).write_text("a ghost")
    eventually(lambda: not list(pending.glob("*.md")), 20)


@pytest.mark.slow
def test_nothing_grows_with_what_is_over(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "_REMEMBERED", BOUND)
    gate = house.gate()
    keep_waiting(house, gate)
    for _ in range(2):
        a_round(house, gate)
    before, files = quiet(gate), descriptors()
    for _ in range(3):
        a_round(house, gate)
    grown = growth(before, quiet(gate))
    assert grown == {}
    assert descriptors() <= files + 2
    assert threading.active_count() < 20


def quiet(gate: hv.Gate) -> Counter[str]:
    """Return the sizes once they do not change any more."""
    loop, before = the_loop(gate), None
    for _ in range(60):
        try:
            now = sizes(loop, gate)
        except RuntimeError:  # the keeper is at work in what is being counted
            now = None
        if now and now == before:
            return now
        before = now
        time.sleep(0.5)
    raise AssertionError("the keeper never came to rest")


def growth(before: Counter[str], after: Counter[str]) -> dict[str, int]:
    """Return what has grown; a heap may hold some entries more before it is swept."""
    room = {path: 80 if path.endswith("._heap") else 8 for path in after}
    return {path: size - before[path] for path, size in after.items() if size > before[path] + room[path]}


def descriptors() -> int:
    """Return how many files this process has open."""
    return len(os.listdir(DESCRIPTORS)) if DESCRIPTORS.exists() else 0


@pytest.mark.slow
def test_what_is_held_for_pending_requests_is_let_go_with_them(house: House) -> None:
    gate = house.gate()
    a_round(house, gate)
    empty = quiet(gate)
    asked = gate.ask_many({"action": "refund", "context": {"n": n}} for n in range(500))
    for request in asked:
        house.note(request)
    assert sum(quiet(gate).values()) > sum(empty.values()) + 500
    for request in asked:
        gate.decide(request.id, "reject", by="ana")
    eventually(lambda: len(list((house.root / "Rejected").glob("*.md"))) >= 500, 60)
    after = quiet(gate)
    grown = growth(empty, after)
    assert set(grown) <= {"Loop._projector._traces._recent"}  # bounded: see above
