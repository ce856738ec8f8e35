"""Several processes on one vault, killed at any moment: no answer is lost and no action run twice."""

from __future__ import annotations

import random
import time
from collections import Counter
from itertools import pairwise

import pytest

import hitl_vault as hv
from hitl_vault.presence import active_keeper
from tests.house import House, Script, eventually

JOBS = 60
FOLDERS = ("Pending_Approval", "Approved", "Rejected", "Done")
STATE_FOLDER = {"approved": "Approved", "rejected": "Rejected"} | dict.fromkeys(
    ("executed", "unknown"), "Done"
)

pytestmark = pytest.mark.founded(lease="1s")  # then an executor without a sign of life is presumed dead

WORKER = """
import os
from concurrent.futures import ThreadPoolExecutor

requests = gate.ask_many(
    {{"action": "refund", "context": {{"n": n}}, "key": f"job-{{n}}", "timeout": None}} for n in range({jobs})
)
ran = os.open({ran!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def run(request):
    if not gate.wait(request.id).approved:
        return
    try:
        grant = gate.claim(request.id, request.context, action=request.action)
    except hv.AlreadyClaimed:
        return
    os.write(ran, f"{{request.context['n']}}\\n".encode())
    time.sleep(0.01)
    grant.executed(os.getpid())

with ThreadPoolExecutor({jobs}) as pool:
    list(pool.map(run, requests))
print("done", flush=True)
time.sleep(600)
"""


class Crew:
    """Three agents that do the same jobs, each with a keeper standing by."""

    def __init__(self, house: House) -> None:
        self.ran = house.work / "ran"
        self._house = house
        self._body = WORKER.format(jobs=JOBS, ran=str(self.ran))
        self.members = [house.script(self._body) for _ in range(3)]

    def kill_one(self, random: random.Random) -> int:
        """Kill one of them, start another in its place, and return the pid of the dead."""
        index = random.randrange(3)
        dead = self.members[index]
        dead.kill()
        self.members[index] = self._house.script(self._body)
        return dead.process.pid


def answer(house: House, gate: hv.Gate, request: hv.Request, random: random.Random) -> str:
    """Answer a request in one of the ways that there are, and return what was said."""
    word = random.choice(["approved", "approved", "rejected"])
    note = house.path(request)
    text = note.read_text()
    verb, folder, box = (
        ("approve", "Approved", "Approve") if word == "approved" else ("reject", "Rejected", "Reject")
    )
    way = random.choice(["status", "tick", "move", "gate"])
    if way == "status":
        note.write_text(text.replace('status: "pending"', f"status: {word}") + "my words\n")
    elif way == "tick":
        note.write_text(text.replace(f"- [ ] {box}\n", f"- [x] {box}\n") + "my words\n")
    elif way == "move":
        note.rename(house.path(request, folder))
    else:
        gate.decide(request.id, verb, by="ana")
    return word


def where(house: House, id: str) -> list[str]:
    """Return the folders that hold a note of a request."""
    return [folder for folder in FOLDERS for _ in (house.root / folder).glob(f"*{id}*")]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_processes_that_are_killed_lose_nothing_and_repeat_nothing(house: House, seed: int) -> None:
    chance = random.Random(seed)
    crew, gate = Crew(house), house.gate(keeper=False)
    eventually(lambda: len(list((house.root / "Pending_Approval").glob("*.md"))) == JOBS, 30)
    requests = [record.request for record in gate.pending()]
    assert len(requests) == JOBS
    chance.shuffle(requests)
    said: dict[str, str] = {}
    for number, request in enumerate(requests):
        said[request.id] = answer(house, gate, request, chance)
        time.sleep(chance.random() * 0.1)
        if number % 6 == 5:
            dead = crew.kill_one(chance)
            eventually(lambda dead=dead: keeper_other_than(gate, dead), 5)
    over = {"executed", "unknown", "rejected"}
    eventually(lambda: all(gate.get(id).state in over for id in said), 30)
    check_ledger(gate, said)
    check_runs(gate, crew)
    for id in said:
        eventually(lambda id=id: where(house, id) == [STATE_FOLDER[gate.get(id).state]], 10)
    check_words(house, gate)


def keeper_other_than(gate: hv.Gate, dead: int) -> bool:
    """Tell whether somebody keeps the vault who is not dead."""
    keeper = active_keeper(gate.config.state)
    return bool(keeper) and not str(keeper).startswith(f"pid {dead} ")


def check_ledger(gate: hv.Gate, said: dict[str, str]) -> None:
    """Each request has the one decision that was given, and each was run once at most."""
    assert gate.ledger.verify() == gate.ledger.last_seq()
    for id, word in said.items():
        kinds = Counter(str(entry.kind) for entry in gate.history(id))
        ends = {"claimed": 1, gate.get(id).state: 1} if word == "approved" else {}
        assert kinds == {"asked": 1, "voted": 1, word: 1, **ends}


def check_runs(gate: hv.Gate, crew: Crew) -> None:
    """No job was run twice; one that counts as executed was run."""
    ran = Counter(int(line) for line in crew.ran.read_text().split())
    assert max(ran.values()) == 1
    executed = {row.id for row in gate.ledger.rows(states={hv.State.EXECUTED})}
    assert {gate.get(id).request.context["n"] for id in executed} <= set(ran)


def check_words(house: House, gate: hv.Gate) -> None:
    """What the person wrote is in the record and in the note, and nothing was put aside."""
    assert house.aside() == []
    for row in gate.ledger.rows():
        decision = gate.get(row.id).decision
        assert decision
        note = house.root / where(house, row.id)[0] / f"{row.id}.md"
        assert note.read_text().endswith(f"## Notes\n{decision.notes}")
        assert decision.notes == ("" if decision.votes[0].gesture in ("move", "api") else "my words\n")


@pytest.mark.slow
def test_leadership_passes_on_within_seconds_however_often_the_keeper_is_killed(house: House) -> None:
    crew = [house.script("print('open', flush=True); time.sleep(600)") for _ in range(4)]
    assert [member.line() for member in crew] == ["open"] * 4
    gate = house.gate(keeper=False)
    for _ in range(3):
        leader = eventually(lambda: leading(gate, crew), 5)
        request = gate.ask("refund", {"n": 1})
        house.note(request)
        leader.kill()
        crew.remove(leader)
        killed = time.monotonic()
        house.vote(request, "approved")
        assert gate.wait(request.id, timeout=10).approved
        assert time.monotonic() - killed < 5


def leading(gate: hv.Gate, crew: list[Script]) -> Script | None:
    """Return the process that keeps the vault."""
    keeper = active_keeper(gate.config.state)
    return next((one for one in crew if keeper and keeper.startswith(f"pid {one.process.pid} ")), None)


def test_a_ring_of_processes_that_wait_for_each_other_is_woken_at_once(house: House) -> None:
    """Each of three processes decides what another asks, without any of them polling."""
    gate = house.gate(keeper=False)
    asked = [gate.ask("refund", {"n": n}) for n in range(3)]
    body = """
    gate.wait({one!r}, timeout=20)
    gate.decide({other!r}, "approve", by="ana")
    print("passed on", flush=True)
    """
    crew = [house.script(body.format(one=one.id, other=other.id)) for one, other in pairwise(asked)]
    time.sleep(0.5)
    started = time.monotonic()
    gate.decide(asked[0].id, "approve", by="ana")
    assert gate.wait(asked[2].id, timeout=20).approved
    assert [member.line() for member in crew] == ["passed on"] * 2
    assert time.monotonic() - started < 10
