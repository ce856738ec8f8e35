"""A request: an action with its context, awaiting a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from hitl_vault.domain.canonical import digest
from hitl_vault.domain.codec import encode
from hitl_vault.domain.requirement import Requirement
from hitl_vault.domain.risk import Risk

ADOPTED = "note:"
"""How the keys of requests that were adopted begin. No agent may choose one: it would take a note's place."""


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """Where a request came from that an agent wrote as a note of its own.

    `name` is the path below `Pending_Approval/`, with `/`; `text` the note as it was found; `authors`
    are further names that it gives for who wrote it, none of them checked.
    """

    name: str
    text: str
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BoundFile:
    """A file that the action will use, as it was when asking: its absolute path, bytes and hex SHA-256."""

    name: str
    path: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Request:
    """What an agent asks for. Everything here is bound by `digest` and never changes.

    `context` is any JSON object; `summary` (one line) and `reason` are the agent's words and
    never trusted. `key` is the agent's own name for the request and makes asking idempotent.
    `expires` is when an undecided or unclaimed request ends; None means never. `files` are hashed again
    before the action runs. `schema` is a JSON Schema for the context; it bounds what an approver may change.
    """

    id: str
    action: str
    context: Mapping[str, Any]
    agent: str
    created: datetime
    expires: datetime | None = None
    summary: str = ""
    reason: str = ""
    run: str | None = None
    key: str | None = None
    risk: Risk = field(default_factory=Risk)
    requirement: Requirement = field(default_factory=Requirement)
    adopted: Adopted | None = None
    files: tuple[BoundFile, ...] = ()
    schema: Mapping[str, Any] | None = None

    @property
    def said(self) -> tuple[object, ...]:
        """What the agent chose the words of."""
        return self.action, self.agent, self.summary, self.reason, self.context

    @cached_property
    def digest(self) -> str:
        """The digest of the whole request."""
        return digest(encode(self))

    @cached_property
    def context_digest(self) -> str:
        """The digest of the context alone: what is approved is what runs."""
        return digest(self.context)
