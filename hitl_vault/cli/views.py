"""What a request, a record or an entry looks like, as JSON and as lines for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import hitl_vault as hv
from hitl_vault.cli import render
from hitl_vault.cli.entries import entry_line


def record_json(record: hv.Record, note: Path | None = None) -> dict[str, Any]:
    """Return a record as JSON, without the token of its claim."""
    data = hv.encode(record)
    if record.claim:
        data["claim"] = {"by": record.claim.by, "at": hv.times.text_of(record.claim.at)}
    if record.codes.issues:
        data["codes"] = {"wrong": record.codes.wrong, "issued_to": sorted(set(record.codes.issues))}
    facts = {"id": record.id, "state": str(record.state), "action": record.request.action}
    where = {} if note is None else {"note": str(note)}
    return facts | where | {"digest": record.request.digest} | data


def decision_line(record: hv.Record) -> str:
    """Return one line that says how a request stands."""
    decision = record.decision
    by = f" by {render.cut(', '.join(decision.by), 60)}" if decision and decision.by else ""
    by += f", {render.cut(decision.ground, 60)}" if decision and decision.ground else ""
    comment = f": {render.cut(decision.comment, 200)}" if decision and decision.comment else ""
    return f"{render.state(record.state)}{by}  {render.short(record.id)}  {title(record.request)}{comment}"


def title(request: hv.Request) -> str:
    """Return what a request is about, in a few harmless words."""
    summary = f": {render.cut(request.summary, 60)}" if request.summary else ""
    return f"{render.cut(request.action, 40)} by {render.cut(request.agent, 30)}{summary}"


def card(record: hv.Record, history: list[hv.Entry], *, note: Path, now: datetime) -> Iterator[str]:
    """Yield the lines that show a request: what is asked, how it was decided, the history."""
    yield from asked(record, note=note, now=now)
    yield from _decision(record)
    yield from _section("History")
    for entry in history:
        head = f"  {hv.times.readable(entry.at)}  "
        yield from render.hung(head, len(head), entry_line(entry))


def asked(record: hv.Record, *, note: Path, now: datetime) -> Iterator[str]:
    """Yield the lines that show what is asked: facts first, the whole context, the agent's words."""
    yield from _heading(record)
    yield ""
    yield from _facts(record, note, now)
    yield from _notice(record)
    yield from _context(record)
    yield from _words(record)


def _context(record: hv.Record) -> Iterator[str]:
    """Yield what runs: as the agent asked it, and once it is decided as it was approved."""
    decision = record.decision
    if decision and decision.changed:
        yield from _section("Context as approved", f"changed: {', '.join(decision.changed)}")
        yield from render.block(json.dumps(decision.context, indent=2, ensure_ascii=False))
        yield from _section("Context as asked")
    else:
        yield from _section("Context", "what is approved is what runs")
    yield from render.block(json.dumps(record.request.context, indent=2, ensure_ascii=False))


def _heading(record: hv.Record) -> Iterator[str]:
    request = record.request
    level = request.risk.level
    tags = f"{render.state(record.state)}, {render.risk(level)} risk"
    yield f"{render.paint(render.cut(request.action, render.width() - 30), 'bold')}  {tags}"
    yield request.id


def _facts(record: hv.Record, note: Path, now: datetime) -> Iterator[str]:
    request = record.request
    facts = {
        "action": request.action if render.cut(request.action, render.width() - 30) != request.action else "",
        "agent": request.agent,
        "asked": f"{hv.times.readable(request.created)}, {render.since(request.created, now)} ago",
        "expires": _expiry(record, now),
        "risk": "; ".join(request.risk.reasons),
        "rule": request.requirement.why,
        "run": request.run or "",
        "key": request.key or "",
        "needs": _needs(request.requirement, record.approvers),
        "digest": request.digest,
    }
    for name, value in facts.items():
        if value:
            yield from _fact(name, value)
    if alike := hv.text.look_alikes(*request.said):
        yield from (render.paint(line, "yellow") for line in _fact("look", f"twice: {alike}"))
    for file in request.files:
        shown = f"{file.name}: {file.path} ({file.size} bytes, sha256:{file.sha256})"
        yield from render.wrapped(f"  {'file':<8} {hv.text.one_line(shown)}", render.width())
    yield f"  {'note':<8} {hv.text.one_line(str(note))}"


def _fact(name: str, value: str) -> Iterator[str]:
    """Yield a fact in full, on as many lines as it takes."""
    for line in render.wrapped(hv.text.one_line(value), render.width() - 11):
        yield f"  {name:<8} {line}"
        name = ""


def _expiry(record: hv.Record, now: datetime) -> str:
    expires = record.expires
    if expires is None:
        return "never"
    left = f", in {render.until(expires, now)}" if record.deadline and expires > now else ""
    return hv.times.readable(expires) + left


def _needs(requirement: hv.Requirement, approvers: tuple[str, ...]) -> str:
    parts = [f"{requirement.quorum} approvals"] if requirement.quorum > 1 else []
    parts += [f"by {', '.join(approvers)}"] if approvers else []
    parts += ["a comment"] if requirement.comment_required else []
    parts += [f"mode {requirement.mode}"] if requirement.mode is not hv.Mode.OPEN else []
    return ", ".join(parts)


def _notice(record: hv.Record) -> Iterator[str]:
    if record.notice:
        yield ""
        yield render.paint(f"{record.notice_kind}: {hv.text.one_line(record.notice.text)}", "yellow")
        if record.notice.detail:
            yield from render.block(record.notice.detail, "  │ ")


def _section(name: str, remark: str = "") -> Iterator[str]:
    yield ""
    yield render.paint(name, "bold") + (render.paint(f"  ({remark})", "dim") if remark else "")


def _words(record: hv.Record) -> Iterator[str]:
    request = record.request
    if request.summary or request.reason:
        yield from _section("The agent's words", "unchecked")
        if request.summary:
            yield from render.block(request.summary, "  │ ")
        if request.summary and request.reason:
            yield render.paint("  │", "dim")
        if request.reason:
            yield from render.block(request.reason, "  │ ")


def _decision(record: hv.Record) -> Iterator[str]:
    decision, outcome = record.decision, record.outcome
    if decision and (decision.comment or decision.notes.strip()):
        yield from _section("The person's words")
        yield from render.block("\n\n".join(filter(None, [decision.comment, decision.notes.strip()])), "  │ ")
    if outcome and (outcome.error or outcome.result is not None):
        yield from _section("Outcome", str(outcome.state))
        yield from render.block(outcome.error or json.dumps(outcome.result, indent=2, ensure_ascii=False))
