"""The states of a request, the kinds of entry, and the one table of steps between them."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

from hitl_vault.errors import InvalidTransition


class State(StrEnum):
    """Where a request stands; always the fold of its entries, never read from a file."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    EXECUTING = "executing"
    EXECUTED = "executed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What an entry records."""

    ASKED = "asked"
    CODED = "coded"
    SENT = "sent"
    VOTED = "voted"
    REFUSED = "refused"
    HELD = "held"
    FLAGGED = "flagged"
    CLEARED = "cleared"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    QUESTIONED = "questioned"
    ANSWERED = "answered"
    REMEMBERED = "remembered"
    REVOKED = "revoked"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    CLAIMED = "claimed"
    EXECUTED = "executed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    TAMPERED = "tampered"
    ACCEPTED = "accepted"
    KEYED = "keyed"
    VIOLATED = "violated"


NO = frozenset({State.REJECTED, State.EXPIRED, State.CANCELLED})
"""The states that end a request without its action being run."""

ABOUT_THE_VAULT = frozenset({Kind.REFUSED, Kind.TAMPERED, Kind.KEYED, Kind.ACCEPTED, Kind.VIOLATED})
"""The kinds of entry that may be about no request in particular."""

FINAL = NO | {State.EXECUTED, State.FAILED}

_S, _K = State, Kind

_STEPS: dict[tuple[State | None, Kind], State] = {
    (None, _K.ASKED): _S.PENDING,
    (_S.PENDING, _K.CODED): _S.PENDING,
    (_S.PENDING, _K.SENT): _S.PENDING,
    (_S.PENDING, _K.VOTED): _S.PENDING,
    (_S.PENDING, _K.HELD): _S.PENDING,
    (_S.PENDING, _K.FLAGGED): _S.PENDING,
    (_S.PENDING, _K.CLEARED): _S.PENDING,
    (_S.PENDING, _K.APPROVED): _S.APPROVED,
    (_S.PENDING, _K.REJECTED): _S.REJECTED,
    (_S.PENDING, _K.EXPIRED): _S.EXPIRED,
    (_S.PENDING, _K.CANCELLED): _S.CANCELLED,
    (_S.APPROVED, _K.EXPIRED): _S.EXPIRED,
    (_S.APPROVED, _K.CANCELLED): _S.CANCELLED,
    (_S.APPROVED, _K.CLAIMED): _S.EXECUTING,
    (_S.EXECUTING, _K.EXECUTED): _S.EXECUTED,
    (_S.EXECUTING, _K.FAILED): _S.FAILED,
    (_S.EXECUTING, _K.UNKNOWN): _S.UNKNOWN,
    # Only a person, or the executor turning up late, knows how an unknown run ended.
    (_S.UNKNOWN, _K.EXECUTED): _S.EXECUTED,
    (_S.UNKNOWN, _K.FAILED): _S.FAILED,
}
# What happens on the way to a decision leaves the request pending.
_STEPS |= {(_S.PENDING, kind): _S.PENDING for kind in (_K.REMINDED, _K.ESCALATED, _K.QUESTIONED, _K.ANSWERED)}
# An approval may make a standing rule, which ends whatever became of the request.
_STEPS |= {(_S.APPROVED, _K.REMEMBERED): _S.APPROVED}
_STEPS |= {(state, _K.REVOKED): state for state in State if state not in (_S.PENDING, _S.REJECTED)}
# What was found in the vault and changed nothing can be recorded at any time.
_STEPS |= {(state, kind): state for state in State for kind in (_K.REFUSED, _K.TAMPERED)}

TRANSITIONS = MappingProxyType(_STEPS)


def step(state: State | None, kind: Kind, *, id: str | None = None) -> State:
    """Return the state that `kind` leads to; raise `InvalidTransition` if the table has no such step."""
    try:
        return TRANSITIONS[state, kind]
    except KeyError:
        where = f"a request that is {state}" if state else "a request that nobody asked"
        raise InvalidTransition(f"{where} cannot be {kind}", id=id) from None
