"""Thousands of changes at once: every answer arrives, each exactly once, and nothing else counts as one."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.house import House, Script, eventually

MANY = 600
"""Enough for several batches of everything that is batched. The benchmarks do this with 30,000."""

THEIRS = """\
---
type: approval_request
action: send_email
status: pending
number: {number}
---

Hello {number}
"""
QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


@pytest.fixture
def keeper(house: House) -> Script:
    """A keeper in a process of its own, so that it can be stopped; it prints what it has to tell."""
    process = house.script(
        """
        import logging
        logging.basicConfig(stream=sys.stdout, format="%(message)s")
        print("open", flush=True)
        time.sleep(600)
        """
    )
    assert process.line() == "open"
    return process


@pytest.fixture
def gate(house: House, keeper: Script) -> hv.Gate:
    """A gate without a keeper."""
    return house.gate(keeper=False)


@contextmanager
def stalled(keeper: Script) -> Iterator[None]:
    """Let the keeper hear of nothing meanwhile, and of everything at once afterwards."""
    os.kill(keeper.process.pid, signal.SIGSTOP)
    yield
    os.kill(keeper.process.pid, signal.SIGCONT)


def ask_many(house: House, gate: hv.Gate, count: int) -> list[Path]:
    """Ask much, and return the notes once all of them are drawn."""
    requests = gate.ask_many({"action": "refund", "context": {"n": n}} for n in range(count))
    eventually(lambda: len(notes(house)) == count, 60)
    return [house.path(request) for request in requests]


def notes(house: House, folder: str = "Pending_Approval") -> list[str]:
    """Return the names of the notes in a folder."""
    return [name for name in os.listdir(house.root / folder) if name.endswith(".md") and name[0] != "."]


def decided(house: House, gate: hv.Gate, **states: int) -> None:
    """Wait until so many requests are in these states, and check that none of them got there twice."""
    total = sum(states.values())
    eventually(lambda: all(gate.ledger.counts().get(hv.State(s), 0) == n for s, n in states.items()), 90)
    kinds = Counter(entry.kind for entry in gate.ledger.entries())
    assert kinds == {**states, "asked": total, "voted": total}
    assert gate.ledger.verify() == 3 * total
    eventually(lambda: not notes(house), 60)
    folders = {"approved": "Approved", "rejected": "Rejected"}
    assert {state: len(notes(house, folders[state])) for state in states} == states
    assert house.aside() == []


def approve(note: Path) -> None:
    note.write_text(note.read_text().replace('"pending"', "approved"))


def approve_by_rename(note: Path) -> None:
    new = note.with_name(f".{note.name}.tmp")
    new.write_text(note.read_text().replace('"pending"', "approved"))
    new.rename(note)


@pytest.mark.slow
def test_every_answer_of_a_burst_arrives_once(house: House, gate: hv.Gate) -> None:
    for note in ask_many(house, gate, MANY):
        approve(note)
    decided(house, gate, approved=MANY)


@pytest.mark.slow
def test_every_answer_of_a_burst_of_moves_arrives_once(house: House, gate: hv.Gate) -> None:
    asked = ask_many(house, gate, MANY)
    for number, note in enumerate(asked):
        folder = "Rejected" if number % 3 else "Approved"
        note.rename(house.root / folder / note.name)
    rejected = sum(1 for number in range(MANY) if number % 3)
    decided(house, gate, approved=MANY - rejected, rejected=rejected)


@pytest.mark.slow
@pytest.mark.skipif(not QUEUE.exists(), reason="only inotify has a queue whose size is known")
def test_every_answer_of_a_burst_that_overflows_the_event_queue_arrives_once(
    house: House, gate: hv.Gate, keeper: Script
) -> None:
    asked = ask_many(house, gate, MANY)
    saves_each = int(QUEUE.read_text()) // (3 * MANY) + 1  # a save by renaming makes at least three events
    with stalled(keeper):
        for _ in range(saves_each):
            for note in asked[:-1]:
                approve_by_rename(note)
        approve_by_rename(asked[-1])  # of this one the keeper hears nothing
    decided(house, gate, approved=MANY)
    keeper.kill()
    assert keeper.process.stdout
    assert "more changes came at once than the system can report" in keeper.process.stdout.read()


@pytest.mark.slow
def test_a_burst_of_deletions_decides_nothing_and_every_note_is_drawn_again(
    house: House, gate: hv.Gate
) -> None:
    asked = ask_many(house, gate, MANY)
    before = {note: note.read_bytes() for note in asked}
    for note in asked:
        note.unlink()
    eventually(lambda: len(notes(house)) == MANY, 60)
    assert {note: note.read_bytes() for note in asked} == before
    assert gate.ledger.last_seq() == MANY


@pytest.mark.slow
def test_deletions_answers_and_moves_in_one_burst_do_not_disturb_each_other(
    house: House, gate: hv.Gate, keeper: Script
) -> None:
    asked = ask_many(house, gate, MANY)
    with stalled(keeper):
        for note in asked[0::4]:
            note.unlink()
        for note in asked[1::4]:
            approve(note)
        for note in asked[2::4]:
            note.rename(house.root / "Rejected" / note.name)
        for note in asked[3::4]:
            approve_by_rename(note)
            note.rename(house.root / "Approved" / note.name)
    eventually(lambda: gate.ledger.counts().get(hv.State.PENDING, 0) == MANY // 4, 60)
    eventually(lambda: sorted(notes(house)) == sorted(note.name for note in asked[0::4]), 60)
    found = {str(state): count for state, count in gate.ledger.counts().items() if count}
    assert found == {"pending": MANY // 4, "approved": MANY // 2, "rejected": MANY // 4}
    assert house.aside() == []


@pytest.mark.slow
def test_answers_saved_while_their_notes_are_being_drawn_again_all_count(house: House, gate: hv.Gate) -> None:
    asked = ask_many(house, gate, 200)
    texts = [note.read_text() for note in asked]
    for note, text in zip(asked, texts, strict=True):
        note.write_text(text.replace('"pending"', "aproved"))
    eventually(lambda: any("Not understood" in note.read_text() for note in asked))
    for note, text in zip(asked, texts, strict=True):
        note.write_text(text.replace('"pending"', "approved") + "my own words\n")
    eventually(lambda: gate.ledger.counts()[hv.State.APPROVED] == 200)
    for request in gate.ledger.rows():
        decision = gate.get(request.id).decision
        assert decision
        assert decision.notes == "my own words\n"


@pytest.mark.slow
def test_many_notes_of_an_existing_vault_are_adopted_at_once_and_each_is_answered(
    house: House, gate: hv.Gate
) -> None:
    folder = house.root / "Pending_Approval"
    for number in range(MANY):
        (folder / f"EMAIL_{number}.md").write_text(THEIRS.format(number=number))
    eventually(lambda: gate.ledger.counts().get(hv.State.PENDING, 0) == MANY, 60)
    eventually(lambda: all("digest: " in note.read_text() for note in folder.glob("*.md")), 60)
    for number in range(MANY):
        (folder / f"EMAIL_{number}.md").rename(house.root / "Approved" / f"EMAIL_{number}.md")
    eventually(lambda: gate.ledger.counts().get(hv.State.APPROVED, 0) == MANY, 60)
    contexts = {gate.get(row.id).request.context["number"] for row in gate.ledger.rows()}
    assert contexts == set(range(MANY))
    assert gate.ledger.verify() == 3 * MANY
    assert house.aside() == []
