"""What falls due next for a request by time alone, and what has fallen due by now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import Escalation


def next_due(record: Record) -> datetime | None:
    """Return when something falls due next: a reminder, an escalation, the deadline or a standing rule's end.

    None if nothing does.
    Nothing falls due while a question stops the clock.
    """
    instants = [at for at, _ in _reminders(record)]
    instants += [at for at, _ in _escalations(record)]
    if record.deadline is not None:
        instants.append(record.deadline)
    if record.standing is not None and record.standing.ended is None:
        instants.append(record.standing.ends)
    return min(instants, default=None)


def reminders(record: Record, now: datetime) -> tuple[timedelta, ...]:
    """Return the reminders that are due, as the time before the deadline at which each is."""
    return tuple(before for at, before in _reminders(record) if at <= now)


def escalations(record: Record, now: datetime) -> tuple[Escalation, ...]:
    """Return the escalations that are due, soonest first."""
    return tuple(step for at, step in _escalations(record) if at <= now)


def _reminders(record: Record) -> Iterator[tuple[datetime, timedelta]]:
    """Yield those that have not been given yet; what lies before the asking is none."""
    if record.state is not State.PENDING or record.deadline is None:
        return
    for before in record.request.requirement.remind:
        at = record.deadline - before
        if before not in record.reminded and at > record.request.created:
            yield at, before


def _escalations(record: Record) -> Iterator[tuple[datetime, Escalation]]:
    """Yield the steps that have not been taken yet; what a question has held up does not count as waiting."""
    if record.state is not State.PENDING or record.paused is not None:
        return
    for step in record.request.requirement.steps[len(record.escalated) :]:
        yield record.request.created + step.after + record.extended, step
