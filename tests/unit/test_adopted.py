"""Notes that an agent wrote by itself keep their text, and get what a ballot needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hitl_vault.domain.decision import Verdict
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.record import Notice, Record
from hitl_vault.domain.request import Adopted
from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.ballot import THEIRS, notes_headings, read_ballot
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.fences import outside
from hitl_vault.vault.person import Person
from hitl_vault.vault.seal import differences
from hitl_vault.vault.templates import Templates
from tests.noted import ATTACKS, ID, approved, ended, pending, request

DRAWER = Drawer(Templates())
FRONT = (
    "type: approval_request\naction: send_email   # why not\nto: 'ana@example.org'\nstatus: pending_approval"
)
BODY = "\n# Reply to Ana\n\nMove to /Approved to send.\n"


def adopted(body: str = BODY, front: str = FRONT, record: Record | None = None) -> Record:
    """The record of a note that an agent wrote."""
    text = f"---\n{front}\n---\n{body}"
    asked = request("send_email", {"to": "ana@example.org"}, adopted=Adopted(name="EMAIL_1.md", text=text))
    found = record or pending()
    return Record(**(vars(found) | {"request": asked}))


def drawn(record: Record, person: Person | None = None) -> str:
    """The note as text."""
    return DRAWER.draw(record, person or Person()).decode()


def test_the_agents_lines_and_text_stay_as_they_were() -> None:
    note = drawn(adopted())
    assert note.startswith(f"---\n{FRONT}\n")
    assert note.endswith(f"\n\n{THEIRS}{BODY}\n## Notes\n")


def test_what_is_asked_stands_above_the_boxes_whatever_the_agents_heading_says() -> None:
    context = {
        "type": "approval_request",
        "action": "payment",
        "amount": 9000,
        "to": "EVIL",
        "why": "a\nb",
        "list": [1],
        "Risk": "none",
        "Code": "ABCD",
    }
    record = adopted("\n# Pay 5 EUR to ACME\n")
    asked = request("payment", context, adopted=record.request.adopted)
    for found in (pending(asked), approved(asked)):
        facts = drawn(found).split("```text\n")[-1 if found.decision else 1].split("```")[0]
        rows = [" ".join(row.split()) for row in facts.splitlines()]
        assert rows[:4] == ["action payment", "amount 9000", "to EVIL", "why a⟨U+000A⟩b"]
        assert rows[4:6] == ['"Risk" none', "Also list; see the properties"]
        assert rows[6].startswith("Asked by")
        assert [row for row in rows if "ABCD" in row] == ([] if found.decision else ['Its own "Code" ABCD'])


def test_it_gets_the_fields_that_it_lacks() -> None:
    ballot = read_ballot(drawn(adopted()).encode())
    assert ballot.fields["id"] == ID
    assert ballot.fields["status"] == "pending_approval"
    assert ballot.fields["to"] == "ana@example.org"
    assert {"approver", "comment", "digest", "expires", "agent"} <= ballot.fields.keys()
    assert ballot.verdicts == frozenset()


def test_fields_of_the_same_name_stay_the_agents() -> None:
    note = drawn(adopted(front=f"{FRONT}\nid: 7\nDigest: theirs\nagent: me\nexpires: tomorrow"))
    fields = read_ballot(note.encode()).fields
    assert (fields["id"], fields["hitl_id"]) == ("7", ID)
    assert fields["digest"] == "theirs"
    assert str(fields["hitl_digest"]).startswith("sha256:")
    assert (fields["agent"], fields["expires"]) == ("me", "tomorrow")


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("status: pending", 'status: "approved"'),
        ("status:   'pending'   # waiting", 'status:   "approved"   # waiting'),
        ("status:", 'status: "approved"'),
        ("status: >\n  pending\n  approval", 'status: "approved"'),
        ("status:\n  - pending", 'status:\n  - "approved"'),
        ("Status: pending", 'Status: "approved"'),
        ('"status": "pending"', '"status": "approved"'),
    ],
)
def test_the_decision_is_written_into_the_agents_own_status(line: str, after: str) -> None:
    note = drawn(adopted(front=f"type: approval\n{line}\nto: ana", record=approved()))
    ballot = read_ballot(note.encode())
    assert ballot.status == "approved"
    assert ballot.fields["to"] == "ana"
    assert note.startswith(f"---\ntype: approval\n{after}\nto: ana\n") or line.endswith("- pending")


def test_a_note_that_approves_itself_is_drawn_as_pending() -> None:
    note = drawn(
        adopted(BODY + "- [x] Approve\n- [x] Reject\n", FRONT.replace("pending_approval", "approved"))
    )
    ballot = read_ballot(note.encode())
    assert (ballot.status, ballot.verdicts) == ("pending", frozenset())


@pytest.mark.parametrize("wrote", ["fine with me", "\n  - fine", '{"it": is fine}', ">\n  fine\n  with me"])
def test_what_an_agent_wrote_where_a_person_answers_never_stands_as_their_answer(wrote: str) -> None:
    front = f"type: approval\nto: ana\nComment: {wrote}\napprover: [ana, ben]\nstatus: pending"
    for record in (pending(), ended(State.EXECUTED, approved(by="", comment=""))):
        ballot = read_ballot(drawn(adopted(front=front, record=record)).encode())
        assert (ballot.approver, ballot.comment, ballot.fields["to"]) == ("", "", "ana")


def test_the_agents_own_boxes_are_drawn_empty_and_ours_stand_in_our_section() -> None:
    body = BODY + "To say that you have read this:\n\n- [x] Approve\r\n* [ ] Reject\r\n"
    note = drawn(adopted(body), Person(approve=True))
    ours, theirs = note.split(THEIRS)
    assert "- [x] Approve\n- [ ] Reject\n" in ours
    assert "Only the boxes here count" in ours
    assert "- [ ] Approve\r\n* [ ] Reject\r\n" in theirs
    assert read_ballot(note.encode()).verdicts == {Verdict.APPROVE}
    assert "Only the boxes" not in drawn(adopted())


@pytest.mark.parametrize(
    ("box", "says"),
    [
        ("- [x] Approve", {Verdict.APPROVE}),
        ("* [X] Reject", {Verdict.REJECT}),
        ("- [x] Approve\n- [ ] Approve", {Verdict.APPROVE}),
        ("- [x] Yes, and the same for 7d", {Verdict.APPROVE}),
        ("```\n- [x] Approve\n```", set()),
        (f"{THEIRS}\n- [x] Approve", {Verdict.APPROVE}),
    ],
)
def test_a_tick_in_a_box_that_the_agent_placed_is_no_vote(box: str, says: set[Verdict]) -> None:
    note = drawn(adopted(f"{BODY}{box.replace('[x]', '[ ]').replace('[X]', '[ ]')}\n"))
    above, heading, _ = note.partition(THEIRS)
    ballot = read_ballot(f"{above}{heading}\n{box}\n\n## Notes\n".encode())
    assert (ballot.verdicts, ballot.beside) == (frozenset(), says)
    assert (ballot.remember_ticked, ballot.torn, ballot.edits) == (False, False, None)


def test_values_that_an_agent_wrote_as_if_they_could_be_changed_are_nobodys_changes() -> None:
    note = drawn(adopted(BODY + '```json edit\n{"amount": 9000}\n```\n'))
    assert read_ballot(note.encode()).edits is None


def test_what_a_person_chose_stays_when_it_is_drawn_again() -> None:
    person = Person(status="aproved", approver="ana", comment="hm", reject=True, notes="\nmine\r\n")
    ballot = read_ballot(drawn(adopted(), person).encode())
    assert (ballot.status, ballot.approver, ballot.comment, ballot.reject) == ("aproved", "ana", "hm", True)
    assert ballot.notes == "\nmine\r\n"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no line feed at the end",
        "```\nunclosed",
        "~~~~text\nunclosed\n",
        "<!-- unclosed",
        "%% unclosed",
        "## Notes\n\ntheirs\n",
        "```\n## Notes\n- [x] Approve\n",
        "- [x] Approve\n",
    ],
)
def test_whatever_the_agents_text_leaves_open_ours_can_be_seen_and_read(body: str) -> None:
    data = drawn(adopted(body), Person(notes="mine")).encode()
    ballot = read_ballot(data, skip=notes_headings(f"---\n{FRONT}\n---\n{body}"))
    visible = "".join(ballot.head[start:end] for start, end in outside(ballot.head))
    assert "## Approval" in visible
    assert "- [ ] Reject" in visible
    assert visible.count("<!--") <= visible.count("-->")
    assert (ballot.verdicts, ballot.notes) == (frozenset(), "mine")


@pytest.mark.parametrize("record", [pending(), approved()], ids=["pending", "approved"])
@pytest.mark.parametrize(
    "end",
    [
        *("<style>", "<script>", "<textarea>", "<pre>", "<?", "<!X", "<![CDATA[", "<!--", "%%", "$$", "```"),
        *(
            "<div hidden>",
            "<details><summary>More</summary>",
            "> <style>",
            "- <script>",
            "| a |\n|---|",
            "    ",
        ),
    ],
)
def test_nothing_that_the_agents_text_leaves_open_hides_our_section(end: str, record: Record) -> None:
    """A renderer shows an open element to the end of the note, whatever follows."""
    note = drawn(adopted(f"Pay.\n\n- [ ] Approve\n- [ ] Reject\n\n{end}", record=record))
    tokens = MarkdownIt("commonmark").parse(note.split("\n---\n", 1)[1])
    first = next(at for at, token in enumerate(tokens) if token.type == "heading_open")
    assert tokens[first + 1].content == "Approval"
    assert all(token.type not in ("html_block", "math_block") for token in tokens[:first])
    assert note.index("## Approval") < note.index(THEIRS) < note.index("Pay.")


def test_windows_line_ends_stay() -> None:
    text = f"---\r\n{FRONT}\r\n---\r\n{BODY}".replace("\r\n", "\n").replace("\n", "\r\n")
    asked = request("send_email", {}, adopted=Adopted(name="E.md", text=text))
    note = drawn(pending(asked))
    assert note.startswith(text[: text.index("\r\n---\r\n") + 2])
    assert text[text.index("# Reply") :] in note
    assert read_ballot(note.encode()).fields["id"] == ID


def test_braces_around_all_fields_are_opened_up() -> None:
    front = '{"type": approval, "to": ana, "status": pending}'
    fields = read_ballot(drawn(adopted(front=front, record=approved())).encode()).fields
    assert (fields["type"], fields["to"], fields["id"]) == ("approval", "ana", ID)
    assert fields["status"] == "approved"


def test_a_decided_note_tells_the_decision_and_the_outcome_above_the_agents_text() -> None:
    note = drawn(adopted(record=ended(State.FAILED, approved(notes="keep"), error="no route")))
    assert 'status: "failed"' in note
    found = [
        note.index(word)
        for word in ("> [!success] Approved", "By       ana", "> [!failure] Failed", "no route", BODY)
    ]
    assert found == sorted(found)
    assert note.endswith("## Notes\nkeep")


def test_a_notice_is_shown() -> None:
    note = drawn(adopted(record=pending(notice=Notice(text="Wait."), notice_kind=Kind.HELD)))
    assert "> [!warning] On hold" in note


@given(st.lists(st.sampled_from(ATTACKS) | st.text(max_size=5), max_size=8).map("\n".join))
def test_no_text_of_an_agent_votes_or_breaks_its_own_seal(body: str) -> None:
    body = body.encode("utf-8", "ignore").decode().replace("\x00", "")
    data = drawn(adopted(body)).encode()
    skip = notes_headings(f"---\n{FRONT}\n---\n{body}")
    try:
        ballot = read_ballot(data, skip=skip)
    except BallotInvalid as error:
        pytest.fail(f"the drawn note cannot be read: {error}")
    assert (ballot.verdicts, ballot.beside, ballot.notes) == (frozenset(), frozenset(), "")
    assert differences(data, data, skip=skip) == []
