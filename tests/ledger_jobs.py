"""Requests to put into a ledger, and jobs that put them there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias

from hitl_vault.domain.codec import encode
from hitl_vault.domain.decision import Claim, Outcome
from hitl_vault.domain.entry import Entry
from hitl_vault.domain.identity import new_id
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import Mode
from hitl_vault.ledger.protocol import Ledger, Writer

PAYMENT = {"invoice": "2026-117", "recipient": "ACME GmbH", "amount": 1250.5}

Clock: TypeAlias = Callable[[], datetime]


class Opener(Protocol):
    """Opens one more ledger on the same place; closed after the test."""

    def __call__(self, *, vault_id: str = ..., clock: Clock = ...) -> Ledger: ...


def asking(context: Mapping[str, Any] = PAYMENT, **fields: Any) -> Callable[[Writer], str]:
    """Return a job that asks for a payment and returns the id."""

    def job(writer: Writer) -> str:
        wanted: dict[str, Any] = {
            "action": "payment",
            "agent": "crm-bot",
            "expires": writer.now + timedelta(hours=1),
        }
        id = new_id("payment", writer.now)
        request = Request(id=id, context=context, created=writer.now, **(wanted | fields))
        writer.append(Kind.ASKED, id, {"request": encode(request)}, mode=Mode.OPEN)
        return id

    return job


def appending(kind: Kind, id: str, **body: Any) -> Callable[[Writer], Entry]:
    """Return a job that appends one entry to a request."""
    return lambda writer: writer.append(kind, id, body, mode=Mode.OPEN)


def approving(id: str, by: str = "ana") -> Callable[[Writer], Entry]:
    """Return a job that records an approval."""
    return appending(Kind.APPROVED, id, by=[by], comment="ok")


def claiming(id: str, lease: float | None = None) -> Callable[[Writer], Entry]:
    """Return a job that claims an approved request, with a lease of so many seconds."""

    def job(writer: Writer) -> Entry:
        claim = Claim(by="crm-bot", at=writer.now, token="t" * 8)
        entry = writer.append(Kind.CLAIMED, id, encode(claim), mode=Mode.OPEN)
        if lease is not None:
            writer.lease(id, writer.now + timedelta(seconds=lease))
        return entry

    return job


def executing(id: str) -> Callable[[Writer], Entry]:
    """Return a job that records that a claimed request was executed."""

    def job(writer: Writer) -> Entry:
        outcome = Outcome(state=State.EXECUTED, at=writer.now, result={"paid": True}, by="crm-bot")
        return writer.append(Kind.EXECUTED, id, encode(outcome), mode=Mode.OPEN)

    return job
