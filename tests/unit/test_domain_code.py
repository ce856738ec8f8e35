"""The one-time codes of a request: who has some, who may get new ones, and when none counts any more."""

from __future__ import annotations

import pytest

from hitl_vault.domain.code import MOST_ISSUES, MOST_TRIES, NO_CODES, Codes, IssuedCode

ANA = IssuedCode(approver="ana", nonce="1", key="k", approve="yes", reject="no")
BEN = IssuedCode(approver="ben", nonce="2", key="k", approve="yes", reject="no")
BOTH = NO_CODES.with_issued([ANA, BEN])


def test_everyone_wants_codes_until_theirs_were_sent() -> None:
    assert NO_CODES.wanting(["ana", "ben"]) == ("ana", "ben")
    assert BOTH.wanting(["ana", "ben", "cat"]) == ("ana", "ben", "cat")
    assert BOTH.with_sent(["2"]).wanting(["ana", "ben"]) == ("ana",)
    assert BOTH.with_sent(["2"]).with_sent(["1"]).wanting(["ana", "ben"]) == ()


def test_new_codes_replace_the_earlier_ones_of_the_same_approver_alone() -> None:
    new = IssuedCode(approver="ana", nonce="3", key="k", approve="a", reject="b")
    after = BOTH.with_issued([new])
    assert (after.of("ana"), after.of("ben"), after.of("cat")) == (new, BEN, None)
    assert after.good == (BEN, new)
    assert after.issues == ("ana", "ben", "ana")


def test_nobody_gets_codes_more_often_than_is_allowed() -> None:
    codes = NO_CODES
    for issued in range(MOST_ISSUES):
        assert codes.wanting(["ana"]) == ("ana",), issued
        codes = codes.with_issued([ANA])
    assert codes.wanting(["ana", "ben"]) == ("ben",)


@pytest.mark.parametrize(("verdict", "left"), [("approve", ("", "no")), ("reject", ("yes", ""))])
def test_a_used_code_is_gone_and_the_others_stay(verdict: str, left: tuple[str, str]) -> None:
    after = BOTH.with_used("ana", verdict)
    ana, ben = after.of("ana"), after.of("ben")
    assert ana is not None
    assert (ana.approve, ana.reject, ben) == (*left, BEN)


def test_wrong_tries_are_counted_and_lock_the_request_in_the_end() -> None:
    codes = BOTH
    for tried in range(MOST_TRIES):
        assert (codes.wrong, codes.locked) == (tried, False)
        codes = codes.with_wrong(1, "")
    assert codes.locked
    assert codes.wanting(["ana", "cat"]) == ()
    assert codes.good == (ANA, BEN)
    assert Codes(wrong=MOST_TRIES + 1).locked


def test_codes_that_others_saw_are_gone() -> None:
    after = BOTH.with_wrong(2, "ana")
    assert (after.good, after.wrong) == ((BEN,), 2)
