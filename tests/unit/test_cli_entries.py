"""Each entry of the ledger in one line for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import hitl_vault as hv
from hitl_vault.cli.entries import entry_line

VOTE = {"verdict": "approve", "gesture": "tick", "at": "2026-01-02T03:04:05Z", "by": "ana"}
LINES: list[tuple[str, dict[str, Any], str]] = [
    ("asked", {"request": {"action": "pay", "agent": "bot"}}, "asked pay by bot"),
    (
        "asked",
        {"request": {"action": "pay", "agent": "bot", "summary": "all\n\x1b[31m"}},
        "asked pay by bot: all⟨U+000A⟩⟨U+001B⟩[31m",
    ),
    ("voted", VOTE, "voted to approve by ana, by ticking a box"),
    (
        "voted",
        VOTE | {"proof": {"kind": "ssh", "key": "SHA256:abc"}, "comment": "fine"},
        "voted to approve by ana, by ticking a box, signed with the SSH key SHA256:abc: fine",
    ),
    (
        "voted",
        VOTE | {"proof": {"kind": "hmac", "key": "k1"}, "gesture": "api"},
        "voted to approve by ana, from a program, signed with the secret k1",
    ),
    (
        "voted",
        VOTE | {"proof": {"kind": "code", "key": "k1"}},
        "voted to approve by ana, by ticking a box, with a one-time code",
    ),
    (
        "voted",
        VOTE | {"edits": {"amount": 800, "payee.name": "ACME"}, "comment": "less"},
        'voted to approve by ana, by ticking a box, with amount = 800, payee.name = "ACME": less',
    ),
    (
        "voted",
        VOTE | {"remember": 604800},
        "voted to approve by ana, by ticking a box, and the same for 7d",
    ),
    ("approved", {"by": ["ana"], "edits": {"amount": 800}}, "approved by ana, with amount = 800"),
    ("coded", {"codes": [{"approver": "ben"}, {"approver": "ana"}]}, "coded for ana, ben"),
    ("sent", {"nonces": ["n"], "to": "ana", "by": "outbox"}, "sent to ana by outbox"),
    (
        "keyed",
        {"did": "signer added", "key": "SHA256:x", "name": "ana"},
        "keyed: signer added, ana, SHA256:x",
    ),
    ("keyed", {"did": "codes delivered to the outbox"}, "keyed: codes delivered to the outbox"),
    ("escalated", {"to": ["cfo", "ceo"]}, "escalated to cfo, ceo"),
    ("escalated", {"to": ["cfo"], "replace": True}, "escalated to cfo instead of who was asked before"),
    ("reminded", {"before": [1800.0, 600.0]}, "reminded, 30m and 10m before the deadline"),
    ("revoked", {"why": "its time is over"}, "revoked: its time is over"),
    ("revoked", {"why": "no more", "by": "ana"}, "revoked by ana: no more"),
    ("approved", {"by": ["ana", "ben"], "comment": "ok"}, "approved by ana, ben: ok"),
    ("approved", {"ground": "rule 'small' allows it"}, "approved, rule 'small' allows it"),
    ("executed", {"result": {"n": 1}}, 'executed with {"n": 1}'),
    ("failed", {"error": "boom"}, "failed: boom"),
    ("tampered", {"text": "a note was changed"}, "tampered: a note was changed"),
    ("cleared", {}, "cleared"),
]


@pytest.mark.parametrize(("kind", "body", "line"), LINES)
def test_an_entry_says_who_did_what_and_how_it_was_proven(kind: str, body: dict[str, Any], line: str) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    entry = hv.Entry(
        seq=1, at=at, kind=hv.Kind(kind), request="", mode=hv.Mode.OPEN, body=body, prev="", hash=""
    )
    assert entry_line(entry) == line
