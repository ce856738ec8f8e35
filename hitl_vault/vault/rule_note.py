"""Draws the note of a standing rule: what it covers, until when, from which approval, and how to end it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hitl_vault.domain.canonical import digest
from hitl_vault.domain.codec import encode
from hitl_vault.domain.standing import ACTIVE, StandingRule
from hitl_vault.domain.times import readable
from hitl_vault.vault import inert
from hitl_vault.vault.fields import stamp
from hitl_vault.vault.frontmatter import Value, emit
from hitl_vault.vault.inert import field, row_text
from hitl_vault.vault.templates import title_of

TYPE = "standing_rule"


def draw_rule(rule: StandingRule, uses: int, notes: str = "") -> bytes:
    """Return the note of a rule that has answered `uses` requests, with the person's `notes` verbatim."""
    body = "\n\n".join(_body(rule, uses))
    return f"---\n{emit(_fields(rule, uses))}---\n\n{body}\n\n## Notes\n{notes}".encode()


def _fields(rule: StandingRule, uses: int) -> dict[str, Value]:
    return {
        "status": ACTIVE if rule.ended is None else "ended",
        "id": rule.id,
        "action": field(rule.action),
        "agent": field(rule.agent),
        "granted": stamp(rule.granted),
        "ends": stamp(rule.ends),
        "uses": str(uses),
        "digest": digest(encode(rule)),
        "type": TYPE,
        "tags": ["standing-rule"],
    }


def _body(rule: StandingRule, uses: int) -> Iterator[str]:
    yield f"# Standing rule: {title_of(rule.action)}"
    yield _headline(rule)
    yield inert.table(list(_rows(rule, uses)))
    yield f"It was made by the approval of `{rule.id}`."  # a link would find this note, of the same name
    yield from _block("What has to be equal", rule.equal)
    yield from _block("What may be a smaller number", rule.limits)
    if rule.scope.free:
        yield "## What may be anything"
        yield inert.block("\n".join(rule.scope.free))


def _headline(rule: StandingRule) -> str:
    if rule.ended is not None:
        return f"> [!info] Ended, {readable(rule.ended)}"
    return (
        f"> [!warning] Requests like this are approved without asking, until {readable(rule.ends)}\n"
        "> To end that at once, delete this note, or set `status` to `revoked`."
    )


def _rows(rule: StandingRule, uses: int) -> Iterator[tuple[str, str]]:
    yield "Action", row_text(rule.action)
    yield "Agent", row_text(rule.agent)
    yield "Granted by", row_text(", ".join(rule.by) or "unnamed")
    yield "Risk", f"at most {rule.scope.up_to}"
    yield "Answered so far", str(uses)
    if rule.why:
        yield "Ended because", row_text(rule.why)


def _block(title: str, values: Mapping[str, Any]) -> Iterator[str]:
    if values:
        yield f"## {title}"
        yield inert.json_block(values)
