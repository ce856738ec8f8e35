"""Signed notes: the format's own example, and nothing that was changed passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.errors import SignatureInvalid
from hitl_vault.trust.signed_note import PublicKey, Signer, text_of, verified

# From the documentation of golang.org/x/mod/sumdb/note, which the format comes from.
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SIGNER = Signer("hitl-vault/v1", bytes(range(32)))


def test_a_note_signed_by_another_implementation_verifies() -> None:
    assert verified(NOTE, PublicKey.read(KEY)) == NOTE.rpartition("\n\n")[0] + "\n"
    assert str(PublicKey.read(KEY)) == KEY


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]) | st.just("\n"), max_size=200))
def test_what_we_sign_verifies_and_says_the_same(text: str) -> None:
    note = SIGNER.sign(f"{text}\n")
    assert verified(note, SIGNER.public) == f"{text}\n" == text_of(note)
    assert PublicKey.read(str(SIGNER.public)) == SIGNER.public


def test_any_changed_character_is_noticed() -> None:
    note = SIGNER.sign("origin\n3\nabc\n")
    for at in range(len(note)):
        other = note[:at] + ("x" if note[at] != "x" else "y") + note[at + 1 :]
        with pytest.raises(SignatureInvalid):
            verified(other, SIGNER.public)


def test_signatures_of_others_beside_ours_do_not_matter() -> None:
    note = SIGNER.sign("text\n")
    both = note + Signer("somebody", bytes(32)).sign("text\n").partition("\n\n")[2]
    assert verified(both, SIGNER.public) == "text\n"


def test_the_key_of_another_name_or_another_key_of_the_name_is_not_ours() -> None:
    note = SIGNER.sign("text\n")
    for other in (Signer("hitl-vault/v2", bytes(range(32))), Signer("hitl-vault/v1", bytes(32))):
        with pytest.raises(SignatureInvalid, match="is not signed by"):
            verified(note, other.public)


@pytest.mark.parametrize(
    "note", ["", "text\n", "text\n\n", "text\n\n— a\n", "text\n\n- a AAAAAAAA\n", "te\rxt\n\n— a AAAAAAAA\n"]
)
def test_what_is_no_signed_note_is_refused(note: str) -> None:
    with pytest.raises(SignatureInvalid, match="no signed note"):
        verified(note, SIGNER.public)


@pytest.mark.parametrize(
    "text",
    ["", "a+b", KEY[:-4], KEY.replace("c74f20a3", "c74f20a4"), KEY.replace("ARpc", "AQpc"), "a+" + KEY],
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"key|base64"):
        PublicKey.read(text)
