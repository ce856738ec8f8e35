"""Requests that an agent wrote as a note of its own, straight into `Pending_Approval/`.

Which note is such a request, and what it asks. The field names are those that existing
"AI employee" vaults use.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from hitl_vault import acts
from hitl_vault.domain.policy import Asked, Effect
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import ADOPTED, Adopted
from hitl_vault.domain.requirement import Requirement
from hitl_vault.domain.risk import Level, Risk
from hitl_vault.domain.text import too_long_a_name
from hitl_vault.domain.times import LONGEST
from hitl_vault.errors import BallotInvalid
from hitl_vault.ledger.protocol import Writer
from hitl_vault.rules import Rules
from hitl_vault.vault.fences import lines_of, outside
from hitl_vault.vault.frontmatter import parse
from hitl_vault.vault.numbers import with_numbers

TYPES = frozenset({"approval_request", "approval"})
LARGEST = 192 * 1024
"""Bytes of a note that can be adopted, since our part is added to it."""
_ACTION = ("action", "action_type", "request_type", "category")
_AGENT = ("requested_by", "agent", "created_by", "from_agent", "source")
_SUMMARY = ("subject", "title", "summary", "description")
_REASON = ("reason", "rationale", "justification")
_RISK = ("risk", "risk_level", "priority")
_EXPIRES = ("expires", "expires_at", "deadline")
_PERSONS = frozenset({"status", "approver", "comment", "approved_by", "approved_at"})
_COMMENTED = re.compile(rb"^([A-Za-z][\w-]*):[ \t]+[^\s\"'|>#][^\n#]*[ \t]#\w", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+([^ \t\n#][^\n]{0,199})", re.MULTILINE)
_AS_LEVEL = {"normal": Level.MEDIUM, "moderate": Level.MEDIUM, "urgent": Level.HIGH}


def asking_of(name: str, data: bytes, *, requirement: Requirement, now: datetime) -> acts.Asking | None:
    """Return what a note asks, or None if it does not say `type: approval_request` (or `approval`).

    `name` is the note's path below `Pending_Approval/`. Raises `BallotInvalid` if the note cannot be read.
    """
    text = data.decode("utf-8-sig", errors="strict") if _is_utf8(data) else ""
    front = parse(lines_of(text)) if text else None
    fields = front.fields if front else {}
    if not front or _word(fields, ("type",)).casefold() not in TYPES:
        return None
    if len(data) > LARGEST:
        raise BallotInvalid(f"{name} is larger than {LARGEST // 1024} KiB; shorten the note", field=None)
    expires = _instant(_word(fields, _EXPIRES))
    author, *others = _words(fields, _AGENT) or ["unknown"]
    action = _word(fields, _ACTION) or _word(fields, ("type",))
    for what, said in (("action", action), ("agent", author)):
        if fault := too_long_a_name(what, said):
            raise BallotInvalid(f"{name}: {fault}", field=what)
    return acts.Asking(
        action=action,
        context={key: value for key, value in with_numbers(front).items() if key not in _PERSONS},
        agent=author,
        timeout=None if expires is None else min(max(expires - now, timedelta(0)), LONGEST),
        summary=_word(fields, _SUMMARY) or _heading(front.body) or PurePosixPath(name).stem,
        reason=_word(fields, _REASON),
        key=f"{ADOPTED}{name}:{hashlib.sha256(data).hexdigest()}",
        risk=_risk(_word(fields, _RISK)),
        requirement=requirement,
        adopted=Adopted(name=name, text=text, authors=tuple(others)),
    )


def ruled(asking: acts.Asking, rules: Rules, now: datetime) -> acts.Asking:
    """Return what a note asks with what the policy requires of it.

    A deadline that cannot be read is no deadline said: what the vault gives counts.
    What the policy blocks is blocked. What it allows is asked about all the same: the note's own
    automation waits for a decision, and nothing that anybody wrote into the vault decides itself.
    """
    ruling = rules.rule_on(
        Asked(
            action=asking.action,
            context=asking.context,
            agent=asking.agent,
            now=now,
            run=asking.run,
            claimed=asking.risk,
        )
    )
    return replace(
        asking,
        risk=ruling.risk,
        requirement=ruling.requirement if not ruling.allowed else asking.requirement,
        timeout=rules.timeout(ruling, asking.timeout, said=not _is_vague(asking)),
        verdict=Effect.BLOCK if ruling.blocked else Effect.ASK,
    )


def cautions(data: bytes, asking: acts.Asking) -> Iterator[str]:
    """Say what of a note, before any ruling on it, its author may have meant otherwise than it was read."""
    if _is_vague(asking):
        yield (
            f"its deadline {_deadline(asking)!r} is no time in ISO 8601 (2026-01-31T09:00:00Z); "
            "the vault's `timeout` counts"
        )
    for name in map(bytes.decode, _COMMENTED.findall(data.partition(b"\n---")[0])):
        yield f"`{name}` ends at ` #`, where YAML begins a comment; put the whole value into quotes"


def _is_vague(asking: acts.Asking) -> bool:
    return asking.timeout is None and bool(_deadline(asking))


def _deadline(asking: acts.Asking) -> str:
    values = (str(asking.context.get(name, "")).strip() for name in _EXPIRES)
    return next(filter(None, values), "")


def adopt(writer: Writer, asking: acts.Asking) -> Record:
    """Record the request of an adopted note, once.

    The same note found again while its request is open is that request; found after the
    request was resolved, it is a new one.
    """
    attempt, key = 0, asking.key or ""
    while (earlier := writer.by_key(asking.agent, _numbered(key, attempt))) is not None:
        record = writer.record(earlier)
        if not record.over:
            return record
        attempt += 1
    return acts.ask(writer, replace(asking, key=_numbered(key, attempt)))


def job(asking: acts.Asking) -> Callable[[Writer], Record]:
    """Return the transaction that adopts a note."""
    return lambda writer: adopt(writer, asking)


def _numbered(key: str, attempt: int) -> str:
    return key if attempt == 0 else f"{key}:{attempt}"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _word(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next(iter(_words(fields, names)), "")


def _heading(body: str) -> str:
    found = (_HEADING.search(body, *span) for span in outside(body))
    return next((heading[1].rstrip(" \t") for heading in found if heading), "")


def _words(fields: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """Return what the fields say that are text, each once."""
    values = (fields.get(name) for name in names)
    return list(dict.fromkeys(value.strip() for value in values if isinstance(value, str) and value.strip()))


def _risk(word: str) -> Risk:
    folded = word.casefold()
    if folded in list(Level):
        return Risk(level=Level(folded), reasons=("as the note says",))
    if folded in _AS_LEVEL:
        return Risk(level=_AS_LEVEL[folded], reasons=(f"the note says {folded}",))
    return Risk()


def _instant(text: str) -> datetime | None:
    """Return the instant that ISO 8601 text names, in local time if it has no zone; None for other text."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except (ValueError, OverflowError):
        return None
