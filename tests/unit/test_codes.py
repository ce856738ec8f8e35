"""One-time codes: readable, recognised only by who holds the key, and good for one thing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.domain.codec import encode
from hitl_vault.domain.decision import Verdict
from hitl_vault.domain.requirement import Mode
from hitl_vault.trust.codes import is_whole, issue, meant, new_code, shown, tidy
from hitl_vault.trust.evidence import Evidence
from hitl_vault.trust.keys import Key

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = Key(id="k1", secret=bytes(range(32)), created=NOW)
OTHER = Key(id="k2", secret=bytes(range(1, 33)), created=NOW)


def test_codes_are_eight_characters_that_no_editor_takes_for_a_number_and_no_eye_confuses() -> None:
    for code in (new_code() for _ in range(2000)):
        assert len(code) == 8
        assert code[0].isalpha()
        assert not set(code) & set("01OILU")


def test_codes_do_not_repeat() -> None:
    assert len({new_code() for _ in range(20000)}) == 20000


def test_both_codes_are_recognised_and_mean_what_they_were_issued_for() -> None:
    issued, codes = issue(KEY, "sha256:aa", "ana")
    assert {verdict: meant(KEY, "sha256:aa", issued, code) for verdict, code in codes.items()} == {
        verdict: verdict for verdict in Verdict
    }


@pytest.mark.parametrize(
    "change", [str.lower, shown, lambda code: f" {code[:3]} {code[3:]}\n", lambda c: shown(c).lower()]
)
def test_a_code_may_be_typed_with_blanks_hyphens_and_small_letters(change) -> None:  # type: ignore[no-untyped-def]
    issued, codes = issue(KEY, "sha256:aa", "ana")
    typed = change(codes[Verdict.APPROVE])
    assert is_whole(typed)
    assert meant(KEY, "sha256:aa", issued, typed) is Verdict.APPROVE


def test_a_code_is_bound_to_the_request_the_approver_the_nonce_and_the_key() -> None:
    issued, codes = issue(KEY, "sha256:aa", "ana")
    again, _ = issue(KEY, "sha256:aa", "ana")
    others, _ = issue(KEY, "sha256:aa", "ben")
    code = codes[Verdict.APPROVE]
    assert meant(KEY, "sha256:bb", issued, code) is None
    assert meant(OTHER, "sha256:aa", issued, code) is None
    assert meant(KEY, "sha256:aa", again, code) is None
    assert meant(KEY, "sha256:aa", others, code) is None


def test_neither_the_codes_nor_their_plain_hashes_are_recorded() -> None:
    issued, codes = issue(KEY, "sha256:aa", "ana")
    recorded = json.dumps(encode(issued))
    for code, written in product(codes.values(), (str, str.lower, shown)):
        assert written(code) not in recorded
    assert KEY.secret.hex() not in recorded


@given(st.text())
def test_no_other_text_is_taken_for_a_code(typed: str) -> None:
    issued, codes = issue(KEY, "sha256:aa", "ana")
    assert meant(KEY, "sha256:aa", issued, typed) is None or tidy(typed) in codes.values()


@pytest.mark.parametrize("typed", ["", "ABCD", "ABCD-234", "ABCD-23456", "ABCD-234O", "ABCD-234é"])
def test_what_is_still_being_typed_is_no_code_yet(typed: str) -> None:
    assert not is_whole(typed)
    assert not Evidence(code=typed).given(Mode.CODE)


def test_evidence_does_not_show_itself() -> None:
    assert repr(Evidence(code="ABCD2345", signature="hv1.ssh.a.b")) == "Evidence()"
