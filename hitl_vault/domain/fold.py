"""How a record comes from its entries: each one changes it in its own way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hitl_vault.domain.code import Codes, IssuedCode
from hitl_vault.domain.codec import decode
from hitl_vault.domain.decision import Claim, Decision, Gesture, Outcome, Vote, same_person
from hitl_vault.domain.edits import applied
from hitl_vault.domain.entry import Entry
from hitl_vault.domain.frozen import changed
from hitl_vault.domain.lifecycle import Kind, State, step
from hitl_vault.domain.question import Question
from hitl_vault.domain.record import Notice, Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import Mode
from hitl_vault.domain.standing import StandingRule


def fold(record: Record | None, entry: Entry) -> Record:
    """Return the record after `entry`; raise `InvalidTransition` if the lifecycle has no such step."""
    state = step(record.state if record else None, entry.kind, id=entry.request)
    if record is None:
        return Record(
            request=decode(Request, entry.body["request"]),
            state=state,
            seq=entry.seq,
            changed=entry.at,
        )
    changes = _CHANGES[entry.kind](record, entry)
    return changed(record, state=state, seq=entry.seq, changed=entry.at, **changes)


_Changes = dict[str, Any]


def _voted(record: Record, entry: Entry) -> _Changes:
    vote = decode(Vote, entry.body)
    others = tuple(v for v in record.votes if not same_person(v.by, vote.by))
    ballots = (*record.ballots, vote.ballot) if vote.ballot else record.ballots
    return {
        "votes": (*others, vote),
        "ballots": ballots,
        "codes": _after_use(record.codes, vote),
        "notice": None,
        "notice_kind": None,
    }


def _after_use(codes: Codes, vote: Vote) -> Codes:
    used = vote.proof is not None and vote.proof.get("kind") == "code"
    return codes.with_used(vote.by, str(vote.verdict)) if used else codes


def _decided(record: Record, entry: Entry) -> _Changes:
    body = dict(entry.body)
    edits = body.get("edits", {})
    decision = Decision(
        request=record.id,
        state=State(entry.kind),
        at=entry.at,
        context=applied(record.request.context, edits),
        by=tuple(body.get("by", ())),
        comment=body.get("comment", ""),
        notes=body.get("notes", ""),
        ground=body.get("ground", ""),
        rule=body.get("rule", ""),
        changed=tuple(edits),
        votes=record.votes,
    )
    return {"decision": decision, "notice": None, "notice_kind": None} | _resumed(record, entry)


def _reminded(record: Record, entry: Entry) -> _Changes:
    spans = tuple(timedelta(seconds=seconds) for seconds in entry.body["before"])
    return {"reminded": (*record.reminded, *spans)}


def _escalated(record: Record, entry: Entry) -> _Changes:
    return {"escalated": (*record.escalated, entry.at)}


def _questioned(record: Record, entry: Entry) -> _Changes:
    question = decode(Question, entry.body)
    ballots = (*record.ballots, question.ballot) if question.ballot else record.ballots
    stopped = record.paused or (entry.at if _pauses(record, question) else None)
    changes: _Changes = {"questions": (*record.questions, question), "ballots": ballots, "paused": stopped}
    return changes | {"notice": None, "notice_kind": None}


def _pauses(record: Record, question: Question) -> bool:
    """Tell whether a question stops the clock; where answers need a proof, none from a note does."""
    needs = record.request.requirement
    unproven = needs.mode in (Mode.CODE, Mode.SIGNED) and question.gesture not in (Gesture.CLI, Gesture.API)
    return needs.pause and not unproven


def _answered(record: Record, entry: Entry) -> _Changes:
    asked = record.question
    answered = asked and replace(asked, answer=entry.body["text"], answered=entry.at)
    questions = tuple(answered if q is asked and answered else q for q in record.questions)
    last = not any(question.open for question in questions)
    return {"questions": questions} | (_resumed(record, entry) if last else {})


def _resumed(record: Record, entry: Entry) -> _Changes:
    """Let the clock go on, later by the time that it stood still."""
    if record.paused is None:
        return {}
    return {"paused": None, "extended": record.extended + (entry.at - record.paused)}


def _remembered(record: Record, entry: Entry) -> _Changes:
    return {"standing": decode(StandingRule, entry.body)}


def _revoked(record: Record, entry: Entry) -> _Changes:
    if record.standing is None or record.standing.ended is not None:
        return {}
    return {"standing": replace(record.standing, ended=entry.at, why=entry.body.get("why", ""))}


def _claimed(record: Record, entry: Entry) -> _Changes:
    return {"claim": decode(Claim, entry.body)}


def _ended(record: Record, entry: Entry) -> _Changes:
    return {"outcome": decode(Outcome, entry.body)}


def _noticed(record: Record, entry: Entry) -> _Changes:
    notice = decode(Notice, entry.body)
    changes: _Changes = {"notice": notice, "notice_kind": entry.kind}
    if notice.wrong_codes or notice.exposed:
        changes["codes"] = record.codes.with_wrong(notice.wrong_codes, notice.exposed)
    return changes


def _coded(record: Record, entry: Entry) -> _Changes:
    return {"codes": record.codes.with_issued(decode(IssuedCode, code) for code in entry.body["codes"])}


def _sent(record: Record, entry: Entry) -> _Changes:
    return {"codes": record.codes.with_sent(entry.body["nonces"])}


def _cleared(record: Record, entry: Entry) -> _Changes:
    return {"notice": None, "notice_kind": None}


_CHANGES: dict[Kind, Callable[[Record, Entry], _Changes]] = {
    Kind.CODED: _coded,
    Kind.SENT: _sent,
    Kind.VOTED: _voted,
    Kind.APPROVED: _decided,
    Kind.REJECTED: _decided,
    Kind.EXPIRED: _decided,
    Kind.CANCELLED: _decided,
    Kind.CLAIMED: _claimed,
    Kind.EXECUTED: _ended,
    Kind.FAILED: _ended,
    Kind.UNKNOWN: _ended,
    Kind.REFUSED: _noticed,
    Kind.HELD: _noticed,
    Kind.FLAGGED: _noticed,
    Kind.CLEARED: _cleared,
    Kind.REMINDED: _reminded,
    Kind.ESCALATED: _escalated,
    Kind.QUESTIONED: _questioned,
    Kind.ANSWERED: _answered,
    Kind.REMEMBERED: _remembered,
    Kind.REVOKED: _revoked,
    Kind.TAMPERED: _noticed,
}
