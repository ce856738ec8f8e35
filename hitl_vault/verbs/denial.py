"""Says why a request was not approved, as the error that its agent gets."""

from __future__ import annotations

from collections.abc import Iterable

from hitl_vault.domain.decision import Decision
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.times import readable
from hitl_vault.errors import Blocked, Cancelled, Expired, HitlVaultError, NotApproved, Rejected

_ERRORS: dict[State, type[NotApproved]] = {
    State.REJECTED: Rejected,
    State.EXPIRED: Expired,
    State.CANCELLED: Cancelled,
}


def not_approved(record: Record) -> NotApproved:
    """Return the error for a request that was rejected, blocked or cancelled, or that expired."""
    request, decision = record.request, record.decision
    blocked = decision is not None and decision.blocked
    if record.state is State.EXPIRED:
        at = f" at {readable(record.expires)}" if record.expires else ""
        text = f"{request.action} ({record.id}) expired{at}"
    else:
        state = "blocked" if blocked else record.state
        text = f"{request.action} ({record.id}) was {state}{_words(decision)}"
    kind = Blocked if blocked else _ERRORS[record.state]
    return kind(text, request=request, decision=decision)


def unless_blocked(record: Record) -> Request:
    """Return the request of a record; raise `Blocked` if the policy forbids it."""
    return all_or_error([record])[0]


def all_or_error(results: Iterable[Record | Exception]) -> list[Request]:
    """Return the requests of records; raise the first error, or `Blocked`, with the others in `recorded`."""
    requests, errors = [], []
    for result in results:
        if isinstance(result, Exception):
            errors.append(result)
        elif result.decision and result.decision.blocked:
            errors.append(not_approved(result))
        else:
            requests.append(result.request)
    for error in errors:
        if isinstance(error, HitlVaultError):
            error.recorded = requests
        raise error
    return requests


def _words(decision: Decision | None) -> str:
    if decision is None:
        return ""
    by = f" by {', '.join(decision.by)}" if decision.by else ""
    ground = f" ({decision.ground})" if decision.ground else ""
    return f"{by}{ground}{f': {decision.comment}' if decision.comment else ''}"
