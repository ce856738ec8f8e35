"""The front matter of a note: first what a person touches, then what the system wrote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Any

from hitl_vault.domain.identity import is_id
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import Mode
from hitl_vault.vault.frontmatter import Value
from hitl_vault.vault.inert import field
from hitl_vault.vault.person import Person

TYPE = "approval_request"
TAG = "approval"


def fields(record: Record, person: Person) -> dict[str, Value]:
    """Return every field of a note, in order; whatever the agent wrote in them is inert."""
    own = person_fields(record, person) | system_fields(record)
    return own | {name: value for name, value in person.extra.items() if name not in own}


def person_fields(record: Record, person: Person) -> dict[str, Value]:
    """Return the fields that a person fills in while pending, and what was decided afterwards."""
    if record.state is State.PENDING:
        asked: dict[str, Value] = {
            "status": person.status,
            "approver": person.approver,
            "comment": person.comment,
        }
        if record.rememberable:
            asked["remember"] = person.remember
        return asked | _proof(record.request.requirement.mode, person)
    decision = record.decision
    by, comment = (", ".join(decision.by), decision.comment) if decision else ("", "")
    comment = _bounded(comment, 8192, "all of it stands below")
    return {"status": str(record.state), "approver": _bounded(by, 4096), "comment": comment}


def ids_of(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the request ids that a note's front matter gives as its own."""
    found = (fields.get(name) for name in ("hitl_id", "id"))
    return tuple(id for id in found if isinstance(id, str) and is_id(id))


def _bounded(text: str, most: int, where: str = "") -> str:
    """Return a text that takes at most `most` bytes in quotes, so that the note can be read again."""
    if len(encode_basestring(text).encode("utf-8", "replace")) <= most:
        return text
    return f"{text[: most // 8]} … {where}".rstrip()


def system_fields(record: Record) -> dict[str, Value]:
    """Return the fields that the system writes and nobody may change."""
    request = record.request
    out: dict[str, Value] = {
        "id": request.id,
        "action": field(request.action),
        "agent": field(request.agent),
        "risk": str(request.risk.level),
        "created": stamp(request.created),
        "expires": stamp(record.expires) if record.expires else "",
    }
    if record.decision:
        out["decided"] = stamp(record.decision.at)
    if request.run:
        out["run"] = field(request.run)
    return out | {"digest": request.digest, "type": TYPE, "tags": [TAG]}


def stamp(at: datetime) -> str:
    """Return an instant as ISO 8601 text with zone, to the second; never later than `at`."""
    return at.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"


def _proof(mode: Mode, person: Person) -> dict[str, Value]:
    out: dict[str, Value] = {}
    if person.code or mode is Mode.CODE:
        out["code"] = person.code
    if person.signature or mode is Mode.SIGNED:
        out["signature"] = person.signature
    return out
