"""Everything that changes the record, each act one transaction.

An act takes the ledger's `Writer`, re-checks the state inside the transaction, and returns the
record afterwards. Where the deadline turns out to have passed, the expiry is recorded and
returned instead of raised, so that it is kept.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hitl_vault.acts import standing
from hitl_vault.acts.asking import Asking as Asking
from hitl_vault.acts.entries import append
from hitl_vault.acts.timing import expire
from hitl_vault.domain.canonical import NotJson, canonical, digest, digest_bytes, joined
from hitl_vault.domain.code import IssuedCode
from hitl_vault.domain.codec import encode
from hitl_vault.domain.decision import Claim, Outcome
from hitl_vault.domain.identity import new_id
from hitl_vault.domain.lifecycle import NO, Kind, State
from hitl_vault.domain.policy import Effect
from hitl_vault.domain.record import Notice, Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import Mode
from hitl_vault.errors import AlreadyClaimed, Conflict, DigestMismatch, InvalidTransition
from hitl_vault.ledger.protocol import Writer

AUTOMATION = "the vault's automation"
"""Who ran an adopted request whose note was moved on to `Done/`: nobody who gave a name."""


def ask(writer: Writer, asking: Asking) -> Record:
    """Record a request, or return the one that this agent made under the same key.

    Raises `Conflict` if the key stands for another action or context.
    """
    earlier = writer.by_key(asking.agent, asking.key) if asking.key else None
    if earlier:
        return _same_asking(writer.record(earlier), asking)
    request = Request(
        id=new_id(asking.action, writer.now),
        action=asking.action,
        context=asking.context,
        agent=asking.agent,
        created=writer.now,
        expires=None if asking.timeout is None else writer.now + asking.timeout,
        summary=asking.summary,
        reason=asking.reason,
        run=asking.run,
        key=asking.key,
        risk=asking.risk,
        requirement=asking.requirement,
        adopted=asking.adopted,
        files=asking.files,
        schema=asking.schema,
    )
    text = canonical(encode(request))
    body = joined({"request": text, "digest": canonical(digest_bytes(text))})
    writer.append(Kind.ASKED, request.id, body, mode=request.requirement.mode)
    record = writer.record(request.id)
    if asking.verdict is Effect.ASK:
        return standing.apply(writer, record, asking.standing) if asking.standing else record
    return _decided_by_rule(writer, record, asking.verdict)


def _decided_by_rule(writer: Writer, record: Record, verdict: Effect) -> Record:
    """Record that the policy, and no person, has allowed or blocked what was asked."""
    needs = record.request.requirement
    kind = Kind.APPROVED if verdict is Effect.ALLOW else Kind.REJECTED
    ground = f"rule {needs.rule!r} {verdict}s it"
    return append(writer, record, kind, {"ground": ground, "comment": "; ".join(needs.grounds)})


def _same_asking(record: Record, asking: Asking) -> Record:
    request = record.request
    same = request.action == asking.action and request.context_digest == digest(asking.context)
    if not same or request.files != asking.files:
        raise Conflict(
            f"key {asking.key!r} stands for {request.id} with another action, context or file; use a new key",
            id=request.id,
        )
    return record


def cancel(writer: Writer, id: str, *, by: str, reason: str = "") -> Record:
    """Withdraw a request that is pending, or approved and not yet claimed; repeating it is accepted."""
    record = expire(writer, id)
    if record.state in (State.CANCELLED, State.EXPIRED):
        return record
    return append(writer, record, Kind.CANCELLED, {"by": [by] if by else [], "comment": reason})


def claim(
    writer: Writer,
    id: str,
    *,
    agent: str,
    action: str,
    context: Mapping[str, Any],
    lease: timedelta,
    check: Callable[[Record], None],
) -> Record:
    """Take the right to run, once.

    Raises `AlreadyClaimed`, `DigestMismatch` (agent, action or context are not what was
    approved) or `InvalidTransition` (still pending). A request that ended otherwise is
    returned as it stands, for the caller to raise. `check` is asked last and raises what else is wrong.
    """
    record = expire(writer, id)
    if record.state in NO:
        return record
    if record.state is State.PENDING:
        raise InvalidTransition(f"{id} is still pending; wait for the decision before claiming it", id=id)
    if record.state is not State.APPROVED:
        raise AlreadyClaimed(f"{id} was claimed before and is {record.state}", id=id)
    _check_same(record, agent, action, context)
    check(record)
    taken = Claim(by=agent, at=writer.now, token=secrets.token_hex(16))
    record = append(writer, record, Kind.CLAIMED, encode(taken))
    writer.lease(id, writer.now + lease)
    return record


def _check_same(record: Record, agent: str, action: str, context: Mapping[str, Any]) -> None:
    request, decision = record.request, record.decision
    if agent != request.agent:
        raise DigestMismatch(f"{request.id} was asked by {request.agent!r}, not by {agent!r}")
    if action != request.action:
        raise DigestMismatch(f"{request.id} approves the action {request.action!r}, not {action!r}")
    approved = digest(decision.context) if decision else request.context_digest
    try:
        given = digest(context)
    except NotJson as error:
        raise DigestMismatch(f"the context to run is {error}") from error
    if given != approved:
        raise DigestMismatch(f"{request.id} approves another context than the one to run")


def end(writer: Writer, id: str, outcome: Outcome, *, token: str | None) -> Record:
    """Record how the run ended; repeating the same outcome is accepted.

    An executor shows its claim's `token`; a person who settles an unknown run has none.
    """
    record = writer.record(id)
    if record.claim is None:
        raise InvalidTransition(f"{id} was not claimed", id=id)
    if token is not None and not secrets.compare_digest(token, record.claim.token):
        raise AlreadyClaimed(f"{id} was claimed by somebody else", id=id)
    if token is None and record.state is not State.UNKNOWN:
        raise InvalidTransition(f"{id} is {record.state}; only an unknown run can be settled", id=id)
    if record.state is outcome.state and record.over:
        return record
    return append(writer, record, Kind(outcome.state), encode(replace(outcome, at=writer.now)))


def handed_over(writer: Writer, id: str) -> Record:
    """Record that a vault's own automation ran an adopted request and moved its note to `Done/`."""
    record = writer.record(id)
    if record.state is not State.APPROVED:
        return record
    taken = Claim(by=AUTOMATION, at=writer.now, token=secrets.token_hex(16))
    record = append(writer, record, Kind.CLAIMED, encode(taken))
    outcome = Outcome(state=State.EXECUTED, at=writer.now, by=AUTOMATION)
    return append(writer, record, Kind.EXECUTED, encode(outcome))


