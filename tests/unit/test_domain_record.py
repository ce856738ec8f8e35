"""The fold: what the entries of a request amount to, and the hash that ties them together."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.domain.canonical import canonical
from hitl_vault.domain.codec import encode
from hitl_vault.domain.decision import Gesture, Outcome, Verdict, Vote, tally
from hitl_vault.domain.entry import GENESIS, Entry, entry_hash, hash_of
from hitl_vault.domain.fold import fold
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.record import Notice, Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import Mode, Requirement, stricter
from hitl_vault.domain.times import text_of
from hitl_vault.errors import InvalidTransition

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ID = "20260102-030405-payment-7k3m9x2q"
REQUEST = Request(
    id=ID,
    action="payment",
    context={"eur": 900},
    agent="crm-bot",
    created=AT,
    expires=AT + timedelta(hours=1),
    requirement=Requirement(quorum=2),
)


def at(n: int) -> datetime:
    return AT + timedelta(seconds=n)


def entry(n: int, kind: Kind, body: dict[str, Any]) -> Entry:
    return Entry(
        seq=n, at=at(n), kind=kind, request=ID, mode=Mode.OPEN, body=body, prev=GENESIS, hash=GENESIS
    )


def record(*steps: tuple[Kind, dict[str, Any]]) -> Record:
    asked = fold(None, entry(1, Kind.ASKED, {"request": encode(REQUEST)}))
    return reduce(fold, (entry(n, kind, body) for n, (kind, body) in enumerate(steps, start=2)), asked)


def vote(by: str, verdict: Verdict = Verdict.APPROVE, comment: str = "") -> Vote:
    return Vote(verdict=verdict, gesture=Gesture.TICK, at=AT, by=by, comment=comment)


def voted(*args: Any) -> tuple[Kind, dict[str, Any]]:
    return Kind.VOTED, encode(vote(*args))


YES = (Kind.APPROVED, {"by": ["ana", "bo"], "comment": "fine", "notes": "see mail"})
CLAIM = (Kind.CLAIMED, {"by": "crm-bot", "at": text_of(AT), "token": "t"})


def test_a_request_that_was_asked_is_pending() -> None:
    asked = record()
    assert (asked.request, asked.state, asked.seq, asked.changed) == (REQUEST, State.PENDING, 1, at(1))
    assert asked.deadline == REQUEST.expires
    assert not asked.over


def test_each_name_has_one_vote_its_latest() -> None:
    found = record(voted("ana"), voted("bo", Verdict.REJECT), voted("ana", Verdict.REJECT, "no"))
    assert [(v.by, v.verdict) for v in found.votes] == [("bo", Verdict.REJECT), ("ana", Verdict.REJECT)]
    assert found.votes[1].comment == "no"
    assert found.state is State.PENDING


def test_a_decision_carries_who_why_and_what_may_run() -> None:
    found = record(voted("ana"), voted("bo"), YES)
    assert found.decision is not None
    assert found.decision.approved
    assert found.decision.by == ("ana", "bo")
    assert (found.decision.comment, found.decision.notes) == ("fine", "see mail")
    assert found.decision.context == {"eur": 900}
    assert found.decision.at == at(4)
    assert [v.by for v in found.decision.votes] == ["ana", "bo"]
    assert found.deadline == REQUEST.expires, "an approval that nobody claims expires too"


@pytest.mark.parametrize("kind", [Kind.REJECTED, Kind.EXPIRED, Kind.CANCELLED])
def test_a_no_ends_the_request(kind: Kind) -> None:
    found = record((kind, {}))
    assert found.over
    assert found.deadline is None
    assert found.decision is not None
    assert not found.decision.approved
    assert found.decision.state == found.state == State(kind)


def test_an_approval_that_expires_before_the_claim_is_no_approval() -> None:
    found = record(YES, (Kind.EXPIRED, {}))
    assert found.decision is not None
    assert not found.decision.approved


def test_a_run_is_claimed_and_has_an_outcome() -> None:
    outcome = Outcome(state=State.EXECUTED, at=AT, result={"paid": True}, by="crm-bot")
    found = record(YES, CLAIM, (Kind.EXECUTED, encode(outcome)))
    assert found.claim is not None
    assert found.claim.token == "t"
    assert found.outcome == outcome
    assert found.over
    assert found.decision is not None
    assert found.decision.approved


def test_a_run_that_nobody_knows_the_end_of_can_be_settled_later() -> None:
    lost = encode(Outcome(state=State.UNKNOWN, at=AT, error="vanished"))
    failed = Outcome(state=State.FAILED, at=AT, error="bank said no", by="ana")
    assert not record(YES, CLAIM, (Kind.UNKNOWN, lost)).over
    assert record(YES, CLAIM, (Kind.UNKNOWN, lost), (Kind.FAILED, encode(failed))).outcome == failed


def test_a_notice_stays_until_it_is_cleared_or_a_vote_comes() -> None:
    notice = Notice(text="unknown word", detail="aproved")
    flagged = (Kind.FLAGGED, encode(notice))
    assert (record(flagged).notice, record(flagged).notice_kind) == (notice, Kind.FLAGGED)
    assert record(flagged, (Kind.CLEARED, {})).notice is None
    assert record(flagged, voted("ana")).notice is None
    assert record(flagged, YES).notice_kind is None


def test_what_was_found_later_changes_no_state() -> None:
    before = record((Kind.REJECTED, {}))
    after = record((Kind.REJECTED, {}), (Kind.TAMPERED, {"text": "edited"}))
    assert after.state is before.state
    assert after.decision == before.decision
    assert after.notice is not None


def test_a_step_that_the_lifecycle_does_not_have_is_refused() -> None:
    with pytest.raises(InvalidTransition):
        record((Kind.REJECTED, {}), YES)


A, R = Verdict.APPROVE, Verdict.REJECT


@pytest.mark.parametrize(
    ("quorum", "reject_quorum", "votes", "expected"),
    [
        (1, 1, [], None),
        (1, 1, [("", A)], A),
        (1, 1, [("ana", R)], R),
        (2, 1, [("ana", A)], None),
        (2, 1, [("ana", A), ("ana", A)], None),
        (2, 1, [("ana", A), ("bo", A)], A),
        (2, 1, [("ana", A), ("bo", R)], R),
        (2, 2, [("ana", A), ("bo", R)], None),
        (1, 1, [("ana", R), ("ana", A)], A),
        (1, 2, [("ana", R), ("bo", R), ("cy", A)], R),
        (2, 1, [("ana", A), ("ANA\u200b", A)], None),
        (2, 1, [("", A), ("bo", A)], None),
        (2, 1, [("\u200b", A), ("bo", A)], None),
        (1, 2, [("", R), ("bo", R)], None),
        (2, 1, [("", A), ("", R)], R),
    ],
)
def test_the_votes_are_tallied_by_name(
    quorum: int, reject_quorum: int, votes: list[tuple[str, Verdict]], expected: Verdict | None
) -> None:
    requirement = Requirement(quorum=quorum, reject_quorum=reject_quorum)
    assert tally(requirement, [vote(by, verdict) for by, verdict in votes]) is expected


def test_a_quorum_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Requirement(quorum=0)


def test_the_stricter_of_two_modes_wins_whichever_comes_first() -> None:
    for one in Mode:
        for other in Mode:
            assert stricter(one, other) is stricter(other, one)
            assert stricter(one, other).strictness == max(one.strictness, other.strictness)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
bodies = st.dictionaries(texts, texts | st.integers(-(2**53) + 1, 2**53 - 1) | st.lists(texts), max_size=4)


@given(
    seq=st.integers(1, 2**53 - 1),
    when=st.datetimes(timezones=st.just(UTC)),
    kind=st.sampled_from(Kind),
    mode=st.sampled_from(Mode),
    body=bodies,
    prev=st.binary(min_size=32, max_size=32).map(bytes.hex),
)
def test_the_hash_is_that_of_the_canonical_json_of_the_whole_entry(
    seq: int, when: datetime, kind: Kind, mode: Mode, body: dict[str, Any], prev: str
) -> None:
    whole = {"seq": seq, "at": text_of(when), "kind": str(kind), "request": ID, "mode": str(mode)}
    whole |= {"body": body, "prev": prev}
    expected = hashlib.sha256(canonical(whole)).hexdigest()
    parts = {"seq": seq, "at": when, "kind": kind, "request": ID, "mode": mode, "prev": prev}
    assert entry_hash(**parts, body=canonical(body)) == expected  # type: ignore[arg-type]
    assert hash_of(Entry(**parts, body=body, hash="")) == expected  # type: ignore[arg-type]


def test_approvals_of_different_values_are_held_until_all_are_for_the_same() -> None:
    def approval(by: str, eur: int) -> tuple[Kind, dict[str, Any]]:
        cast = Vote(verdict=A, gesture=Gesture.TICK, at=AT, by=by, edits={"eur": eur})
        return Kind.VOTED, encode(cast)

    assert not record(approval("ana", 1)).held
    assert record(approval("ana", 1), approval("bo", 2)).held
    assert not record(approval("ana", 1), approval("bo", 1)).held
    assert not record(approval("ana", 1), voted("bo", R)).held
    assert [v.by for v in record(approval("ana", 1), voted("bo", R)).counted(R)] == ["bo"]

    assert record(approval("ana", 1), approval("bo", 2)).counted(R) == ()
