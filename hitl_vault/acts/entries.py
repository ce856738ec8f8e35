"""Appends an entry about a request and folds it into the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hitl_vault.domain.lifecycle import Kind
from hitl_vault.domain.record import Record
from hitl_vault.ledger.protocol import Writer


def append(writer: Writer, record: Record, kind: Kind, body: Mapping[str, Any]) -> Record:
    """Append an entry about the request of `record`, and return the record after it."""
    writer.append(kind, record.id, body, mode=record.request.requirement.mode)
    return writer.record(record.id)
