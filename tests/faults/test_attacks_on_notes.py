"""What agents try in notes that they write themselves."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.house import House, eventually


def adopted(house: House, text: str, name: str = "PAY.md") -> tuple[hv.Gate, hv.Record, Path]:
    """Let an agent write a note, and wait until it is drawn."""
    gate = house.gate()
    path = house.root / "Pending_Approval" / name
    path.write_bytes(text.encode())
    eventually(lambda: b"## Approval" in path.read_bytes())
    (record,) = gate.pending()
    return gate, record, path


def test_a_box_that_lone_carriage_returns_hide_from_the_drawing_answers_nothing(house: House) -> None:
    """The person has only written below Notes; and no box of the agent's is an answer, seen or not."""
    hidden = "Please.\r- [x] Approve\r\r~~~\n- [ ] Approve\n- [ ] Reject\n~~~ \n"
    gate, record, path = adopted(house, f"---\ntype: approval_request\naction: pay\n---\n{hidden}")
    path.write_bytes(path.read_bytes() + b"I do not like this. Who is the payee?\n")
    time.sleep(0.5)
    assert gate.get(record.id).state == "pending"
    assert gate.get(record.id).votes == ()
    path.write_bytes(path.read_bytes().replace(b"\r- [ ] Approve\r", b"\r- [x] Approve\r"))
    eventually(lambda: b"Please answer under Approval." in path.read_bytes())
    assert b"[x]" not in path.read_bytes()
    assert gate.get(record.id).votes == ()
    path.write_bytes(path.read_bytes().replace(b"- [ ] Approve", b"- [x] Approve", 1))
    assert gate.wait(record.id, timeout=5).approved


READ = "To say you have merely read this, tick here:\n\n- [ ] Approve\n- [ ] Reject\n"
ASKS = f"---\ntype: approval_request\naction: pay\nstatus: pending\n---\n{READ}"


def ticked(path: Path, *, ours: str = "", theirs: str = "") -> None:
    """Tick a box in our section, or in the agent's text, or in both, in one save."""
    above, heading, below = path.read_text().partition("## As the agent wrote it")
    above = above.replace(f"[ ] {ours}", f"[x] {ours}") if ours else above
    path.write_text(above + heading + (below.replace(f"[ ] {theirs}", f"[x] {theirs}") if theirs else below))


@pytest.mark.parametrize("label", ["Approve", "Reject"])
def test_a_box_that_the_agent_placed_answers_nothing_and_the_note_says_why(house: House, label: str) -> None:
    gate, record, path = adopted(house, ASKS)
    ticked(path, theirs=label)
    eventually(lambda: "The agent placed it, so it answers nothing." in path.read_text())
    assert (gate.get(record.id).state, gate.get(record.id).votes) == ("pending", ())
    assert "[x]" not in path.read_text()
    ticked(path, ours="Reject")
    assert gate.wait(record.id, timeout=5).state == "rejected"


def test_the_agents_box_beside_ours_changes_nothing_if_it_says_the_same_and_else_nothing_counts(
    house: House,
) -> None:
    gate, record, path = adopted(house, ASKS)
    ticked(path, ours="Approve", theirs="Reject")
    eventually(lambda: "Please answer under Approval." in path.read_text())
    assert gate.get(record.id).votes == ()
    ticked(path, ours="Approve", theirs="Approve")
    assert gate.wait(record.id, timeout=5).approved


def test_nor_does_it_answer_in_the_note_as_the_agent_wrote_it(house: House) -> None:
    """A phone may still show the note from before it was drawn."""
    gate, record, path = adopted(house, ASKS)
    path.write_text(ASKS.replace("[ ] Approve", "[x] Approve"))
    eventually(lambda: "Refused: " in path.read_text())
    assert (gate.get(record.id).state, gate.get(record.id).votes) == ("pending", ())
    ticked(path, ours="Approve")
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


SAID_BY_THE_AGENT = (
    "approver: ana\ncomment: fine with me\nremember: 1d\ncode: ABCD-EFGH\nsignature: Yours, Ana\n"
)
THEIRS = f"---\ntype: approval_request\naction: pay\nstatus: pending\n{SAID_BY_THE_AGENT}---\nPlease.\n"


@pytest.fixture
def named(home: House) -> House:
    """A vault in which Ana or Ben has to answer, and to say why."""
    home.found(mode="attributed", approvers='["ana", "ben"]')
    rule = "{name: all, when: 'true', verdict: ask, comment: required}"
    (home.root / ".hitl" / "policy.yaml").write_text(f"format: 1\nrules:\n  - {rule}\n")
    return home


def test_the_name_and_comment_that_an_agent_wrote_into_its_note_are_nobodys(named: House) -> None:
    gate, record, path = adopted(named, THEIRS)
    text = path.read_text()
    assert all(f'\n{name}: ""\n' in text for name in ("approver", "comment", "remember", "code", "signature"))
    shown = re.findall(r'Its own "(\w+)"', text)
    assert shown == ["code", "remember", "signature"]  # these are a part of what is approved
    path.write_text(text.replace("- [ ] Approve", "- [x] Approve"))
    eventually(lambda: gate.get(record.id).notice)
    assert gate.get(record.id).votes == ()
    path.write_text(
        path.read_text().replace('approver: ""', "approver: ben").replace('comment: ""', "comment: as agreed")
    )
    decision = gate.wait(record.id, timeout=5)
    assert (decision.by, decision.comment) == (("ben",), "as agreed")
    home = named.root / "Approved" / path.name
    eventually(home.exists)
    assert "code: ABCD-EFGH\nsignature: Yours, Ana\n" in home.read_text()


@pytest.mark.parametrize("how", ["ticks", "moves", "saves and moves"])
def test_nor_in_the_note_as_the_agent_wrote_it(named: House, how: str) -> None:
    text = f"{THEIRS}\n- [ ] Approve\n".replace("remember: 1d\ncode: ABCD-EFGH\nsignature: Yours, Ana\n", "")
    gate, record, path = adopted(named, text)
    if how == "moves":
        path.write_text(text)
    else:
        path.write_text(text.replace("- [ ]", "- [x]") if how == "ticks" else f"{text} \n")
    if how != "ticks":
        path.rename(named.root / "Approved" / path.name)
    eventually(lambda: gate.get(record.id).notice)
    assert gate.get(record.id).votes == ()
    assert gate.get(record.id).state == "pending"


def test_a_note_answered_as_it_was_written_still_counts_where_the_agent_left_the_answer_open(
    named: House,
) -> None:
    text = "---\ntype: approval_request\naction: pay\nstatus: pending\n---\nPlease.\n"
    gate, record, path = adopted(named, text)
    path.write_text(text.replace("status: pending", "status: approved\napprover: ana\ncomment: as agreed"))
    decision = gate.wait(record.id, timeout=5)
    assert (decision.by, decision.comment) == (("ana",), "as agreed")
