"""The quick reading of an ordinary answer finds what the strict one finds, or leaves it to that one."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from noted import pending, requests

from hitl_vault.domain.request import Request
from hitl_vault.vault.ballot import read_ballot
from hitl_vault.vault.draw import Drawer, Person
from hitl_vault.vault.plain import plain_ballot
from hitl_vault.vault.seal import differences
from hitl_vault.vault.templates import Templates

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


@settings(max_examples=150, deadline=None)
@given(requests(), st.sampled_from(ANSWERS))
def test_an_ordinary_answer_reads_the_same_either_way(asked: Request, answer: tuple[bytes, bytes]) -> None:
    drawn = DRAWER.draw(pending(asked), Person())
    answered = drawn.replace(*answer, 1)
    quick, strict = plain_ballot(answered, sha(drawn)), read_ballot(answered)
    assert quick is not None
    for name in ("status", "verdict", "unknown", "approve", "reject", "torn", "approver", "comment", "notes"):
        assert getattr(quick, name) == getattr(strict, name)
    assert quick.verdicts == strict.verdicts
    assert differences(drawn, answered) == []


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
