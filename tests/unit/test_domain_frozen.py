"""A frozen record with other values, made without asking every field."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hitl_vault.domain.canonical import canonical, joined
from hitl_vault.domain.decision import Gesture, Verdict, Vote
from hitl_vault.domain.frozen import changed
from hitl_vault.domain.requirement import Requirement

VOTE = Vote(verdict=Verdict.APPROVE, gesture=Gesture.TICK, at=datetime(2026, 1, 2, tzinfo=UTC), by="ana")
NEEDS = Requirement(quorum=2, rule="two")


@pytest.mark.parametrize(
    ("was", "more"),
    [(VOTE, {"by": "bea", "comment": "ok"}), (NEEDS, {"quorum": 3, "reject_quorum": 2})],
    ids=["vote", "requirement"],
)
def test_a_changed_record_is_the_one_that_replace_gives_and_the_old_one_stays(
    was: Vote | Requirement, more: dict[str, Any]
) -> None:
    before = dict(vars(was))
    now = changed(was, **more)
    assert now == replace(was, **more)
    assert type(now) is type(was)
    assert vars(was) == before
    assert changed(was) == was
    assert changed(was, **before) == was


def test_what_was_changed_is_frozen_too() -> None:
    with pytest.raises(AttributeError):
        changed(VOTE, by="bea").by = "eve"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("was", "more", "told"),
    [
        (VOTE, {"commnet": "ok"}, "Vote has no commnet"),
        (NEEDS, {"nothing": 1, "nobody": 2, "quorum": 1}, "Requirement has no nobody, nothing"),
    ],
    ids=["vote", "requirement"],
)
def test_a_field_that_the_record_has_not_is_an_error_that_names_all_of_them(
    was: Vote | Requirement, more: dict[str, Any], told: str
) -> None:
    with pytest.raises(TypeError) as error:
        changed(was, **more)
    assert str(error.value) == told


def test_members_that_are_canonical_already_are_joined_to_a_canonical_object() -> None:
    members = {"b": [1, {"d": None}], "a": "x", "é": 2.5}
    parts = {name: canonical(value) for name, value in members.items() if name.isascii()}
    assert joined(parts) == canonical({name: members[name] for name in parts})
    assert joined({}) == b"{}"
