"""What is signed is one vote and no other, byte for byte."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.domain.decision import Verdict
from hitl_vault.domain.request import Request
from hitl_vault.errors import SignatureInvalid
from hitl_vault.trust.envelope import (
    PAYLOAD_TYPE,
    Signed,
    Statement,
    pae,
    read_body,
    read_signed,
    statement_of,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REQUEST = Request(
    id="20260102-030405-pay-7k3m9x2q",
    action="pay",
    context={"amount": 900},
    agent="crm-bot",
    created=NOW,
    expires=NOW + timedelta(hours=1),
)
STATEMENT = statement_of(REQUEST, Verdict.APPROVE, "ana", NOW)
statements = st.builds(Statement, **{field.name: st.text(max_size=12) for field in fields(Statement)})


def token(body: bytes, signature: bytes = b"s", scheme: str = "ssh", prefix: str = "hv1") -> str:
    parts = (urlsafe_b64encode(part).rstrip(b"=").decode() for part in (body, signature))
    return ".".join((prefix, scheme, *parts))


def test_the_encoding_is_that_of_dsse() -> None:
    """The vector of the DSSE protocol."""
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_a_statement_says_all_that_a_vote_is_bound_to() -> None:
    said = json.loads(STATEMENT.body)
    assert said.pop("nonce") != statement_of(REQUEST, Verdict.APPROVE, "ana", NOW).nonce
    assert said == {
        "request": REQUEST.id,
        "digest": REQUEST.digest,
        "context": REQUEST.context_digest,
        "verdict": "approve",
        "approver": "ana",
        "decided_at": "2026-01-02T03:04:05.000000Z",
        "expires_at": "2026-01-02T04:04:05.000000Z",
    }
    assert STATEMENT.signed == b"DSSEv1 39 %s %d %s" % (
        PAYLOAD_TYPE.encode(),
        len(STATEMENT.body),
        STATEMENT.body,
    )


@given(statements, statements)
def test_two_different_statements_are_never_signed_as_the_same_bytes(
    one: Statement, other: Statement
) -> None:
    assert (one == other) is (one.signed == other.signed)


@given(statements)
def test_a_statement_reads_back_from_its_body(statement: Statement) -> None:
    assert read_body(statement.body) == statement


@pytest.mark.parametrize("name", [field.name for field in fields(Statement)])
def test_no_field_can_be_exchanged_without_changing_what_is_signed(name: str) -> None:
    assert replace(STATEMENT, **{name: "other"}).signed != STATEMENT.signed


@given(st.permutations([field.name for field in fields(Statement)]))
def test_values_that_change_places_are_another_statement(order: list[str]) -> None:
    names = [field.name for field in fields(Statement)]
    moved = Statement(**{name: getattr(STATEMENT, other) for name, other in zip(names, order, strict=True)})
    assert (moved.signed == STATEMENT.signed) is (order == names)


@given(statements, st.binary(min_size=1, max_size=40), st.sampled_from(["ssh", "hmac"]))
def test_a_signed_statement_reads_back_from_one_word(statement: Statement, data: bytes, scheme: str) -> None:
    signed = Signed(scheme=scheme, statement=statement, signature=data)
    assert read_signed(signed.text) == signed
    assert not set(signed.text) & set(" \n:\"'#")


BODY = STATEMENT.body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 5000,
        BODY[:-1],
        BODY + b" ",
        BODY.replace(b'"ana"', b'"ana" '),
        BODY.replace(b'"ana"', b'"\\u0061na"'),
        BODY.replace(b'"ana"', b"7"),
        BODY.replace(b'"ana"', b'["ana"]'),
        BODY.replace(b'{"approver":"ana",', b"{"),
        BODY.replace(b'{"approver":"ana"', b'{"approver":"ben","approver":"ana"'),
        BODY.replace(b"{", b'{"also":"x",'),
        BODY.replace(b'"ana"', b'"' + b"a" * 1025 + b'"'),
    ],
)
def test_a_body_that_is_not_the_canonical_one_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        read_signed(token(body))


GOOD = token(BODY)


@pytest.mark.parametrize(
    "text",
    [
        *("", "hv1", "hv1.ssh.a", GOOD[:-1] + "!", GOOD + ".x", GOOD + "=", GOOD + " ", "x" * 20000),
        *(GOOD.replace("hv1", "hv2"), GOOD.replace("ssh", "none"), GOOD.replace("ssh", "SSH")),
        *(GOOD[:-2], GOOD + "é", GOOD.replace("hv1.ssh", "hv1.")),
    ],
)
def test_a_word_that_is_not_a_signature_is_refused(text: str) -> None:
    with pytest.raises(SignatureInvalid):
        read_signed(text)
