"""Who counts as whom: exactly when voting, loosely when it is about the one who asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.domain.decision import Gesture, Verdict, Vote
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import Adopted, Request
from hitl_vault.domain.requirement import Delegation, Mode, Requirement
from hitl_vault.errors import NotAllowed, NotAnApprover, SelfApproval
from hitl_vault.trust.modes import as_voter as admit
from hitl_vault.trust.modes import check_proof_kind
from hitl_vault.trust.names import alike

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def record(
    *approvers: str,
    agent: str = "crm-bot",
    mode: Mode = Mode.ATTRIBUTED,
    run: str | None = None,
    adopted: Adopted | None = None,
    delegations: tuple[Delegation, ...] = (),
) -> Record:
    request = Request(
        id="20260102-030405-pay-7k3m9x2q",
        action="pay",
        context={},
        agent=agent,
        created=NOW,
        run=run,
        requirement=Requirement(mode=mode, approvers=approvers, delegations=delegations),
        adopted=adopted,
    )
    return Record(request=request, state=State.PENDING, seq=1, changed=NOW)


def by(name: str) -> Vote:
    return Vote(verdict=Verdict.APPROVE, gesture=Gesture.STATUS, at=NOW, by=name)


def nobody_asked(agent: str, run: str | None) -> bool:
    return False


@pytest.mark.parametrize("typed", ["José", "Jose\u0301", "  José\t"])
def test_a_listed_approver_is_admitted_however_unicode_writes_the_name(typed: str) -> None:
    assert admit(record("José"), by(typed), nobody_asked).by == "José"


@pytest.mark.parametrize(
    "typed", ["jose", "josé", "JOSÉ", "José.", "José ben", "Jоsé", "Ｊｏｓé", "J\u200bosé", "*"]
)
def test_a_name_that_only_looks_like_an_approver_is_not_admitted(typed: str) -> None:
    with pytest.raises(NotAnApprover, match="is not an approver"):
        admit(record("José"), by(typed), nobody_asked)


@pytest.mark.parametrize(
    ("listed", "typed", "says"),
    [
        (("ana", "ben", "cy"), "Ben", "; ana, ben, cy are, letter by letter (did you mean ben?)"),
        (("ana", "ben", "cy"), "dora", "; ana, ben, cy are, letter by letter"),
        (("ben",), "BEN", "; ben is, letter by letter (did you mean ben?)"),
        (tuple("abcdefghijk"), "x", "; a, b, c, d, e, f, g, h and 3 more are, letter by letter"),
    ],
)
def test_whoever_is_no_approver_is_told_who_is_and_whom_they_may_have_meant(
    listed: tuple[str, ...], typed: str, says: str
) -> None:
    with pytest.raises(NotAnApprover) as refused:
        admit(record(*listed), by(typed), nobody_asked)
    assert str(refused.value) == f"{typed} is not an approver of this request{says}"


def test_a_vote_without_a_name_is_not_admitted() -> None:
    with pytest.raises(NotAnApprover, match="fill in `approver`"):
        admit(record("ana"), by("  "), nobody_asked)


def test_nobody_is_admitted_where_nobody_is_listed_and_the_message_says_where_to_add_names() -> None:
    with pytest.raises(NotAnApprover, match=r"approvers:` in \.hitl/vault\.yaml"):
        admit(record(), by("ana"), nobody_asked)


@pytest.mark.parametrize("agent", ["ana", "Ana", " ANA ", "ａｎａ", "a\u200bna", "ana\u00a0", "ªna", "a n a"])
def test_an_agent_whose_name_people_would_read_as_the_approvers_makes_that_approver_the_asker(
    agent: str,
) -> None:
    with pytest.raises(SelfApproval):
        admit(record("ana", "ben", agent=agent), by("ana"), nobody_asked)
    assert admit(record("ana", "ben", agent=agent), by("ben"), nobody_asked).by == "ben"


def test_the_asking_agent_may_not_answer_in_open_mode_either() -> None:
    with pytest.raises(SelfApproval):
        admit(record(mode=Mode.OPEN), by("CRM-Bot"), nobody_asked)


def test_every_name_that_an_adopted_note_gives_for_its_author_is_barred() -> None:
    note = Adopted(name="a.md", text="", authors=("ana", "planner"))
    with pytest.raises(SelfApproval):
        admit(record("ana", "ben", agent="claude", adopted=note), by("ana"), nobody_asked)
    assert admit(record("ana", "ben", agent="claude", adopted=note), by("ben"), nobody_asked).by == "ben"


@pytest.mark.parametrize("asked_as", ["helper", "Helper", "HELPER"])
def test_a_name_that_asks_here_does_not_answer_notes_whose_author_nobody_checked(asked_as: str) -> None:
    note = Adopted(name="a.md", text="")
    agents = {"helper"}
    subject = record(asked_as, agent="unknown", adopted=note)
    with pytest.raises(SelfApproval):
        admit(subject, by(asked_as), lambda agent, run: agent in agents and run is None)


def test_a_name_that_asks_in_a_run_does_not_answer_what_others_ask_in_that_run() -> None:
    asked = {("planner", "run-7")}
    for run, barred in (("run-7", True), ("run-8", False), (None, False)):
        subject = record("planner", agent="worker", run=run)
        if barred:
            with pytest.raises(SelfApproval):
                admit(subject, by("planner"), lambda agent, run: (agent, run) in asked)
        else:
            assert admit(subject, by("planner"), lambda agent, run: (agent, run) in asked).by == "planner"


def test_a_delegate_does_not_answer_for_the_one_who_asked() -> None:
    given_to_ben = (Delegation(of="ana", to="ben"), Delegation(of="cyd", to="ben"))
    with pytest.raises(SelfApproval, match="answers for ana"):
        admit(record("ana", agent="Ana", delegations=given_to_ben), by("ben"), nobody_asked)
    vote = admit(record("ana", "cyd", agent="Ana", delegations=given_to_ben), by("ben"), nobody_asked)
    assert vote.on_behalf_of == ("cyd",)


@pytest.mark.parametrize("mode", [Mode.CODE, Mode.SIGNED])
@pytest.mark.parametrize("proof", [None, {}, {"kind": "none"}, {"kind": "open"}])
def test_a_stricter_mode_admits_nothing_without_its_proof(mode: Mode, proof: dict[str, str] | None) -> None:
    vote = Vote(verdict=Verdict.REJECT, gesture=Gesture.CLI, at=NOW, by="ana", proof=proof)
    with pytest.raises(NotAllowed, match=f"trust mode {mode}"):
        check_proof_kind(record("ana", mode=mode), vote)


def test_a_code_does_not_stand_in_for_a_signature() -> None:
    vote = Vote(verdict=Verdict.REJECT, gesture=Gesture.CLI, at=NOW, by="ana", proof={"kind": "code"})
    with pytest.raises(NotAllowed, match="signature"):
        check_proof_kind(record("ana", mode=Mode.SIGNED), vote)


@given(st.text())
def test_folding_a_name_again_changes_nothing(name: str) -> None:
    assert alike(alike(name)) == alike(name)


@given(st.text())
def test_case_blanks_and_invisible_characters_never_make_another_name(name: str) -> None:
    assert alike(f" {name.casefold()}\u200b\u00ad\u3000") == alike(name)
