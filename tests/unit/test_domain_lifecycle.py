"""The lifecycle: every step that the table has, and that it has no other."""

from __future__ import annotations

import pytest

from hitl_vault.domain.lifecycle import FINAL, NO, TRANSITIONS, Kind, State, step
from hitl_vault.errors import InvalidTransition

# One row a state, one word a kind that it accepts; `=` where the state stays.
STEPS = {
    None: "asked>pending",
    "pending": "coded= sent= voted= held= flagged= cleared= refused= tampered= "
    "reminded= escalated= questioned= answered= "
    "approved>approved rejected>rejected expired>expired cancelled>cancelled",
    "approved": "refused= tampered= revoked= remembered= "
    "expired>expired cancelled>cancelled claimed>executing",
    "executing": "refused= tampered= revoked= executed>executed failed>failed unknown>unknown",
    "unknown": "refused= tampered= revoked= executed>executed failed>failed",
    "rejected": "refused= tampered=",
    "expired": "refused= tampered= revoked=",
    "cancelled": "refused= tampered= revoked=",
    "executed": "refused= tampered= revoked=",
    "failed": "refused= tampered= revoked=",
}


def expected() -> dict[tuple[str | None, str], str]:
    found = {}
    for state, words in STEPS.items():
        for word in words.split():
            kind, _, after = word.rstrip("=").partition(">")
            found[state, kind] = after or str(state)
    return found


@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("kind", list(Kind))
def test_each_pair_of_state_and_kind_is_allowed_or_refused_as_designed(
    state: State | None, kind: Kind
) -> None:
    after = expected().get((state, kind))
    if after is None:
        with pytest.raises(InvalidTransition) as refused:
            step(state, kind, id="the-id")
        assert refused.value.id == "the-id"
        assert str(kind) in str(refused.value)
    else:
        assert step(state, kind) is State(after)


def test_what_is_over_stays_as_it_is() -> None:
    assert {after for (state, _), after in TRANSITIONS.items() if state in FINAL} == FINAL
    for (state, _), after in TRANSITIONS.items():
        assert state not in FINAL or state is after


def test_a_no_is_final_and_never_leads_to_a_run() -> None:
    assert {State.REJECTED, State.EXPIRED, State.CANCELLED} == NO
    assert State.UNKNOWN not in FINAL, "a person can settle how it ended"


def test_an_action_runs_only_after_a_yes_and_a_claim() -> None:
    def before(after: State) -> set[State | None]:
        return {state for (state, _), then in TRANSITIONS.items() if then is after and state is not after}

    assert before(State.EXECUTING) == {State.APPROVED}
    assert before(State.APPROVED) == {State.PENDING}
    assert before(State.EXECUTED) == {State.EXECUTING, State.UNKNOWN}


def test_the_table_cannot_be_changed_at_run_time() -> None:
    with pytest.raises(TypeError):
        TRANSITIONS[State.REJECTED, Kind.APPROVED] = State.APPROVED  # type: ignore[index]


def test_a_step_that_is_refused_is_told_with_where_the_request_stands() -> None:
    with pytest.raises(InvalidTransition, match=r"^a request that is rejected cannot be approved") as error:
        step(State.REJECTED, Kind.APPROVED, id="x")
    assert error.value.id == "x"
    with pytest.raises(InvalidTransition, match=r"^a request that nobody asked cannot be approved"):
        step(None, Kind.APPROVED)
