"""The reference: all that a request and its note ought to do, in a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

MOVED = {"Approved": "approve", "Rejected": "reject"}
WORDS = {"approved": "approve", "rejected": "reject", "pending": None}
NO = ("rejected", "expired", "cancelled")
ENDED = {"approve": "approved", "reject": "rejected"}


@dataclass
class Note:
    """What people left in the vault for a pending request since it was drawn."""

    place: str | None = "Pending_Approval"
    word: str = "pending"
    ticks: frozenset[str] = frozenset()
    forged: bool = False
    copy: str | None = None
    lines: list[str] = field(default_factory=list)

    def says(self) -> set[str]:
        """Every verdict that the note gives."""
        if self.place in (None, "Done"):
            return set()
        said = {MOVED.get(self.place), WORDS.get(self.word), *self.ticks}
        return {verdict for verdict in said if verdict}

    def redrawn(self) -> None:
        """Lie in its place without marks; what the person wrote below Notes stays."""
        self.place, self.word, self.ticks, self.forged = "Pending_Approval", "pending", frozenset(), False


@dataclass
class Reference:
    """One request. Every verb returns the name of the error that it must raise, or None."""

    expires: datetime
    state: str = "pending"
    note: Note = field(default_factory=Note)
    lease: datetime | None = None
    claims: int = 0

    def pass_time(self, now: datetime) -> None:
        """What falls due by itself."""
        if self.state in ("pending", "approved") and now >= self.expires:
            self.state = "expired"
        if self.state == "executing" and self.lease and now >= self.lease:
            self.state = "unknown"

    def read(self, now: datetime) -> None:
        """The keeper has looked at notes that lay still."""
        self.pass_time(now)
        note, said = self.note, self.note.says()
        if self.state != "pending":
            self.note = Note(lines=note.lines)
        elif len(said) > 1 or (
            note.copy and note.copy not in said
        ):  # held, and kept as it is where it can be
            if note.place != "Pending_Approval" or note.forged:
                note.redrawn()
        elif note.place in (None, "Done") or note.forged:
            note.redrawn()
        elif note.word in WORDS and said:
            self.state, self.note = ENDED[said.pop()], Note(lines=note.lines)
        elif note.place != "Pending_Approval":
            note.redrawn()

    def decide(self, verdict: str, now: datetime) -> str | None:
        """Somebody votes by the programming interface."""
        self._expire(now)
        if self.state == "pending":
            self.state = ENDED[verdict]
            return None
        if self.state in ("expired", "cancelled"):
            return self.state.title()
        return None if (self.state == "rejected") is (verdict == "reject") else "AlreadyDecided"

    def cancel(self, now: datetime) -> str | None:
        """The agent withdraws."""
        self._expire(now)
        if self.state in ("pending", "approved"):
            self.state = "cancelled"
        return None if self.state in ("cancelled", "expired") else "InvalidTransition"

    def claim(self, same: bool, now: datetime, lease: datetime) -> str | None:
        """The agent wants to run; `same` tells whether it is what was approved."""
        self._expire(now)
        if self.state in NO:
            return self.state.title()
        if self.state != "approved":
            return "InvalidTransition" if self.state == "pending" else "AlreadyClaimed"
        if not same:
            return "DigestMismatch"
        self.state, self.lease, self.claims = "executing", lease, self.claims + 1
        return None

    def end(self, state: str) -> str | None:
        """The holder of the claim reports."""
        if self.state in ("executing", "unknown"):
            self.state = state
        return None if self.state == state else "InvalidTransition"

    def _expire(self, now: datetime) -> None:
        if self.state in ("pending", "approved") and now >= self.expires:
            self.state = "expired"
