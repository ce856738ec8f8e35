"""What the policy asks of one request: who may answer, how many must, and with what proof."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """What a vote must come with; later members are stricter."""

    OPEN = "open"
    ATTRIBUTED = "attributed"
    CODE = "code"
    SIGNED = "signed"

    @property
    def strictness(self) -> int:
        """0 for open up to 3 for signed."""
        return list(Mode).index(self)


def stricter(a: Mode, b: Mode) -> Mode:
    """Return the stricter of two modes: a rule may raise the vault's mode, never lower it."""
    return max(a, b, key=lambda mode: mode.strictness)


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """What a request needs before it is decided.

    `approvers` empty means anyone whom the mode lets vote. `quorum` approvals decide yes,
    `reject_quorum` rejections decide no. `settle` is in seconds and overrides the vault's.
    """

    mode: Mode = Mode.OPEN
    rule: str = ""
    approvers: tuple[str, ...] = ()
    quorum: int = 1
    reject_quorum: int = 1
    comment_required: bool = False
    settle: float | None = None
    template: str | None = None

    def __post_init__(self) -> None:
        if self.quorum < 1 or self.reject_quorum < 1:
            raise ValueError("a quorum is at least 1")
