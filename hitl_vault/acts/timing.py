"""What time alone brings about, recorded once it is due."""

from __future__ import annotations

from hitl_vault.acts.entries import append
from hitl_vault.domain import due
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import Escalation
from hitl_vault.domain.times import text_of
from hitl_vault.ledger.protocol import Writer


def keep(writer: Writer, id: str) -> Record:
    """Record the expiry, the escalations and the reminders that are due, each once; return the record."""
    record = expire(writer, id)
    if record.standing and record.standing.ended is None and writer.now >= record.standing.ends:
        record = append(writer, record, Kind.REVOKED, {"why": "its time is over"})
    for step in due.escalations(record, writer.now):
        record = append(writer, record, Kind.ESCALATED, _said(step))
    if before := due.reminders(record, writer.now):
        record = append(writer, record, Kind.REMINDED, {"before": [span.total_seconds() for span in before]})
    return record


def expire(writer: Writer, id: str) -> Record:
    """Record the expiry if the deadline has passed; otherwise return the record as it is."""
    record = writer.record(id)
    if record.deadline is None or writer.now < record.deadline:
        return record
    return append(writer, record, Kind.EXPIRED, {"deadline": text_of(record.deadline)})


def _said(step: Escalation) -> dict[str, object]:
    return {"to": list(step.to)} | ({"replace": True} if step.replace else {})
