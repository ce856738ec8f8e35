"""Says why a request was not approved, as the error that its agent gets."""

from __future__ import annotations

from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.errors import Cancelled, Expired, NotApproved, Rejected

_ERRORS: dict[State, type[NotApproved]] = {
    State.REJECTED: Rejected,
    State.EXPIRED: Expired,
    State.CANCELLED: Cancelled,
}


def not_approved(record: Record) -> NotApproved:
    """Return the error for a request that was rejected or cancelled, or that expired."""
    request, decision = record.request, record.decision
    if record.state is State.EXPIRED:
        text = f"{request.action} ({record.id}) expired at {record.expires}"
    else:
        by = f" by {', '.join(decision.by)}" if decision and decision.by else ""
        comment = f": {decision.comment}" if decision and decision.comment else ""
        text = f"{request.action} ({record.id}) was {record.state}{by}{comment}"
    return _ERRORS[record.state](text, request=request, decision=decision)
