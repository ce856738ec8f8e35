"""What time alone brings about, recorded once it is due."""

from __future__ import annotations

from hitl_vault.domain.lifecycle import Kind
from hitl_vault.domain.record import Record
from hitl_vault.domain.times import text_of
from hitl_vault.entries import append
from hitl_vault.ledger.protocol import Writer


def expire(writer: Writer, id: str) -> Record:
    """Record the expiry if the deadline has passed; otherwise return the record as it is."""
    record = writer.record(id)
    if record.deadline is None or writer.now < record.deadline:
        return record
    return append(writer, record, Kind.EXPIRED, {"deadline": text_of(record.deadline)})