def vanish(writer: Writer, id: str) -> Record:
    """Record that the executor has shown no sign of life for a whole lease; what it did is unknown."""
    record = writer.record(id)
    until = writer.leased_until(id)
    if record.state is not State.EXECUTING or (until is not None and writer.now < until):
        return record
    lost = Outcome(state=State.UNKNOWN, at=writer.now, error="the executor vanished after the claim")
    return append(writer, record, Kind.UNKNOWN, encode(lost))


def note(writer: Writer, id: str, kind: Kind, notice: Notice) -> Record:
    """Record what the note has to tell the person (refused, held, flagged, tampered), once."""
    record = writer.record(id)
    if record.notice == notice and record.notice_kind is kind:
        return record
    if kind not in (Kind.REFUSED, Kind.TAMPERED) and record.state is not State.PENDING:
        return record
    return append(writer, record, kind, encode(notice))


def refuse(writer: Writer, id: str, notice: Notice) -> Record:
    """Record what was refused, each time anew."""
    return append(writer, writer.record(id), Kind.REFUSED, encode(notice))


def issue_codes(writer: Writer, id: str, issued: Sequence[IssuedCode]) -> Record:
    """Record that these codes are good from now on; their approvers' earlier ones are not."""
    return append(writer, writer.record(id), Kind.CODED, {"codes": [encode(code) for code in issued]})


def codes_sent(writer: Writer, id: str, approver: str, nonce: str, channel: str) -> Record:
    """Record that codes were handed to their channel."""
    body = {"nonces": [nonce], "to": approver, "by": channel}
    return append(writer, writer.record(id), Kind.SENT, body)


def accepted(writer: Writer, body: Mapping[str, Any], mode: Mode) -> None:
    """Record that changed settings, policies or templates count from now on."""
    writer.append(Kind.ACCEPTED, "", body, mode=mode)


def found(writer: Writer, notice: Notice, mode: Mode) -> None:
    """Record something found in the vault that belongs to no request."""
    writer.append(Kind.TAMPERED, "", encode(notice), mode=mode)


def clear(writer: Writer, id: str) -> Record:
    """Record that what the last notice told of is over."""
    record = writer.record(id)
    if record.notice is None or record.state is not State.PENDING:
        return record
    return append(writer, record, Kind.CLEARED, {})
