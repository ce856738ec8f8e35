"""Standing rules: made by approvals, applied when agents ask, ended at once by whoever wants that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hitl_vault import config
from hitl_vault.acts.asking import Asking
from hitl_vault.acts.entries import append
from hitl_vault.domain.codec import encode
from hitl_vault.domain.decision import Verdict, Vote
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.policy import Effect
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import PROVEN
from hitl_vault.domain.standing import ACTIVE, StandingRule, comparable
from hitl_vault.domain.times import exact, readable
from hitl_vault.errors import BallotInvalid, InvalidTransition, NotAllowed
from hitl_vault.ledger.protocol import Ledger, Writer


def check_wish(record: Record, vote: Vote) -> None:
    """Raise `NotAllowed` for a vote that wants more remembered than the policy offers."""
    wish, offer = vote.remember or timedelta(0), record.rememberable
    if vote.verdict is Verdict.REJECT:
        raise NotAllowed("only an approval can be remembered; empty `remember`, or approve")
    if record.request.requirement.mode in PROVEN:
        raise NotAllowed("a standing rule cannot be made with a code or a signature; answer without it")
    if offer is None:
        raise NotAllowed("the policy offers no standing rule for a request like this; empty `remember`")
    if not timedelta(0) < wish <= offer.longest:
        raise NotAllowed(f"a standing rule lasts at most {exact(offer.longest)} here; write less")


def grant(writer: Writer, record: Record) -> Record:
    """Record the standing rule that an approval makes, if all who approved wished for one."""
    wishes = [vote.remember for vote in record.counted(Verdict.APPROVE)]
    if record.state is not State.APPROVED or record.decision is None or not wishes or None in wishes:
        return record
    rule = StandingRule(
        id=record.id,
        action=record.request.action,
        agent=record.request.agent,
        context=record.decision.context,
        requirement=comparable(record.request.requirement),
        granted=writer.now,
        ends=writer.now + min(wish for wish in wishes if wish),
        by=record.decision.by,
    )
    return append(writer, record, Kind.REMEMBERED, encode(rule))


def apply(writer: Writer, record: Record, rules: tuple[str, ...]) -> Record:
    """Approve a request that has just been asked if one of these rules covers it."""
    request = record.request
    for id in rules:
        rule = writer.record(id).standing
        if rule and rule.holds(writer.now) and _covers(rule, request):
            made = f"made by {', '.join(rule.by) or 'somebody unnamed'} on {readable(rule.granted)}"
            ground = f"standing rule {rule.id}, {made}"
            return append(writer, record, Kind.APPROVED, {"ground": ground, "rule": rule.id})
    return record


def revoke(writer: Writer, id: str, *, why: str, by: str = "") -> Record:
    """End a standing rule; repeating it is accepted."""
    record = writer.record(id)
    if record.standing is None:
        raise InvalidTransition(f"{id} has made no standing rule", id=id)
    if record.standing.ended is not None:
        return record
    return append(writer, record, Kind.REVOKED, {"why": why} | ({"by": by} if by else {}))


def with_rules(
    asking: Asking,
    standing: Callable[[str, str], list[str]],
    record: Callable[[str], Record],
    root: Path,
) -> Asking:
    """Return what is asked with the rules that may answer it: those whose notes say that they are in force.

    `standing` and `record` are the ledger's.
    The note is the switch: a rule whose note was deleted, or says anything else, answers nothing, whether
    or not a keeper has seen that.
    """
    if asking.verdict is not Effect.ASK or asking.requirement.remember is None or asking.adopted:
        return asking
    rules = (record(id).standing for id in standing(asking.agent, asking.action))
    ids = tuple(rule.id for rule in rules if rule and _covers(rule, asking) and is_on(root, rule.id))
    return replace(asking, standing=ids) if ids else asking


def is_on(root: Path, id: str) -> bool:
    """Tell whether the note of a rule lies in a vault and says that it is in force."""
    from hitl_vault.vault.ballot import read_ballot  # heavy, and few vaults have rules
    from hitl_vault.vault.files import read_note
    from hitl_vault.vault.layout import Folder, Layout

    layout = Layout(root)
    path = layout.path(Folder.STANDING) / f"{id}.md"
    try:
        return not layout.link_above(path) and read_ballot(read_note(path)).status == ACTIVE
    except (OSError, BallotInvalid):
        return False


def _covers(rule: StandingRule, asked: Request | Asking) -> bool:
    """Tell whether a rule covers a request, or what is about to be one."""
    plain = not asked.files and asked.adopted is None
    return plain and rule.covers(asked.action, asked.agent, asked.context, asked.risk, asked.requirement)


class Remembering:
    """The verbs of a gate for standing rules."""

    config: config.Config
    ledger: Ledger
    _write: Callable[..., Any]

    def standing_rules(self) -> list[StandingRule]:
        """Return the standing rules that are in force by the record, oldest first."""
        records = map(self.ledger.record, self.ledger.standing())
        now = self.ledger.now()
        return [r.standing for r in records if r.standing and r.standing.holds(now)]

    def revoke(self, id: str, *, by: str | None = None, why: str = "revoked") -> Record:
        """End the standing rule that the approval of this request made, at once."""
        name = self.config.approver(by)
        record: Record = self._write(lambda writer: revoke(writer, id, why=why, by=name))
        return record
