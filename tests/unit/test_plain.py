"""The quick reading of an ordinary answer finds what the strict one finds, or leaves it to that one."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitl_vault.domain.request import Request
from hitl_vault.vault.ballot import read_ballot
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.person import Person
from hitl_vault.vault.plain import plain_ballot
from hitl_vault.vault.seal import differences
from hitl_vault.vault.templates import Templates
from tests.noted import pending, request, requests

DRAWER = Drawer(Templates())
DRAWN = DRAWER.draw(pending(), Person())


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


ANSWERS = [
    (b'status: "pending"', b"status: approved"),
    (b'status: "pending"', b'status: "Approved"'),
    (b'status: "pending"', b"status: DENY"),
    (b'status: "pending"', b"status: reject"),
    (b"- [ ] Approve", b"- [x] Approve"),
    (b"- [ ] Reject", b"- [X] Reject"),
]


SAME = (
    "status",
    "verdict",
    "unknown",
    "approve",
    "reject",
    "torn",
    "approver",
    "comment",
    "code",
    "signature",
)


def agree(drawn: bytes, answered: bytes) -> bool:
    """Tell whether the quick reading took this answer; if so, it found what the strict one finds."""
    quick = plain_ballot(answered, sha(drawn))
    if quick is None:
        return False
    strict = read_ballot(answered)
    assert [getattr(quick, name) for name in SAME] == [getattr(strict, name) for name in SAME]
    assert (quick.verdicts, quick.notes, quick.has_notes) == (strict.verdicts, strict.notes, strict.has_notes)
    assert (quick.fields, quick.head) == ({}, "")
    assert (quick.remember, quick.remember_ticked, quick.asks) == (
        strict.remember,
        strict.remember_ticked,
        strict.asks,
    )
    assert differences(drawn, answered) == []
    return True


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_ordinary_answer_is_read_quickly(answer: tuple[bytes, bytes]) -> None:
    assert agree(DRAWN, DRAWN.replace(*answer, 1))


@settings(max_examples=150, deadline=None)
@given(requests(), st.sampled_from(ANSWERS))
def test_an_ordinary_answer_reads_the_same_either_way(asked: Request, answer: tuple[bytes, bytes]) -> None:
    drawn = DRAWER.draw(pending(asked), Person())
    agree(drawn, drawn.replace(*answer, 1))


BOXES = "- [ ] Approve\n- [ ] Reject"


@pytest.mark.parametrize("label", ["Approve", "Reject"])
@pytest.mark.parametrize("text", [BOXES, f"{BOXES}\n\n## Notes\n"])
def test_a_tick_in_the_agents_text_is_none(text: str, label: str) -> None:
    drawn = DRAWER.draw(pending(request(summary=text, reason=text)), Person())
    above, box, below = drawn.decode().rpartition(f"- [ ] {label}")
    ticked = f"{above}{box.replace('[ ]', '[x]')}{below}".encode()
    assert plain_ballot(ticked, sha(drawn)) is None
    assert read_ballot(ticked).verdicts == frozenset()


def test_a_tick_in_a_fence_is_none_where_a_template_has_no_boxes() -> None:
    boxes = BOXES.encode()
    drawn = DRAWN.replace(boxes, b"Answer elsewhere.").replace(
        b"\n\n## Notes", b"\n```\n" + boxes + b"\n```\n\n## Notes"
    )
    ticked = drawn.replace(b"[ ] Approve", b"[x] Approve")
    assert plain_ballot(ticked, sha(drawn)) is None
    assert read_ballot(ticked).verdicts == frozenset()


KEPT = [
    Person(approver="bob"),
    Person(comment="why not?"),
    Person(status="aproved"),
    Person(status="approved"),
    Person(approve=True),
    Person(reject=True),
    Person(approve=True, reject=True),
    Person(notes="mine\n\n## Notes\n"),
    Person(code="7K3M9X2Q"),
    Person(signature="hv1.hmac.e30.AA"),
    Person(extra={"mood": "fine"}),
]


@pytest.mark.parametrize("person", KEPT)
@pytest.mark.parametrize("answer", ANSWERS)
def test_what_a_person_wrote_before_the_note_was_drawn_again_still_counts(
    person: Person, answer: tuple[bytes, bytes]
) -> None:
    drawn = DRAWER.draw(pending(), person)
    agree(drawn, drawn.replace(*answer, 1))


@pytest.mark.parametrize(
    "answered",
    [
        DRAWN,
        DRAWN.replace(b'"pending"', b"aproved"),
        DRAWN.replace(b'"pending"', b'"approved'),
        DRAWN.replace(b'"pending"', b"approved").replace(b"900", b"90"),
        DRAWN.replace(b'"pending"', b"approved").replace(b"[ ] Reject", b"[x] Reject"),
        DRAWN.replace(b"[ ]", b"[x]"),
        DRAWN.replace(b'"pending"', b"approved") + b"my notes",
        DRAWN.replace(b'"pending"', b"approved").replace(b'comment: ""', b"comment: ok"),
        DRAWN.replace(b"\n", b"\r\n").replace(b'"pending"', b"approved"),
        b"",
    ],
)
def test_everything_else_is_left_to_the_strict_reader(answered: bytes) -> None:
    assert plain_ballot(answered, sha(DRAWN)) is None


@settings(deadline=None)
@given(st.binary(max_size=40), st.integers(0, len(DRAWN)), st.integers(0, 40))
def test_no_other_change_passes_as_an_ordinary_answer(inserted: bytes, at: int, cut: int) -> None:
    answered = DRAWN.replace(b'"pending"', b"approved")
    changed = answered[:at] + inserted + answered[at + cut :]
    quick = plain_ballot(changed, sha(DRAWN))
    if quick is not None:
        assert differences(DRAWN, changed) == []
        assert quick.verdicts == read_ballot(changed).verdicts


def test_only_a_box_below_the_front_matter_is_ticked() -> None:
    """An agent's own note may have text over several lines in its front matter."""
    boxes = b'agent: "crm-bot\n\n- [ ] Approve\n\n  "'
    drawn = DRAWN.replace(b"- [ ] Approve\n", b"").replace(b'agent: "crm-bot"', boxes)
    ticked = drawn.replace(b"[ ] Approve", b"[x] Approve")
    assert read_ballot(ticked).verdicts == frozenset()
    assert plain_ballot(ticked, sha(drawn)) is None


def test_a_rule_across_the_page_is_not_the_end_of_the_front_matter() -> None:
    drawn = DRAWN.replace(b"\n\n## Notes", b"\n\n---\n\n## Notes")
    assert agree(drawn, drawn.replace(b"[ ] Approve", b"[x] Approve"))


def test_a_tick_in_a_note_whose_front_matter_never_ends_is_none() -> None:
    drawn = DRAWN.replace(b"\n---\n", b"\n", 1)
    assert b"\n---\n" not in drawn
    assert plain_ballot(drawn.replace(b"[ ] Approve", b"[x] Approve"), sha(drawn)) is None
