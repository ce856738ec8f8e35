"""What each kind of entry changes in a record, beyond votes and decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import pytest

from hitl_vault.domain.code import IssuedCode
from hitl_vault.domain.codec import encode
from hitl_vault.domain.decision import Decision, Gesture, Verdict, Vote
from hitl_vault.domain.entry import GENESIS, Entry
from hitl_vault.domain.fold import fold
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.question import Question
from hitl_vault.domain.record import Notice, Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import Escalation, Mode, Remember, Requirement
from hitl_vault.domain.standing import StandingRule
from hitl_vault.errors import InvalidTransition

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ID = "20260102-030405-payment-7k3m9x2q"
NEEDS = Requirement(
    approvers=("ana",),
    escalations=(
        Escalation(after=timedelta(minutes=5), to=("ben",)),
        Escalation(after=timedelta(minutes=9), to=("cy",), replace=True),
    ),
    pause=True,
)
REQUEST = Request(
    id=ID,
    action="payment",
    context={"eur": 900, "to": {"name": "ACME"}},
    agent="crm-bot",
    created=AT,
    expires=AT + timedelta(hours=1),
    requirement=NEEDS,
)
NOTICE = Notice(text="Not understood", detail="aproved")
FLAGGED = (Kind.FLAGGED, encode(NOTICE))
Step = tuple[Kind, dict[str, Any]]


def at(n: int) -> datetime:
    return AT + timedelta(minutes=n)


def record(*steps: Step, of: Request = REQUEST) -> Record:
    """The record after these steps, the first one minute after it was asked and so on."""
    bodies = [(Kind.ASKED, {"request": encode(of)}), *steps]
    first, *later = (
        Entry(
            seq=n + 1, at=at(n), kind=kind, request=ID, mode=Mode.OPEN, body=body, prev=GENESIS, hash=GENESIS
        )
        for n, (kind, body) in enumerate(bodies)
    )
    return reduce(fold, later, fold(None, first))


def asked(text: str, ballot: str = "") -> Step:
    question = Question(request=ID, text=text, at=AT, gesture=Gesture.STATUS, by="ana", ballot=ballot)
    return Kind.QUESTIONED, encode(question)


def answered(text: str) -> Step:
    return Kind.ANSWERED, {"text": text}


def test_a_question_is_open_until_it_is_answered_the_oldest_first() -> None:
    both = record(asked("why?"), asked("when?"))
    assert [q.text for q in both.questions] == ["why?", "when?"]
    assert both.question is not None
    assert both.question.text == "why?"
    one = record(asked("why?"), asked("when?"), answered("because"))
    assert [(q.answer, q.answered) for q in one.questions] == [("because", at(3)), (None, None)]
    assert one.question is not None
    assert one.question.text == "when?"
    done = record(asked("why?"), asked("when?"), answered("because"), answered("now"))
    assert (done.question, [q.answer for q in done.questions]) == (None, ["because", "now"])


def test_a_question_takes_a_notice_away_and_its_note_counts_once() -> None:
    found = record(FLAGGED, asked("why?", "sha-1"), asked("when?"))
    assert (found.notice, found.notice_kind, found.ballots) == (None, None, ("sha-1",))


def test_the_clock_stands_still_from_the_first_question_to_the_last_answer() -> None:
    open_ = record(asked("why?"), asked("when?"))
    assert (open_.paused, open_.deadline, open_.extended) == (at(1), None, timedelta(0))
    half = record(asked("why?"), asked("when?"), answered("because"))
    assert (half.paused, half.deadline) == (at(1), None)
    done = record(asked("why?"), asked("when?"), answered("because"), answered("now"))
    assert (done.paused, done.extended) == (None, timedelta(minutes=3))
    assert done.deadline == done.expires == at(60 + 3)


def test_each_pause_adds_to_the_time_there_is() -> None:
    found = record(asked("a"), answered("x"), asked("b"), (Kind.FLAGGED, encode(NOTICE)), answered("y"))
    assert found.extended == timedelta(minutes=1 + 2)


def test_a_decision_ends_a_pause() -> None:
    found = record(asked("why?"), (Kind.FLAGGED, encode(NOTICE)), (Kind.APPROVED, {"by": ["ana"]}))
    assert (found.paused, found.extended, found.deadline) == (None, timedelta(minutes=2), at(62))


def test_the_clock_goes_on_where_the_requirement_does_not_pause() -> None:
    going = replace(REQUEST, requirement=replace(NEEDS, pause=False))
    assert record(asked("why?"), of=going).paused is None
    found = record(asked("why?"), answered("because"), of=going)
    assert (found.extended, found.deadline) == (timedelta(0), at(60))


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("gesture", list(Gesture))
def test_a_question_that_anybody_may_have_written_stops_no_clock_where_answers_need_a_proof(
    mode: Mode, gesture: Gesture
) -> None:
    proving = replace(REQUEST, requirement=replace(NEEDS, pause=True, mode=mode))
    question = Question(request="", text="why?", at=at(0), gesture=gesture, by="ana")
    found = record((Kind.QUESTIONED, encode(question)), of=proving)
    written = gesture not in (Gesture.CLI, Gesture.API)
    assert (found.paused is None) is (written and mode in (Mode.CODE, Mode.SIGNED))


def test_an_answer_to_nothing_changes_nothing() -> None:
    assert record(answered("because")).questions == ()
    done = record(asked("why?"), answered("because"), answered("again"))
    assert [q.answer for q in done.questions] == ["because"]


def test_reminders_and_escalations_are_remembered() -> None:
    found = record(
        (Kind.REMINDED, {"before": [600, 60]}), (Kind.REMINDED, {"before": [30.5]}), (Kind.ESCALATED, {})
    )
    assert found.reminded == (timedelta(minutes=10), timedelta(minutes=1), timedelta(seconds=30.5))
    assert (found.escalated, found.approvers) == ((at(3),), ("ana", "ben"))
    assert record().approvers == ("ana",)
    twice = record((Kind.ESCALATED, {}), (Kind.ESCALATED, {}))
    assert (twice.escalated, twice.approvers) == ((at(1), at(2)), ("cy",))


CODE = IssuedCode(approver="ana", nonce="n", key="k", approve="yes", reject="no")
CODED = (Kind.CODED, {"codes": [encode(CODE)]})


def vote(by: str, kind: str = "", ballot: str = "") -> Step:
    proof = {"kind": kind} if kind else None
    cast = Vote(verdict=Verdict.APPROVE, gesture=Gesture.TICK, at=AT, by=by, proof=proof, ballot=ballot)
    return Kind.VOTED, encode(cast)


def test_codes_are_issued_sent_and_used() -> None:
    assert record(CODED).codes.of("ana") == CODE
    assert record(CODED, (Kind.SENT, {"nonces": ["n"]})).codes.sent == ("n",)
    assert record(CODED, vote("ana", "code")).codes.of("ana") == replace(CODE, approve="")


@pytest.mark.parametrize(("by", "kind"), [("ana", "hmac"), ("ana", ""), ("ben", "code")])
def test_a_vote_by_something_else_uses_no_code(by: str, kind: str) -> None:
    assert record(CODED, vote(by, kind)).codes.of("ana") == CODE


def test_the_notes_of_all_votes_and_questions_are_remembered_in_order() -> None:
    found = record(vote("ana", ballot="1"), asked("why?", "2"), vote("ben"), vote("ana", ballot="3"))
    assert found.ballots == ("1", "2", "3")


def test_wrong_and_exposed_codes_are_counted_with_their_notice() -> None:
    wrong = Notice(text="wrong", wrong_codes=2)
    assert record(CODED, (Kind.REFUSED, encode(wrong))).codes.wrong == 2
    seen = Notice(text="seen", exposed="ana")
    after = record(CODED, (Kind.REFUSED, encode(seen)))
    assert (after.codes.good, after.codes.wrong, after.notice) == ((), 0, seen)
    assert record(CODED, FLAGGED).codes == record(CODED).codes


RULE = StandingRule(
    id=ID,
    action="payment",
    agent="crm-bot",
    context={"eur": 900},
    requirement=replace(NEEDS, remember=Remember(longest=timedelta(days=1))),
    granted=AT,
    ends=AT + timedelta(days=1),
)
APPROVED = (Kind.APPROVED, {"by": ["ana"]})
REMEMBERED = (Kind.REMEMBERED, encode(RULE))


def test_a_standing_rule_is_kept_until_it_is_revoked_once() -> None:
    assert record(APPROVED).standing is None
    assert record(APPROVED, REMEMBERED).standing == RULE
    revoked = (Kind.REVOKED, {"why": "left"})
    ended = replace(RULE, ended=at(3), why="left")
    assert record(APPROVED, REMEMBERED, revoked).standing == ended
    assert record(APPROVED, REMEMBERED, revoked, (Kind.REVOKED, {"why": "again"})).standing == ended
    assert record(APPROVED, REMEMBERED, (Kind.REVOKED, {})).standing == replace(ended, why="")


def test_a_rule_that_was_never_made_is_not_revoked() -> None:
    assert record(APPROVED, (Kind.REVOKED, {"why": "left"})).standing is None


def test_a_decision_says_all_that_its_entry_says() -> None:
    body = {
        "by": ["ana", "ben"],
        "comment": "fine",
        "notes": "see mail",
        "ground": "rule small",
        "rule": "r-1",
        "edits": {"to.name": "Bolt", "eur": 800},
    }
    found = record(vote("ana"), (Kind.APPROVED, body))
    assert found.decision == Decision(
        request=ID,
        state=State.APPROVED,
        at=at(2),
        context={"eur": 800, "to": {"name": "Bolt"}},
        by=("ana", "ben"),
        comment="fine",
        notes="see mail",
        ground="rule small",
        rule="r-1",
        changed=("to.name", "eur"),
        votes=found.votes,
    )
    assert [cast.by for cast in found.votes] == ["ana"]


def test_a_decision_of_which_nothing_is_said_is_by_nobody_and_changes_nothing() -> None:
    found = record((Kind.EXPIRED, {}))
    assert found.decision == Decision(request=ID, state=State.EXPIRED, at=at(1), context=REQUEST.context)


def test_a_vote_leaves_those_of_others_and_replaces_the_same_persons() -> None:
    found = record(vote("ana"), vote("ben"), vote("ANA\u200b"))
    assert [cast.by for cast in found.votes] == ["ben", "ANA\u200b"]
    assert found.changed == at(3)


@pytest.mark.parametrize("kind", [Kind.REFUSED, Kind.HELD, Kind.FLAGGED])
def test_a_notice_is_told_with_its_kind_and_cleared(kind: Kind) -> None:
    told = record((kind, encode(NOTICE)))
    assert (told.notice, told.notice_kind) == (NOTICE, kind)
    cleared = record((kind, encode(NOTICE)), (Kind.CLEARED, {}))
    assert (cleared.notice, cleared.notice_kind) == (None, None)


def test_a_step_that_is_refused_names_the_request() -> None:
    with pytest.raises(InvalidTransition) as error:
        record((Kind.REJECTED, {}), (Kind.APPROVED, {}))
    assert error.value.id == ID
