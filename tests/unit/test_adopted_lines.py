"""Who draws an adopted note and who reads it see the same lines, fences, boxes and headings."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hitl_vault.domain.record import Record
from hitl_vault.domain.request import Adopted
from hitl_vault.vault.ballot import notes_headings, read_ballot
from hitl_vault.vault.draw import Drawer, Person
from hitl_vault.vault.seal import differences
from hitl_vault.vault.templates import Templates
from tests.noted import approved, pending, request

DRAWER = Drawer(Templates())
BREAKS = ("\n", "\r\n", "\r", "\n\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\n\r", " \r\n")
LINES = (
    *(
        "- [x] Approve",
        "* [X] Reject",
        "- [ ] Approve",
        "   + [/] Reject",
        "- [x]  Approve \t",
        "- [x] Approve.",
    ),
    *("- [x] Yes, and the same for 1 day", "- [\r] Approve", "## Notes", "  ## Notes", "## Approval", "text"),
    *(
        "```",
        "````",
        "~~~",
        "~~~~ text",
        "``` a`b",
        "   ~~~",
        "    ~~~",
        "> ~~~",
        "<!--",
        "-->",
        "%%",
        "---",
        "",
    ),
)
FRONTS = (
    "type: approval_request\nstatus: pending",
    "type: approval_request\n# ## Notes\n# - [x] Approve\nstatus: approved",
    "type: approval_request\nnote: |\n ~~~\n ## Notes\n - [x] Approve\nstatus: pending",
    "type: approval_request\r\nstatus: pending\r",
)

texts = st.builds(
    lambda front, pairs: f"---\n{front}\n---\n" + "".join(map("".join, pairs)),
    st.sampled_from(FRONTS),
    st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(BREAKS)), max_size=12),
)


def adopted(text: str, record: Record) -> Record:
    """The record of a note that an agent wrote."""
    asked = request("pay", {"eur": 5}, adopted=Adopted(name="PAY.md", text=text))
    return Record(**(vars(record) | {"request": asked}))


@given(texts, st.sampled_from(BREAKS), st.booleans(), st.booleans())
@example(
    "---\ntype: approval\n---\nPlease.\r- [x] Approve\r\r~~~\n- [ ] Approve\nfoo\r~~~\n", "\n", False, False
)
@example("---\ntype: approval\n---\n- [x] Yes, and the same for 1 day\n", "\n", False, False)
def test_a_drawn_note_says_what_the_person_says_and_nothing_of_what_the_agent_wrote(
    text: str, end: str, approve: bool, reject: bool
) -> None:
    """Also once the person has written below Notes, so that it is not any more the note as it was drawn."""
    notes = f"No.{end}- [x] Approve{end}~~~{end}## Notes{end}"
    record = adopted(text, pending())
    data = DRAWER.draw(record, Person(approve=approve, reject=reject, notes=notes))
    ballot = read_ballot(data, skip=notes_headings(text))
    assert (ballot.approve, ballot.reject, ballot.remember_ticked) == (approve, reject, False)
    assert (ballot.torn, ballot.unknown, ballot.verdict) == (False, None, None)
    assert (ballot.has_notes, ballot.notes) == (True, notes)
    assert "## Approval" in ballot.head
    assert differences(DRAWER.sealed(record), ballot) == []


@given(texts)
def test_the_agents_body_stays_byte_for_byte_once_it_is_decided(text: str) -> None:
    body = text.partition("\n---\n")[2]
    assert body.encode() in DRAWER.draw(adopted(text, approved()))


@pytest.mark.parametrize("front", FRONTS)
def test_no_line_of_the_front_matter_is_taken_for_a_heading_of_the_body(front: str) -> None:
    assert notes_headings(f"---\n{front}\n---\n## Notes\r\nx\r## Notes") == 2
