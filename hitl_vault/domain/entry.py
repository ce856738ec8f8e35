"""One recorded fact, and the hash that ties it to the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hitl_vault.domain.canonical import canonical
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.domain.requirement import Mode
from hitl_vault.domain.times import text_of

GENESIS = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A fact in the ledger. `request` is empty for facts about the vault as a whole.

    `hash` is the hex SHA-256 of the canonical JSON of the other members; `prev` is the `hash`
    of the entry before, 64 zeros for the first.
    """

    seq: int
    at: datetime
    kind: Kind
    request: str
    mode: Mode
    body: Mapping[str, Any]
    prev: str
    hash: str


def entry_hash(
    *, seq: int, at: datetime, kind: Kind, request: str, mode: Mode, body: bytes, prev: str
) -> str:
    """Return the hash of an entry whose `body` is given as canonical JSON.

    The members are written in RFC 8785 order by hand, since the body, the largest of them, is
    canonical already; the result equals hashing the canonical JSON of the whole object.
    """
    head = f'{{"at":"{text_of(at)}","body":'.encode()
    tail = f',"kind":"{kind}","mode":"{mode}","prev":"{prev}","request":"{request}","seq":{seq}}}'
    return hashlib.sha256(head + body + tail.encode()).hexdigest()


def hash_of(entry: Entry) -> str:
    """Return the hash that `entry` ought to have."""
    return entry_hash(
        seq=entry.seq,
        at=entry.at,
        kind=entry.kind,
        request=entry.request,
        mode=entry.mode,
        body=canonical(entry.body),
        prev=entry.prev,
    )
