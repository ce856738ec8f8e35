"""What counts as an answer in a note, and all that never does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitl_vault.domain.decision import Verdict
from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.ballot import Ballot, notes_headings, read_ballot
from hitl_vault.vault.files import LIMIT
from tests.sample_note import FRONT, HEAD, NOTE, note, with_status

YES, NO = frozenset({Verdict.APPROVE}), frozenset({Verdict.REJECT})
BOTH, NOTHING = YES | NO, frozenset[Verdict]()
YES_WORDS = ("approved", "approve")
NO_WORDS = ("rejected", "reject", "denied", "deny")


def read(text: str) -> Ballot:
    return read_ballot(text.encode())


def verdicts(text: str) -> frozenset[Verdict] | str:
    """What a note decides; a refusal is told apart."""
    try:
        return read(text).verdicts
    except BallotInvalid:
        return "refused"


def test_a_note_as_drawn_is_an_undecided_ballot() -> None:
    ballot = read(NOTE)
    assert (ballot.status, ballot.verdict, ballot.unknown, ballot.verdicts) == (
        "pending",
        None,
        None,
        NOTHING,
    )
    assert (ballot.approver, ballot.comment, ballot.code, ballot.signature) == ("", "", "", "")
    assert (ballot.head, ballot.notes, ballot.has_notes) == (HEAD, "", True)
    assert ballot.fields["id"] == "20260102-030405-payment-7k3m9x2q"
    assert ballot.fields["tags"] == ["approval"]


@pytest.mark.parametrize("word", [*YES_WORDS, *NO_WORDS])
@pytest.mark.parametrize(
    "written",
    [
        "{}",
        '"{}"',
        "'{}'",
        "  {}  ",
        "{} # by ana",
        "\n  - {}",
        "\n- {}",
        "[{}]",
        '["{}"]',
        "|\n  {}",
        "\u00a0{}\u00a0",
        "\"'{}'\"",
        "'\"{}\"'",
        "\u201c{}\u201d",
    ],
)
def test_the_words_of_the_vocabulary_decide_however_they_are_written(word: str, written: str) -> None:
    wanted = YES if word in YES_WORDS else NO
    for typed in (word, word.upper(), word.title()):
        assert read(with_status(written.format(typed))).verdicts == wanted


@pytest.mark.parametrize(
    "value",
    [
        "",
        "null",
        "~",
        '""',
        "''",
        "[]",
        "# approved",
        "pending",
        "Pending",
        "pending_approval",
        "awaiting_approval",
        "pending_review",
        "\n  - pending",
    ],
)
def test_a_status_that_says_nothing_yet_is_not_flagged(value: str) -> None:
    ballot = read(with_status(value))
    assert (ballot.verdicts, ballot.unknown) == (NOTHING, None)


@pytest.mark.parametrize(
    "value",
    [
        "aproved",
        "arejected",
        "aapproved",
        "approvedd",
        "approved rejected",
        "rejectedapproved",
        "yes",
        "true",
        "ok",
        "1",
        "approved!",
        "approved.",
        "approved ✅",
        "not approved",
        "approved?",
        "approved_by",
        "approvable",
        "аpproved",
        "appr\u200boved",
        "approved\u200b",
        "ａpproved",
        "approved, rejected",
        "disapproved",
        "un-approved",
        "[approved, rejected]",
        "[pending, approved]",
        "\n  - approved\n  - approved",
        "[[approved]]",
        "completed",
        "executed",
        "cancelled",
        "expired",
        "denied by ana",
        "approve d",
    ],
)
def test_any_other_word_is_no_vote_and_is_told_as_typed(value: str) -> None:
    ballot = read(with_status(value))
    assert (ballot.verdict, ballot.verdicts) == (None, NOTHING)
    assert ballot.unknown
    if not value.startswith(("[", "\n")):
        assert ballot.unknown == value


@pytest.mark.parametrize("word", [*YES_WORDS, *NO_WORDS, "APPROVED", '"approved"'])
def test_typing_key_by_key_decides_nothing_but_what_the_finished_word_says(word: str) -> None:
    wanted = YES if word.strip('"').lower() in YES_WORDS else NO
    for end in range(len(word)):
        typed = word[:end]
        found = verdicts(with_status(typed))
        assert (
            found == (wanted if typed.lower() in (*YES_WORDS, *NO_WORDS) else NOTHING) or found == "refused"
        )
    assert verdicts(with_status(word)) == wanted


_PRINTABLE = [chr(code) for code in range(32, 127)]
_SAME = {*YES_WORDS, *NO_WORDS}


@pytest.mark.parametrize("word", [*YES_WORDS, *NO_WORDS])
def test_a_word_with_one_letter_wrong_decides_nothing(word: str) -> None:
    letters = [char for char in _PRINTABLE if char.isalnum()]
    edits = {
        word[:at] + char + word[at + cut :] for at in range(len(word)) for cut in (0, 1) for char in letters
    }
    edits |= {word[:at] + word[at + 1 :] for at in range(len(word))}
    for typed in sorted(edits):
        if typed.lower() not in _SAME:
            assert verdicts(with_status(typed)) == NOTHING, typed


@pytest.mark.parametrize("mine", [*YES_WORDS, *NO_WORDS])
@pytest.mark.parametrize("theirs", [*YES_WORDS, *NO_WORDS])
def test_what_a_text_merge_makes_of_two_answers_decides_nothing(mine: str, theirs: str) -> None:
    merged = {mine[:at] + theirs[cut:] for at in range(len(mine) + 1) for cut in range(len(theirs) + 1)}
    for typed in sorted(merged - _SAME - {""}):
        assert verdicts(with_status(typed)) == NOTHING, typed


@pytest.mark.parametrize("tick", ["- [x]", "- [X]", "* [x]", "+ [x]", "   - [x]", "-  [x]", "*   [X]"])
def test_a_tick_decides(tick: str) -> None:
    assert read(note(("- [ ] Approve", f"{tick} Approve"))).verdicts == YES
    assert read(note(("- [ ] Reject", f"{tick} Reject"))).verdicts == NO


@pytest.mark.parametrize("mark", ["-", "/", "?", ">", "!", "*", "y", "v", "\u0445", "\u2713"])
def test_another_mark_is_no_vote_and_is_told(mark: str) -> None:
    ballot = read(note(("[ ] Approve", f"[{mark}] Approve")))
    assert (ballot.verdicts, ballot.approve, ballot.unknown) == (NOTHING, False, f"[{mark}]")


def test_crossing_out_the_other_box_does_not_disturb_a_tick() -> None:
    ballot = read(note(("[ ] Approve", "[x] Approve"), ("[ ] Reject", "[-] Reject")))
    assert (ballot.verdicts, ballot.unknown) == (YES, None)


@pytest.mark.parametrize(
    "line",
    [
        "- [x] approve",
        "- [x] APPROVE",
        "- [x] Approved",
        "- [x] Approve it",
        "- [x] Approve.",
        "- [x]Approve",
        "- [ x ] Approve",
        "- [xx] Approve",
        "- [] Approve",
        "-[x] Approve",
        "1. [x] Approve",
        "[x] Approve",
        "    - [x] Approve",
        "\t- [x] Approve",
        "> - [x] Approve",
        "\\- [x] Approve",
        "- \\[x] Approve",
        "- [x] **Approve**",
        "- [x] Аpprove",
        "- [x] Approve\u200b",
        "- [x]\xa0Approve",
        "-      [x] Approve",
    ],
)
def test_only_the_exact_box_counts(line: str) -> None:
    assert not read(note(("- [ ] Approve", line))).approve


@pytest.mark.parametrize("mark", ["```", "````", "~~~", "   ```", "```text", "~~~ ```"])
def test_a_box_in_a_fence_does_not_count(mark: str) -> None:
    closing = mark.strip()[:4].rstrip("t ")
    ballot = read(note(("- [ ] Approve", f"{mark}\n- [x] Approve\n{closing}")))
    assert (ballot.approve, ballot.verdicts) == (False, NOTHING)


def test_a_box_below_the_notes_heading_does_not_count() -> None:
    ballot = read(note(notes="\n- [x] Approve\n- [x] Reject\n"))
    assert (ballot.verdicts, ballot.notes) == (NOTHING, "\n- [x] Approve\n- [x] Reject\n")


@pytest.mark.parametrize("first", "x ")
def test_two_boxes_with_one_label_that_disagree_never_approve(first: str) -> None:
    second = "x" if first == " " else " "
    ballot = read(note(("- [ ] Approve", f"- [{first}] Approve\n- [{second}] Approve")))
    assert ballot.torn
    assert ballot.verdicts == BOTH
    assert not ballot.approve


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ([('"pending"', "approved"), ("[ ] Reject", "[x] Reject")], BOTH),
        ([("[ ] Approve", "[x] Approve"), ("[ ] Reject", "[x] Reject")], BOTH),
        ([('"pending"', "rejected"), ("[ ] Approve", "[x] Approve")], BOTH),
        ([('"pending"', "approved"), ("[ ] Approve", "[x] Approve")], YES),
        ([('"pending"', "nope"), ("[ ] Approve", "[x] Approve")], YES),
    ],
)
def test_gestures_are_all_reported_and_none_is_preferred(
    changes: list[tuple[str, str]], wanted: frozenset[Verdict]
) -> None:
    assert read(note(*changes)).verdicts == wanted


def obsidian(text: str) -> str:
    """Rewrite the front matter as Obsidian does when a property is edited."""
    front = (
        FRONT.replace('"', "")
        .replace("approver: \n", "approver:\n")
        .replace("comment: \n", "comment: null\n")
    )
    front = front.replace("status: pending", "status:\n  - approved")
    return text.replace(FRONT, front)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_what_obsidian_and_windows_editors_make_of_a_note_still_decides(end: str, bom: str) -> None:
    ballot = read(bom + obsidian(note(notes="\nfine\n")).replace("\n", end))
    assert ballot.verdicts == YES
    assert ballot.head == HEAD
    assert (ballot.approver, ballot.comment) == ("", "")
    assert ballot.notes == f"{end}fine{end}"
    assert ballot.fields == read(NOTE).fields | {"status": ["approved"]}


@pytest.mark.parametrize(
    "notes",
    ["", "\n", "x", "\n\n  a  \r\n\tb\r\n\r\n", "```\n", "## Notes\nagain\n", "\u2028\r\n---\n", "\r\r\n"],
)
def test_the_notes_are_the_persons_byte_for_byte(notes: str) -> None:
    for text in (note(notes=notes), note().replace("\n", "\r\n") + notes):
        assert read(text).notes == notes


def test_without_a_notes_heading_everything_is_head() -> None:
    ballot = read(note(("## Notes\n- [x]", "x\n- [x]")).removesuffix("## Notes\n") + "- [x] Reject\n")
    assert (ballot.has_notes, ballot.notes) == (False, "")
    assert ballot.head.endswith("- [x] Reject\n")


@pytest.mark.parametrize("heading", ["## Notes", "##  Notes  ", "   ## Notes\t"])
def test_the_first_notes_heading_outside_of_a_fence_is_ours(heading: str) -> None:
    text = NOTE.removesuffix("## Notes\n") + heading + "\nmine\n## Notes\n"
    assert read(text).notes == "mine\n## Notes\n"


@pytest.mark.parametrize(
    "heading", ["# Notes", "### Notes", "## notes", "##Notes", "## Notes!", "    ## Notes", "Notes"]
)
def test_another_heading_is_not_the_notes(heading: str) -> None:
    assert not read(NOTE.removesuffix("## Notes\n") + heading + "\n").has_notes


def test_the_headings_of_an_adopted_text_are_skipped() -> None:
    theirs = "Hello\n\n## Notes\n\nfrom the agent\n\n```\n## Notes\n```\n"
    assert notes_headings(f"---\nstatus: pending\n---\n{theirs}") == 1
    text = f"---\nstatus: pending\n---\n{theirs}- [x] Approve\n\n## Notes\nmine\n"
    ballot = read_ballot(text.encode(), skip=1)
    assert (ballot.verdicts, ballot.notes) == (YES, "mine\n")
    assert ballot.head == theirs + "- [x] Approve\n\n"


def test_the_persons_fields_are_strings_and_a_comment_may_have_lines() -> None:
    text = note(
        ('approver: ""', "approver:\n  - ana"),
        (
            'comment: ""',
            "comment: |\n  too much\n\n  ask again: 12:30\ncode: 0123\nsignature: |\n  -----BEGIN\n  x",
        ),
    )
    ballot = read(text)
    assert (ballot.approver, ballot.comment) == ("ana", "too much\n\nask again: 12:30")
    assert (ballot.code, ballot.signature) == ("0123", "-----BEGIN\nx")


def test_a_comment_that_became_a_list_is_its_lines() -> None:
    assert read(note(('comment: ""', "comment: [one, two]"))).comment == "one\ntwo"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('status: "pending"', "status: {}", "status"),
        ('status: "pending"', "status: pending\nStatus: approved", "status"),
        ('status: "pending"', "status: pending\nSTATUS: approved", "status"),
        ('status: "pending"', "status: pending\nstatu\uff53: approved", "status"),
        ('status: "pending"', "status: pending\n\u017ftatus: approved", "status"),
        ('status: "pending"', "status: pending\nstatus\u200b: approved", "status"),
        ('status: "pending"', "status\u200b: approved", "status"),
        ('status: "pending"', 'status: pending\n"status ": approved', "status"),
        ('status: "pending"', "status: pending\nstatus: approved", "status"),
        ('approver: ""', "approver: [ana, bob]", "approver"),
        ('approver: ""', 'approver: {"a": b}', "approver"),
        ('comment: ""', 'comment: {"a": b}', "comment"),
        ('comment: ""', "comment: [[a]]", "comment"),
        ("run:", "code: [1, 2]\nrun:", "code"),
        ('id: "', 'ID: "x"\nid: "', "id"),
        ('digest: "', 'Digest: "x"\ndigest: "', "digest"),
    ],
)
def test_a_field_that_cannot_be_read_one_way_is_refused_by_name(old: str, new: str, field: str) -> None:
    with pytest.raises(BallotInvalid) as error:
        read(note((old, new)))
    assert error.value.field == field


def test_a_field_of_ours_in_capitals_is_that_field_and_other_names_stay() -> None:
    ballot = read(note(('status: "pending"', "STATUS: approved\nMy Field: x\nmy field: y")))
    assert ballot.verdicts == YES
    assert (ballot.fields["My Field"], ballot.fields["my field"]) == ("x", "y")


INVALID = [
    (b"", "empty"),
    (b" \r\n ", "empty"),
    (b"\xef\xbb\xbf", "front matter"),
    (b"---\nstatus: approved\n", "not closed"),
    (b"---\nstatus: app", "not closed"),
    (b"---\n---\n", "empty"),
    (b"---\r\r---", "empty"),
    (b"x\n---\nstatus: approved\n---\n", "stands before"),
    (b"\xef\xbb\xbf\xef\xbb\xbf---\nstatus: approved\n---\n", "front matter"),
    (b"---\nstatus: approved\n---\n\0", "NUL"),
    (b"---\nstatus: approved\0\n---\n", "NUL"),
    (b"---\nstatus: approved\n---\n\xff", "not UTF-8"),
    (b"---\nstatus: approved\n---\n\xed\xa0\x80", "not UTF-8"),
    (NOTE.encode("utf-16"), "NUL"),
    (b"---\nstatus: approved\n---\n" + b"x" * LIMIT, "larger than 256 KiB"),
    (b"---\n<<<<<<< HEAD\nstatus: approved\n=======\nstatus: rejected\n>>>>>>> b\n---\n", "conflict"),
]


@pytest.mark.parametrize(("data", "reason"), INVALID)
def test_what_cannot_be_read_is_refused_with_the_file_and_the_reason(data: bytes, reason: str) -> None:
    path = Path("/vault/Pending_Approval/n.md")
    with pytest.raises(BallotInvalid, match=f"n.md: .*{reason}") as error:
        read_ballot(data, path)
    assert error.value.path == path


def test_a_truncated_note_decides_nothing_unless_all_of_its_front_matter_is_there() -> None:
    text = with_status("approved")
    end = text.index("---\n", 4) + 3
    for cut in range(end):
        assert verdicts(text[:cut]) == "refused"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(NOTE)), st.integers(0, 40))
def test_any_bytes_at_all_are_a_ballot_or_refused(junk: bytes, at: int, cut: int) -> None:
    data = NOTE.encode()
    for text in (junk, b"---\n" + junk + b"\n---\n", data[:at] + junk + data[at + cut :]):
        try:
            found: object = read_ballot(text).verdicts
        except BallotInvalid as error:
            found = str(error)
        assert found == NOTHING or found in (YES, NO, BOTH) or "the note: " in str(found)


def test_a_note_may_be_as_large_as_the_limit() -> None:
    text = note()
    assert read(text + "x" * (LIMIT - len(text))).notes.endswith("x")
    assert verdicts(text + "x" * (LIMIT - len(text) + 1)) == "refused"


def test_a_note_without_the_fields_of_a_person_says_nothing() -> None:
    ballot = read("---\nid: x\n---\n")
    assert (ballot.status, ballot.unknown, ballot.comment, ballot.approver) == ("", None, "", "")


def test_a_status_of_several_words_is_told_as_it_stands() -> None:
    assert read(with_status("[pending, approved]")).unknown == "pending, approved"


@pytest.mark.parametrize(
    ("value", "unknown"),
    [('"\'"', "'"), ("'\"\"'", None), ("\"''\"", None), ('"\u2018\u2019"', None), ("\u201c", "\u201c")],
)
def test_quotes_around_nothing_are_nothing_and_half_a_pair_is_told(value: str, unknown: str | None) -> None:
    assert read(with_status(value)).unknown == unknown


def test_a_field_that_became_an_empty_list_is_empty() -> None:
    assert read(note(('approver: ""', "approver: []"))).approver == ""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('status: "pending"', "status: {}"), "`status` is a mapping; write one word"),
        (('approver: ""', "approver: [ana, bob]"), "`approver` holds more than one value; write one"),
        (('comment: ""', "comment: {}"), "`comment` is not text; put it into quotes"),
        (
            ("comment:", "Status: approved\ncomment:"),
            "the field 'Status' looks like `status`; keep one `status`",
        ),
    ],
)
def test_what_cannot_be_read_one_way_is_told_with_its_field_and_a_remedy(
    change: tuple[str, str], told: str
) -> None:
    with pytest.raises(BallotInvalid) as error:
        read(note(change))
    assert str(error.value) == f"the note: {told}"


def test_notes_begin_after_the_heading_whichever_way_its_line_ends() -> None:
    for end in ("\n", "\r", "\r\n"):
        assert read(note(notes="mine").replace("\n", end)).notes == "mine"
        assert read(note().replace("\n", end)).notes == ""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_note_that_ends_with_its_heading_has_no_notes(end: str) -> None:
    ballot = read(note().removesuffix("\n").replace("\n", end))
    assert (ballot.has_notes, ballot.notes) == (True, "")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b" \r\n ", "the note: the note is empty"),
        (b"---\n\0", "the note: the note holds NUL bytes, as after a crash; restore its text"),
        (b"---\n\xff", "the note: byte 4 is not UTF-8; save the note as UTF-8"),
        (b"x" * (LIMIT + 1), "the note: the note is larger than 256 KiB; shorten it"),
    ],
)
def test_what_cannot_be_read_at_all_is_told_with_what_to_do(data: bytes, told: str) -> None:
    with pytest.raises(BallotInvalid) as error:
        read_ballot(data)
    assert str(error.value) == told
