"""What agents try in notes that they write themselves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.house import House, eventually


@pytest.fixture
def house(work: Path) -> Iterator[House]:
    house = House(work)
    house.found()
    yield house
    house.close()


def adopted(house: House, text: str, name: str = "PAY.md") -> tuple[hv.Gate, hv.Record, Path]:
    """Let an agent write a note, and wait until it is drawn."""
    gate = house.gate()
    path = house.root / "Pending_Approval" / name
    path.write_bytes(text.encode())
    eventually(lambda: b"## Approval" in path.read_bytes())
    (record,) = gate.pending()
    return gate, record, path


def test_a_box_that_lone_carriage_returns_hide_from_the_drawing_answers_nothing(house: House) -> None:
    """The person has only written below Notes."""
    hidden = "Please.\r- [x] Approve\r\r~~~\n- [ ] Approve\n- [ ] Reject\n~~~ \n"
    gate, record, path = adopted(house, f"---\ntype: approval_request\naction: pay\n---\n{hidden}")
    path.write_bytes(path.read_bytes() + b"I do not like this. Who is the payee?\n")
    time.sleep(0.5)
    assert gate.get(record.id).state == "pending"
    assert gate.get(record.id).votes == ()
    path.write_bytes(path.read_bytes().replace(b"\r- [ ] Approve\r", b"\r- [x] Approve\r"))
    assert gate.wait(record.id, timeout=5).approved


@pytest.mark.parametrize("front", ["## Notes\ncolour: red", "note: |\n ~~~\n green"])
def test_no_line_of_the_agents_front_matter_moves_the_heading_below_which_nothing_counts(
    house: House, front: str
) -> None:
    """Counted as a heading, or as a fence, it would put our section below Notes, or the notes above."""
    text = f"---\ntype: approval_request\naction: pay\n{front}\n---\nPlease.\n\n## Notes\n\nNone.\n"
    gate, record, path = adopted(house, text)
    path.write_bytes(path.read_bytes() + b"- [x] Approve\n")
    time.sleep(0.4)
    assert (gate.get(record.id).votes, gate.get(record.id).notice) == ((), None)
    path.write_text(path.read_text().replace("> [!info] Low risk", "> [!info] No risk"))
    path.write_text(path.read_text().replace("- [ ] Approve", "- [x] Approve", 1))
    eventually(lambda: gate.get(record.id).notice)
    assert gate.get(record.id).state == "pending"
