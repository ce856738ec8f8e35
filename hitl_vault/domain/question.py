"""What an approver asks the agent before deciding, and what the agent answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hitl_vault.domain.decision import Gesture


@dataclass(frozen=True, kw_only=True)
class Question:
    """An approver's question about a request; `answer` is the agent's, None while it is open.

    `ballot` is the hex SHA-256 of the note that it was read from. Neither text is to be trusted.
    """

    request: str
    text: str
    at: datetime
    gesture: Gesture
    by: str = ""
    ballot: str = ""
    answer: str | None = None
    answered: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether the agent has not answered yet."""
        return self.answer is None
