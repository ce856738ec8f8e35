"""From what a rule asks, with the policy's defaults and the vault's mode, to the requirement of a request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hitl_vault.domain.policy import Asks, Group, People
from hitl_vault.domain.require import merged, requirement_of, strictest
from hitl_vault.domain.requirement import (
    Delegation,
    Escalation,
    Mode,
    Remember,
    Requirement,
    Term,
    plain_name,
)
from hitl_vault.domain.risk import Level

AT = datetime(2026, 1, 2, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NOBODY = People()
ANYONE = Requirement()
PEOPLE = People(
    persons=(Term(who="ana"), Term(who="ben", begins=AT, ends=AT + 9 * DAY), Term(who="cy")),
    groups=(Group(name="leads", members=("ana", "ben"), begins=AT + DAY, ends=AT + 20 * DAY),),
    delegations=(
        Delegation(of="ana", to="cy", begins=AT, ends=AT + 5 * DAY),
        Delegation(of="cy", to="ben"),
        Delegation(of="ben", to="crm-bot"),
    ),
)


def required(asks: Asks, people: People = PEOPLE, base: Requirement = ANYONE) -> Requirement:
    return requirement_of(people, asks, base=base, agent="crm-bot")


DEFAULTS = Asks(
    risk=Level.LOW,
    mode=Mode.ATTRIBUTED,
    approvers=("ana",),
    quorum=2,
    timeout=HOUR,
    untimed=False,
    edits=("amount",),
    edits_check="context.amount < 5",
    comment_required=True,
)


def test_what_a_rule_says_takes_the_place_of_the_default_and_the_rest_stays() -> None:
    assert merged(Asks(), DEFAULTS) == DEFAULTS
    found = merged(Asks(quorum=3, comment_required=False), DEFAULTS)
    assert (found.quorum, found.comment_required, found.approvers, found.mode) == (
        3,
        False,
        ("ana",),
        Mode.ATTRIBUTED,
    )


def test_timeout_and_edits_are_taken_with_what_belongs_to_them() -> None:
    untimed = merged(Asks(untimed=True), DEFAULTS)
    assert (untimed.timeout, untimed.untimed) == (None, True)
    timed = merged(Asks(untimed=False, timeout=DAY), Asks(untimed=True))
    assert (timed.timeout, timed.untimed) == (DAY, False)
    unchecked = merged(Asks(edits=("to",)), DEFAULTS)
    assert (unchecked.edits, unchecked.edits_check) == (("to",), "")
    checked = merged(Asks(edits=("to",), edits_check="true"), DEFAULTS)
    assert (checked.edits, checked.edits_check) == (("to",), "true")


def test_where_nothing_is_asked_one_answer_of_anyone_is_enough() -> None:
    assert required(Asks(), NOBODY) == ANYONE


def test_everything_that_is_asked_is_required() -> None:
    asked: dict[str, Any] = {
        "mode": Mode.SIGNED,
        "quorum": 2,
        "reject_quorum": 3,
        "comment_required": True,
        "settle": 1.5,
        "template": "money",
        "timeout": HOUR,
        "untimed": True,
        "pause": True,
        "edits": ("amount",),
        "edits_check": "true",
        "remember": Remember(longest=DAY),
    }
    minutes = timedelta(minutes=5)
    found = required(Asks(**asked, remind=(minutes, HOUR, minutes)), NOBODY)
    assert found == Requirement(**asked, remind=(HOUR, minutes))


def test_no_standing_rule_is_offered_that_lasts_no_time() -> None:
    assert required(Asks(remember=Remember(longest=timedelta(0)))).remember is None


def test_the_mode_is_the_stricter_of_the_vaults_and_the_rules() -> None:
    assert required(Asks(mode=Mode.OPEN), base=Requirement(mode=Mode.CODE)).mode is Mode.CODE
    assert required(Asks(mode=Mode.SIGNED), base=Requirement(mode=Mode.CODE)).mode is Mode.SIGNED


def test_who_is_named_answers_else_the_vaults_else_everyone_where_names_matter() -> None:
    vault = Requirement(mode=Mode.ATTRIBUTED, approvers=("dan",))
    assert required(Asks(approvers=("cy",)), base=vault).approvers == ("cy",)
    assert required(Asks(), base=vault).approvers == ("dan",)
    assert required(Asks(mode=Mode.ATTRIBUTED)).approvers == ("ana", "ben", "cy")
    assert required(Asks()).approvers == ()


def test_a_group_stands_for_its_members_within_its_time_and_theirs() -> None:
    found = required(Asks(approvers=("leads",)))
    assert found.approvers == ("ana", "ben")
    assert found.terms == (
        Term(who="ana", begins=AT + DAY, ends=AT + 20 * DAY),
        Term(who="ben", begins=AT + DAY, ends=AT + 9 * DAY),
    )


def test_who_is_named_without_limits_too_has_none() -> None:
    found = required(Asks(approvers=("leads", "ana")))
    assert found.approvers == ("ana", "ben")
    assert [term.who for term in found.terms] == ["ben"]


def test_escalations_come_in_their_order_with_persons_for_groups_and_their_terms() -> None:
    late = Escalation(after=2 * HOUR, to=("leads", "cy"), replace=True)
    soon = Escalation(after=HOUR, to=("cy",))
    found = required(Asks(approvers=("ana",), escalations=(late, soon)))
    assert found.escalations == (soon, Escalation(after=2 * HOUR, to=("ana", "ben", "cy"), replace=True))
    assert [term.who for term in found.terms] == ["ben"]
    assert found.approvers == ("ana",)


def test_delegations_of_those_asked_hold_within_the_delegates_own_term_and_never_to_the_agent() -> None:
    found = required(Asks(approvers=("ana", "ben", "cy")))
    assert found.delegations == (
        Delegation(of="ana", to="cy", begins=AT, ends=AT + 5 * DAY),
        Delegation(of="cy", to="ben", begins=AT, ends=AT + 9 * DAY),
    )
    assert required(Asks(approvers=("ben",))).delegations == ()
    asked_later = Asks(approvers=("ben",), escalations=(Escalation(after=HOUR, to=("cy",)),))
    assert [d.of for d in required(asked_later).delegations] == ["cy"]


def test_a_delegation_holds_no_longer_than_either_side() -> None:
    people = People(
        persons=(Term(who="ben", begins=AT + DAY, ends=AT + 2 * DAY),),
        delegations=(Delegation(of="ana", to="ben", begins=AT, ends=AT + 3 * DAY),),
    )
    (found,) = required(Asks(approvers=("ana",)), people).delegations
    assert (found.begins, found.ends) == (AT + DAY, AT + 2 * DAY)


def test_a_delegate_without_a_term_is_one_as_long_as_the_delegation_holds() -> None:
    given = Delegation(of="ana", to="ben", begins=AT, ends=AT + DAY)
    assert required(Asks(approvers=("ana",)), People(delegations=(given,))).delegations == (given,)


def test_the_agent_is_no_delegate_however_its_name_is_written() -> None:
    people = People(delegations=(Delegation(of="ana", to=" crm-bot "), Delegation(of="ana", to="dan")))
    found = required(Asks(approvers=("ana",)), people)
    assert [d.to for d in found.delegations] == ["dan"]


def test_the_strictest_of_several_asks_the_most_of_each() -> None:
    two = Requirement(quorum=2, rule="two", edits=("a",), edits_check="true", remember=Remember(longest=DAY))
    coded = Requirement(mode=Mode.CODE, timeout=2 * HOUR, comment_required=True)
    short = Requirement(timeout=HOUR, untimed=True)
    found = strictest([two, coded, short])
    assert found == Requirement(quorum=2, rule="two", mode=Mode.CODE, timeout=HOUR, comment_required=True)


@pytest.mark.parametrize(
    ("asked", "approvers", "quorum"),
    [
        ([(("cfo",), 1), (("ann", "ben"), 2)], ("cfo", "ann", "ben"), 3),
        ([(("ann", "ben"), 1), (("cfo",), 1)], ("ann", "ben", "cfo"), 3),
        ([(("ann", "ben", "cfo"), 2), ((" ben ", "cfo", "dan"), 1)], ("ben", "cfo"), 2),
        ([(("ann", "ben"), 1), (("ben", "cfo"), 1)], ("ben",), 1),
        ([(("ann", "ben"), 2), (("ben", "cfo"), 1)], ("ann", "ben", "cfo"), 3),
        ([((), 1), (("ann",), 1)], ("ann",), 1),
        ([(("cfo",), 1), ((), 2)], ("cfo",), 2),
        ([((), 2), ((), 1)], (), 2),
    ],
)
def test_what_suffices_for_several_suffices_for_each_of_them(
    asked: list[tuple[tuple[str, ...], int]], approvers: tuple[str, ...], quorum: int
) -> None:
    several = [Requirement(approvers=names, quorum=number) for names, number in asked]
    found = strictest(several)
    assert (tuple(map(plain_name, found.approvers)), found.quorum) == (approvers, quorum)


def test_the_strictest_of_several_lets_nobody_in_by_another_door() -> None:
    later = Requirement(approvers=("ana",), escalations=(Escalation(after=HOUR, to=("ben",)),), pause=True)
    limited = Requirement(approvers=("ana",), terms=(Term(who="ana", ends=AT),), reject_quorum=2)
    found = strictest([later, limited])
    assert (found.escalations, found.pause, found.terms, found.reject_quorum) == ((), False, limited.terms, 1)
    assert strictest([later, later]).escalations == later.escalations


def test_there_is_no_deadline_only_where_none_of_them_has_one() -> None:
    free = Requirement(untimed=True, quorum=2)
    assert strictest([free, Requirement()]).untimed
    assert not strictest([free, Requirement(timeout=HOUR)]).untimed


def test_the_strictest_of_several_is_rejected_as_soon_as_any_and_keeps_every_delegation() -> None:
    ana, ben = Delegation(of="ana", to="cy"), Delegation(of="ben", to="cy")
    one = Requirement(reject_quorum=3, delegations=(ana,))
    found = strictest([one, Requirement(reject_quorum=2, delegations=(ben, ana))])
    assert (found.reject_quorum, found.delegations) == (2, (ana, ben))
