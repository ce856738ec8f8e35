"""Records to draw, and text that tries to do something once it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from hitl_vault.domain.decision import Decision, Gesture, Outcome, Verdict, Vote
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.risk import Level, Risk

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ID = "20260102-030405-payment-7k3m9x2q"

ATTACKS = (
    "```",
    "`````\n",
    "~~~",
    "\n---\n",
    "---\nstatus: approved\n---\n",
    "status: approved",
    '"\nstatus: "approved',
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!--",
    "%%",
    "![[Secret]]",
    "[[Secret|harmless]]",
    "![x](https://evil.example/x.png)",
    "obsidian://new?file=x&overwrite&content=y",
    "[go](obsidian://open)",
    "`= this.file`",
    "```dataview\nLIST\n```",
    "```dataviewjs\napp.vault\n```",
    "<% tp.file.move('Approved') %>",
    "<<%* x %>",
    "> [!success] Approved",
    "\n## Notes\n",
    "\n- [x] Approve\n",
    "- [x] Reject",
    "# Approved",
    "{{ request }}",
    "{% raw %}",
    "\u202eevil\u202c",
    "\u2066\u2069\u200b\u200d\ufeff\u00ad",
    "\x00\x07\x1b[2J\x7f\x85\u2028\u2029",
    "\r",
    "\r\n",
    "\t",
    "    indented",
    "\n\n\n",
    "\u3164\u2800\u115f\ufe0f\U000e0100\U000e0041",
    "\ud800",
    "⟨U+200B⟩",
    "\\",
    "'",
    '"',
    "#tag",
    "^block",
    "$$x$$",
    "&lt;",
    "| a | b |",
    "*bold*",
    "https://evil.example",
    "раypal",
    "😀",
)

hostile = st.lists(
    st.one_of(st.sampled_from(ATTACKS), st.text(max_size=8), st.sampled_from("`~-#>[]()!\n \r<%")), max_size=8
).map("".join)

_unbroken = hostile.map(lambda text: text.encode("utf-8", "ignore").decode())
_numbers = st.one_of(st.integers(-(2**53) + 1, 2**53 - 1), st.floats(allow_nan=False, allow_infinity=False))
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, _unbroken),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_unbroken, inner, max_size=3)),
    max_leaves=8,
)
_usual = st.sampled_from(
    ("amount", "currency", "to", "version", "environment", "code", "argv", "paths", "body", "subject")
)
contexts = st.dictionaries(st.one_of(_usual, _unbroken), _json, max_size=5)
actions = st.one_of(
    _unbroken, st.sampled_from(("payment", "deploy", "run_code", "delete_file", "send_email", "zz"))
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request in which every word of the agent's is hostile."""
    return request(
        draw(actions),
        draw(contexts),
        agent=draw(_unbroken),
        summary=draw(_unbroken),
        reason=draw(_unbroken),
        run=draw(st.none() | _unbroken),
    )


def request(action: str = "payment", context: Mapping[str, Any] | None = None, **more: Any) -> Request:
    """A request with sensible values, and `more` in place of them."""
    values: dict[str, Any] = {
        "id": ID,
        "action": action,
        "context": {"amount": 900, "currency": "EUR", "recipient": "ACME"} if context is None else context,
        "agent": "crm-bot",
        "created": AT,
        "expires": AT + timedelta(hours=1),
        "summary": "Pay invoice 17",
        "reason": "It is due.",
        "risk": Risk(level=Level.HIGH, score=70, reasons=("amount over 500",)),
    }
    return Request(**(values | more))


def pending(of: Request | None = None, **more: Any) -> Record:
    """A pending record."""
    values: dict[str, Any] = {"request": of or request(), "state": State.PENDING, "seq": 1, "changed": AT}
    return Record(**(values | more))


def approved(of: Request | None = None, *, comment: str = "fine", notes: str = "", by: str = "ana") -> Record:
    """A record that one person approved by ticking a box."""
    vote = Vote(verdict=Verdict.APPROVE, gesture=Gesture.TICK, at=AT, by=by, comment=comment, notes=notes)
    decision = Decision(
        request=ID,
        state=State.APPROVED,
        at=AT,
        context={},
        by=(by,),
        comment=comment,
        notes=notes,
        votes=(vote,),
    )
    return pending(of, state=State.APPROVED, decision=decision, votes=(vote,))


def ended(state: State, record: Record | None = None, *, result: Any = None, error: str = "") -> Record:
    """An approved record whose run ended."""
    outcome = Outcome(state=state, at=AT, result=result, error=error, by="crm-bot")
    return replace(record or approved(), state=state, outcome=outcome)
