"""Who answers, for whom, and when a request is decided: against a simple model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.domain.codec import decode, encode
from hitl_vault.domain.decision import Gesture, Verdict, Vote, tally
from hitl_vault.domain.requirement import (
    Delegation,
    Escalation,
    Mode,
    Remember,
    Requirement,
    Term,
)
from hitl_vault.domain.risk import Level

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def requirement(**more: object) -> Requirement:
    return Requirement(**{"mode": Mode.ATTRIBUTED, "approvers": ("ana", "cy")} | more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "at", "expected"),
    [
        ("ana", NOW, ()),
        (" ana ", NOW, ()),
        ("ben", NOW, ("ana",)),
        ("ben", NOW - HOUR, None),
        ("ben", NOW + HOUR, None),
        ("cy", NOW, ()),
        ("Ana", NOW, None),
        ("", NOW, None),
        ("dan", NOW, None),
    ],
)
def test_an_approver_answers_and_so_does_a_delegate_while_the_delegation_holds(
    name: str, at: datetime, expected: tuple[str, ...] | None
) -> None:
    needs = requirement(
        delegations=(
            Delegation(of="ana", to="ben", begins=NOW, ends=NOW + HOUR),
            Delegation(of="ana", to="cy"),
            Delegation(of="nobody", to="dan"),
        )
    )
    assert needs.answers_for(name, at) == expected


def test_nobody_answers_outside_their_term_nor_does_their_delegate() -> None:
    needs = requirement(terms=(Term(who="ana", ends=NOW),), delegations=(Delegation(of="ana", to="ben"),))
    before = NOW - HOUR
    assert (needs.answers_for("ana", before), needs.answers_for("ben", before)) == ((), ("ana",))
    assert (needs.answers_for("ana", NOW), needs.answers_for("ben", NOW)) == (None, None)


def test_who_is_asked_later_is_given_with_the_question() -> None:
    assert requirement().answers_for("dan", NOW, ("dan",)) == ()
    assert requirement().answers_for("ana", NOW, ("dan",)) is None


def test_a_requirement_survives_its_way_to_the_ledger_and_an_old_one_keeps_its_form() -> None:
    full = requirement(
        timeout=HOUR,
        remind=(HOUR,),
        escalations=(Escalation(after=HOUR, to=("dan",), replace=True),),
        remember=Remember(longest=7 * 24 * HOUR, up_to=Level.MEDIUM, at_most=("amount",)),
        terms=(Term(who="ana", begins=NOW),),
        delegations=(Delegation(of="ana", to="ben", ends=NOW),),
        edits=("amount",),
    )
    assert decode(Requirement, encode(full)) == full
    assert encode(Requirement()) == {}


def vote(by: str, verdict: Verdict, of: tuple[str, ...]) -> Vote:
    return Vote(verdict=verdict, gesture=Gesture.API, at=NOW, by=by, on_behalf_of=of)


APPROVERS = ("a", "b", "c")
DELEGATES = {"d": ("a",), "e": ("a", "b"), "f": ("c",)}
VOTES = st.lists(st.tuples(st.sampled_from([*APPROVERS, *DELEGATES]), st.sampled_from(Verdict)), max_size=12)


def seats(last: dict[str, Verdict]) -> dict[str, Verdict]:
    """Say which approver's seat says what: their own vote, else that of the first delegate for it."""
    taken = {name: verdict for name, verdict in last.items() if name in APPROVERS}
    for name, verdict in last.items():
        free = [seat for seat in DELEGATES.get(name, ()) if seat not in taken]
        if free:
            taken[free[0]] = verdict
    return taken


@given(VOTES, st.integers(1, 3), st.integers(1, 3))
def test_the_tally_counts_seats_each_once_and_rejections_first(
    cast: list[tuple[str, Verdict]], quorum: int, reject_quorum: int
) -> None:
    last = dict(cast)
    verdicts = list(seats(last).values())
    expected = (
        Verdict.REJECT
        if verdicts.count(Verdict.REJECT) >= reject_quorum
        else Verdict.APPROVE
        if verdicts.count(Verdict.APPROVE) >= quorum
        else None
    )
    votes = [vote(by, verdict, DELEGATES.get(by, ())) for by, verdict in cast]
    assert tally(requirement(quorum=quorum, reject_quorum=reject_quorum), votes) is expected


@given(VOTES, st.integers(1, 3))
def test_nothing_is_approved_without_a_quorum_of_different_people(
    cast: list[tuple[str, Verdict]], quorum: int
) -> None:
    votes = [vote(by, verdict, DELEGATES.get(by, ())) for by, verdict in cast]
    if tally(requirement(quorum=quorum), votes) is Verdict.APPROVE:
        assert len({v.by for v in votes if v.verdict is Verdict.APPROVE}) >= quorum


@pytest.mark.parametrize("quorum", [{"quorum": 0}, {"reject_quorum": 0}, {"quorum": -1, "reject_quorum": 2}])
def test_a_quorum_of_nobody_is_refused(quorum: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"^a quorum is at least 1$"):
        requirement(**quorum)
