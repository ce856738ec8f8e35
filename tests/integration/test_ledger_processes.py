"""Several processes on one ledger: nothing lost, nothing twice, everybody woken, whoever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hitl_vault.domain.lifecycle import State
from hitl_vault.ledger.sqlite import SqliteLedger
from tests.ledger_jobs import asking

ROOT = Path(__file__).resolve().parents[2]

START = """
import sys, time
from pathlib import Path
from tests.ledger_jobs import appending, approving, asking
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.errors import InvalidTransition
from hitl_vault.ledger.sqlite import SqliteLedger

ledger = SqliteLedger(Path(sys.argv[1]), vault_id="v1")
def say(*words):
    print(*words, flush=True)
def wait_for_go():
    say("ready")
    sys.stdin.readline()
"""

Spawn = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def path(work: Path) -> Path:
    return work / "state" / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(path, vault_id="v1")) as ledger:
        yield ledger


@pytest.fixture
def spawn(path: Path) -> Iterator[Spawn]:
    """Start processes that run code on the ledger; whatever still runs afterwards is killed."""
    children: list[subprocess.Popen[str]] = []
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def spawned(code: str, *arguments: object) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", START + code, str(path), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        children.append(child)
        return child

    yield spawned
    for child in children:
        if child.poll() is None:
            child.kill()
        child.communicate()


def go(children: list[subprocess.Popen[str]]) -> None:
    """Wait until all are ready, then start them together."""
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()


def said(child: subprocess.Popen[str]) -> list[str]:
    """Return what a process said until it ended well."""
    out, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    return out.split()


DECIDE = """
kind = Kind(sys.argv[2])
ids = [row.id for row in ledger.rows(newest_first=False)]
wait_for_go()
for id in ids:
    try:
        ledger.write(appending(kind, id, by=[sys.argv[3]]))
    except InvalidTransition:
        continue
    say(id)
ledger.close()
"""


def test_first_writer_wins_among_processes(ledger: SqliteLedger, spawn: Spawn) -> None:
    ids = ledger.write_all([asking() for _ in range(60)])
    children = [spawn(DECIDE, ("approved", "rejected")[n % 2], f"process {n}") for n in range(4)]
    go(children)
    winners = {(id, f"process {n}") for n, child in enumerate(children) for id in said(child)}
    decisions = [ledger.record(str(id)).decision for id in ids]
    assert winners == {(d.request, *d.by) for d in decisions if d}
    assert len(winners) == 60
    assert ledger.verify() == 120


def test_a_ledger_is_made_once_when_many_come_first(path: Path, spawn: Spawn) -> None:
    code = """
ledger.close()
wait_for_go()
for n in range(10):
    ledger = SqliteLedger(Path(sys.argv[1] + str(n)), vault_id="v1")
    ledger.write(asking())
    ledger.close()
"""
    children = [spawn(code) for _ in range(6)]
    go(children)
    assert [said(child) for child in children] == [[]] * 6
    for n in range(10):
        with closing(SqliteLedger(Path(f"{path}{n}"), vault_id="v1")) as ledger:
            assert ledger.verify() == 6


CHATTER = """
heard = []
ledger.subscribe(lambda entries: heard.extend(entry.seq for entry in entries))
start = ledger.last_seq()
wait_for_go()
for n in range(60):
    ledger.write_all([asking()] * (1 + n % 3))
deadline = time.monotonic() + 50
while len(heard) < 360 and time.monotonic() < deadline:
    time.sleep(0.01)
time.sleep(0.1)
ledger.close()
say(*heard)
"""


def test_each_of_three_processes_hears_each_entry_of_all_three_once_and_in_order(
    ledger: SqliteLedger, spawn: Spawn
) -> None:
    ledger.write(asking())
    children = [spawn(CHATTER) for _ in range(3)]
    go(children)
    expected = [str(seq) for seq in range(2, 362)]
    assert [said(child) for child in children] == [expected] * 3
    assert ledger.verify() == 361


def test_a_waiting_process_is_woken_within_milliseconds(ledger: SqliteLedger, spawn: Spawn) -> None:
    code = """
heard = []
ledger.subscribe(lambda entries: heard.extend((entry.seq, time.monotonic()) for entry in entries))
wait_for_go()
while len(heard) < 40:
    time.sleep(0.02)
for seq, at in heard:
    say(seq, at)
ledger.close()
"""
    child = spawn(code)
    go([child])
    written = {}
    for _ in range(40):
        ledger.write(asking())
        written[ledger.last_seq()] = time.monotonic()
        time.sleep(0.005)
    words = said(child)
    delays = [float(at) - written[int(seq)] for seq, at in zip(words[::2], words[1::2], strict=True)]
    assert len(delays) == 40
    assert sorted(delays)[20] < 0.02, "far below any interval at which one would look"


WRITE = """
wait_for_go()
while True:
    results = ledger.write_all([asking()] * 2)
    say(*results)
"""


@pytest.mark.parametrize("after", [0.05, 0.11, 0.17, 0.23])
def test_a_process_killed_while_it_writes_loses_nothing_that_it_was_told_is_kept(
    ledger: SqliteLedger, spawn: Spawn, after: float
) -> None:
    children = [spawn(WRITE) for _ in range(2)]
    go(children)
    time.sleep(after)
    for child in children:
        child.send_signal(signal.SIGKILL)
    told = [id for child in children for id in whole_lines(child.communicate(timeout=60)[0])]
    kept = Counter(row.id for row in ledger.rows())
    assert told
    assert set(told) <= set(kept)
    assert set(kept.values()) == {1}
    ledger.write(asking())
    assert ledger.verify() == len(kept) + 1, "others go on at once"


def whole_lines(out: str) -> list[str]:
    """Return the words but for those of a line that was cut off."""
    return out[: out.rfind("\n") + 1].split()


def test_a_process_killed_while_it_listens_is_cleared_away(
    ledger: SqliteLedger, spawn: Spawn, path: Path
) -> None:
    child = spawn("ledger.subscribe(print); wait_for_go(); time.sleep(60)")
    go([child])
    assert len(list((path.parent / "bells").iterdir())) == 1
    child.kill()
    child.wait(60)
    ledger.write(asking())
    assert list((path.parent / "bells").iterdir()) == []


def test_a_process_that_stops_while_it_writes_is_not_waited_for_for_ever(
    ledger: SqliteLedger, spawn: Spawn
) -> None:
    """A job that hangs, or a suspended process: the others are told instead of hanging with it."""
    child = spawn("wait_for_go(); ledger.write(lambda writer: (say('inside'), time.sleep(60)))")
    go([child])
    assert child.stdout is not None
    assert child.stdout.readline() == "inside\n"
    ledger._turn._timeout = 0.3
    with pytest.raises(OSError, match="another process has been writing"):
        ledger.write(asking())
    assert ledger.rows() == [], "reading goes on"
    child.kill()
    child.wait(60)
    ledger._turn._timeout = 20
    ledger.write(asking())
    assert ledger.counts()[State.PENDING] == 1


def test_no_writer_is_kept_out_by_busy_ones(ledger: SqliteLedger, spawn: Spawn) -> None:
    children = [spawn(WRITE) for _ in range(3)]
    go(children)
    waits = []
    for _ in range(60):
        start = time.monotonic()
        ledger.write(asking())
        waits.append(time.monotonic() - start)
    assert max(waits) < 1.5, "by SQLite's own waiting this takes seconds"
    for child in children:
        child.kill()
