"""What an agent asks, before it is a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hitl_vault.domain.policy import Effect
from hitl_vault.domain.request import Adopted, BoundFile
from hitl_vault.domain.requirement import Requirement
from hitl_vault.domain.risk import Risk


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What an agent asks, before it has an id and a time. `timeout` None means no deadline.

    `standing` are the standing rules that may answer it.
    """

    action: str
    context: Mapping[str, Any]
    agent: str
    timeout: timedelta | None
    summary: str = ""
    reason: str = ""
    run: str | None = None
    key: str | None = None
    risk: Risk = field(default_factory=Risk)
    requirement: Requirement = field(default_factory=Requirement)
    adopted: Adopted | None = None
    files: tuple[BoundFile, ...] = ()
    verdict: Effect = Effect.ASK
    schema: Mapping[str, Any] | None = None
    standing: tuple[str, ...] = ()
