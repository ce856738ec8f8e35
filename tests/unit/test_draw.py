"""Notes as they are drawn, read back by the very reader that takes votes from them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import frontmatter
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hitl_vault.domain.decision import Decision, Gesture, Verdict, Vote
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.record import Notice, Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import Mode, Requirement
from hitl_vault.vault.ballot import read_ballot
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.files import LIMIT
from hitl_vault.vault.person import Person
from hitl_vault.vault.seal import differences
from hitl_vault.vault.templates import Templates, title_of
from tests.noted import AT, ID, approved, ended, hostile, pending, request, requests

DRAWER = Drawer(Templates())
MARKDOWN = MarkdownIt("commonmark").enable("table")


def drawn(record: Record, person: Person | None = None) -> str:
    """The note as text."""
    return DRAWER.draw(record, person or Person()).decode()


def outside_fences(note: str) -> list[tuple[str, str]]:
    """Every block of the body that is not a fence, with its text."""
    body = frontmatter.parse(note)[1]
    tokens = [token for token in MARKDOWN.parse(body) if token.content and token.type != "fence"]
    return [(token.type, token.content) for token in tokens]


def part(note: str, heading: str) -> str:
    """The text under a heading."""
    return note.split(f"\n{heading}\n", 1)[1].split("\n## ", 1)[0]


@settings(max_examples=600, deadline=None)
@given(requests())
def test_a_drawn_note_is_a_pending_ballot_and_its_own_seal(asked: Request) -> None:
    data = DRAWER.draw(pending(asked))
    ballot = read_ballot(data)
    assert (ballot.status, ballot.verdicts, ballot.unknown) == ("pending", frozenset(), None)
    assert (ballot.approver, ballot.comment, ballot.notes.strip()) == ("", "", "")
    assert ballot.fields["id"] == ID
    assert differences(data, data) == []


_OURS = re.compile(
    r"# ?|To answer, .*|High risk, .*|\[!warning\] .*|\[ \] (Approve|Reject)|Context|Notes|"
    r"In the agent's words \(unchecked\)|The agent gave .*|This would (run|be deleted|be sent):"
)


@settings(max_examples=600, deadline=None)
@given(requests())
def test_what_an_agent_writes_stays_inside_fences(asked: Request) -> None:
    """Everything else is ours: the heading is a slug, the rest are constants."""
    note = drawn(pending(asked))
    title = title_of(asked.action)
    assert re.fullmatch(r"[A-Z0-9][a-z0-9 ]*", title)
    for kind, text in outside_fences(note):
        assert kind == "inline"
        assert all(_OURS.fullmatch(line) or line == title for line in text.split("\n")), text
    assert "<%" not in note


@settings(max_examples=200, deadline=None)
@given(requests())
def test_what_is_sealed_is_what_a_reader_of_the_note_finds(asked: Request) -> None:
    record = pending(asked)
    sealed, ballot = DRAWER.sealed(record), read_ballot(DRAWER.draw(record))
    assert (dict(sealed.fields), sealed.head) == (dict(ballot.fields), ballot.head)


@settings(max_examples=300, deadline=None)
@given(hostile, hostile, hostile, hostile)
def test_what_was_found_in_the_vault_stays_inside_fences(
    by: str, comment: str, text: str, detail: str
) -> None:
    told = replace(
        approved(by=by, comment=comment), notice=Notice(text=text, detail=detail), notice_kind=Kind.REFUSED
    )
    plain = replace(approved(by="ana"), notice=Notice(text="No."), notice_kind=Kind.REFUSED)
    body = DRAWER.body(ended(State.FAILED, told, error=detail))
    tokens = [t for t in MARKDOWN.parse(body) if t.content and t.type != "fence"]
    usual = [
        t.content
        for t in MARKDOWN.parse(DRAWER.body(ended(State.FAILED, plain, error="x")))
        if t.type == "inline"
    ]
    ours = [t.content for t in tokens]
    assert [text.split("\n")[0] for text in ours] == [text.split("\n")[0] for text in usual]
    assert "<%" not in body


@settings(max_examples=300, deadline=None)
@given(requests())
def test_the_context_reads_back_exactly(asked: Request) -> None:
    fence = re.search(
        r"(`{3,})json\n(.*?)\n\1$", part(drawn(pending(asked)), "## Context"), re.DOTALL | re.MULTILINE
    )
    assert fence
    assert json.loads(fence[2]) == asked.context


@given(
    notes=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.just("a\r\nb\r\n")
)
def test_the_persons_notes_stay_byte_for_byte(notes: str) -> None:
    for record in (pending(), approved(), ended(State.EXECUTED)):
        data = DRAWER.draw(record, Person(notes=notes))
        assert data.endswith(b"\n## Notes\n" + notes.encode())
        assert read_ballot(data).notes == notes


@settings(deadline=None)
@given(
    approver=st.text("ab\"'\\:#", max_size=5),
    comment=st.text("ab\n\"'\\:#-", max_size=9),
    approve=st.booleans(),
    reject=st.booleans(),
    status=st.sampled_from(["pending", "approve", "aproved", ""]),
    notes=st.text("ab\n", max_size=9),
    extra=st.dictionaries(
        st.text("abc", min_size=1), st.text("ab\n:#") | st.lists(st.text("ab")), max_size=2
    ),
)
def test_the_persons_part_comes_back_when_read(**part: object) -> None:
    part["approver"], part["comment"] = str(part["approver"]).strip(), str(part["comment"]).strip()
    person = Person(**part)  # type: ignore[arg-type]
    data = DRAWER.draw(pending(), person)
    assert Person.of(read_ballot(data)) == person
    assert differences(DRAWER.draw(pending()), data) == []


def test_the_first_lines_say_what_matters() -> None:
    """What, risk, until when, how much, to whom, who asks, what that one says, the risk, then the boxes."""
    body = DRAWER.body(pending())
    first = [
        "# Payment",
        "High risk",
        "04:04:05 UTC",
        "900 EUR",
        "ACME",
        "crm-bot",
        "(unchecked) Pay",
        "amount over 500",
    ]
    then = ["- [ ] Approve", "- [ ] Reject", "## Context", "\nPay invoice 17", "It is due."]
    found = [body.index(word) for word in first + then]
    assert found == sorted(found)


def test_the_person_is_told_how_to_answer() -> None:
    body = DRAWER.body(pending())
    assert f"`hitl approve {ID}`" in body
    strict = Requirement(mode=Mode.CODE, comment_required=True, approvers=("ana", "bob"), quorum=2)
    vote = Vote(verdict=Verdict.APPROVE, gesture=Gesture.MOVE, at=AT, by="ana")
    note = drawn(pending(request(requirement=strict), votes=(vote,)))
    for words in (
        "one-time code into `code`",
        "A `comment` is required",
        "ana, bob",
        "1 of 2: ana, 03:04 UTC",
    ):
        assert words in note
    assert 'code: ""\n' in note


def test_front_matter_begins_with_the_persons_fields_and_quotes_every_text() -> None:
    lines = drawn(pending()).split("\n---\n")[0].splitlines()[1:]
    assert lines[:3] == ['status: "pending"', 'approver: ""', 'comment: ""']
    assert 'expires: "2026-01-02T04:04:05Z"' in lines
    assert 'type: "approval_request"' in lines
    assert lines[-2:] == ["tags:", '  - "approval"']
    assert all(re.fullmatch(r'\w+: ".*"', line) for line in lines[:-2])


def test_a_link_in_a_field_is_broken_where_it_would_be_clickable() -> None:
    note = drawn(pending(request(agent="[[x]] obsidian://y <% z %>")))
    assert 'agent: "[⟨U+005B⟩x]] obsidian:⟨U+002F⟩/y <⟨U+0025⟩ z %>"' in note


@pytest.mark.parametrize(
    "text", ["a |#", "x ,?", "[{" * 200, "- " * 100, "<<<<<<< HEAD", "\t", "&a *a !!x", "<<"]
)
def test_no_name_of_an_agent_makes_its_note_unreadable(text: str) -> None:
    asked = request(text, agent=text, run=text)
    ballot = read_ballot(DRAWER.draw(pending(asked), Person(comment=f"ok {text}".strip())))
    assert ballot.comment == f"ok {text}".strip()
    assert ballot.verdicts == frozenset()


def test_letters_that_look_alike_are_pointed_out() -> None:
    assert "Look twice  pаypal mixes Cyrillic and Latin" in drawn(
        pending(request(context={"to": ["pаypal"]}))
    )


def test_a_member_of_the_context_cannot_pose_as_a_row_of_ours() -> None:
    names = ("Asked by", "Risk\nRisk", "risk", "asked_by", "Iban", "iban")
    note = drawn(pending(request("zz", dict.fromkeys(names, "x"))))
    rows = part(note, "# Zz").split("```")[1].splitlines()[1:]
    shown = ['"Asked by"', '"Risk\\nRisk"', '"risk"', '"asked_by"', '"Iban"', "iban"]
    assert [row.split("  ")[0] for row in rows] == [*shown, "Asked by", "It says", "Risk"]


def test_a_text_of_several_lines_is_shown_as_it_would_be_read_and_poses_as_nothing_else() -> None:
    note = drawn(pending(request("import", {"n": 1, "body": "Hi,\nAsked by  root\n```\n\u2028end\n"})))
    facts = part(note, "# Import").split("To answer")[0]
    assert "body      below\nAsked by  " in facts
    assert facts.rstrip().endswith("\n\nbody\n  Hi,\n  Asked by  root\n  ```\n  ⟨U+2028⟩end\n````")


def test_a_long_member_is_cropped_in_the_facts_and_says_where_the_rest_is() -> None:
    note = drawn(pending(request("import", {"blob": "x" * 5000})))
    (row,) = (line for line in note.splitlines() if line.startswith("blob "))
    assert len(row) < 240
    assert row.endswith("⟨… 5000 in all⟩, see Context")
    assert "x" * 5000 in note


def test_a_huge_request_stays_readable_as_a_ballot_and_says_what_is_missing() -> None:
    blob = "\u200bж" * 200_000
    asked = request(
        "run_code", {"code": blob, "paths": [blob]}, summary=blob, reason=blob, agent=blob, run=blob
    )
    data = DRAWER.draw(pending(asked))
    assert len(data) < LIMIT - 32 * 1024
    assert read_ballot(data).verdicts == frozenset()
    note = data.decode()
    assert f"Read the rest with `hitl show {ID}` before you answer." in note
    assert note.count(" bytes in all, sha256:") == 3


def test_drawing_twice_gives_the_same_bytes() -> None:
    assert DRAWER.draw(pending()) == Drawer(Templates()).draw(pending())


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (
            State.EXECUTED,
            ["> [!success] Approved", "ana", "by ticking a box", "fine", "> [!success] Executed", "paid"],
        ),
        (State.FAILED, ["> [!success] Approved", "ana", "> [!failure] Failed", "no funds"]),
        (State.UNKNOWN, ["> [!success] Approved", "ana", "> [!question] Nobody knows how it ended"]),
    ],
)
def test_a_decided_note_tells_the_decision_then_the_outcome_then_the_request(
    state: State, words: list[str]
) -> None:
    error = "no funds" if state is State.FAILED else ""
    body = DRAWER.body(
        ended(state, result={"status": "paid"} if state is State.EXECUTED else None, error=error)
    )
    found = [body.index(word) for word in [*words, "## Request", "## Context"]]
    assert found == sorted(found)
    assert "[ ] Approve" not in body


@pytest.mark.parametrize(
    ("state", "head"),
    [
        (State.REJECTED, "Rejected"),
        (State.EXPIRED, "Expired: nobody answered in time"),
        (State.CANCELLED, "Cancelled"),
    ],
)
def test_a_no_says_which_no_it_was(state: State, head: str) -> None:
    record = pending(state=state, decision=Decision(request=ID, state=state, at=AT, context={}))
    note = drawn(record)
    assert f"] {head}, 2026-01-02 03:04:05 UTC" in note
    assert f'status: "{state}"' in note
    assert "Approve\n" not in note


def test_a_decided_note_that_was_lost_is_drawn_with_the_notes_of_the_decision() -> None:
    assert drawn(approved(notes="keep\r\nthis")).endswith("## Notes\nkeep\r\nthis")


def test_a_long_comment_is_shown_in_full() -> None:
    assert "Comment  below\n```\n\n```text\none\ntwo\n```" in drawn(approved(comment="one\ntwo"))


@pytest.mark.parametrize("letter", ["x", "\n", "\x01", '"', "é", "😀", "\u2028"])
def test_no_comment_or_name_is_so_long_that_the_note_cannot_be_read_again(letter: str) -> None:
    record = approved()
    assert record.decision
    long = replace(record.decision, comment=letter * 60_000, by=(letter * 20_000,))
    note = DRAWER.draw(replace(record, decision=long), Person())
    assert len(note) <= LIMIT
    assert read_ballot(note).fields["id"] == record.id


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Write `approved` or `rejected`.", "> Write `approved` or `rejected`."),
        ("see [[x]]", "```text\nsee [[x]]\n```"),
        ("two\nlines", "```text\ntwo\nlines\n```"),
        ("obsidian://x", "```text\nobsidian://x\n```"),
    ],
)
def test_a_notice_that_is_not_plain_words_goes_into_a_fence(text: str, shown: str) -> None:
    record = pending(notice=Notice(text=text, detail="aproved"), notice_kind=Kind.FLAGGED)
    body = DRAWER.body(record)
    assert "> [!warning] This is not an answer yet\n" in body
    assert shown in body or shown.removesuffix("\n```") in body
    assert "aproved\n```" in body


def test_a_drawn_note_is_a_file_that_python_frontmatter_reads(tmp_path: Path) -> None:
    path = tmp_path / f"{ID}.md"
    path.write_bytes(DRAWER.draw(pending()))
    assert frontmatter.load(str(path))["tags"] == ["approval"]
