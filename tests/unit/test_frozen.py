"""Changing frozen records."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hitl_vault.domain.decision import Gesture, Verdict, Vote
from hitl_vault.domain.frozen import changed

VOTE = Vote(verdict=Verdict.APPROVE, gesture=Gesture.TICK, at=datetime(2026, 1, 2, tzinfo=UTC), by="ana")


def test_a_changed_record_is_what_replace_gives_and_leaves_the_first_as_it_was() -> None:
    assert changed(VOTE, by="bea", comment="ok") == replace(VOTE, by="bea", comment="ok")
    assert (VOTE.by, VOTE.comment) == ("ana", "")


def test_a_member_that_there_is_not_is_an_error_that_names_it() -> None:
    with pytest.raises(TypeError, match="Vote has no commnet"):
        changed(VOTE, commnet="ok")


def test_what_was_changed_is_frozen_too() -> None:
    with pytest.raises(AttributeError):
        changed(VOTE, by="bea").by = "eve"  # type: ignore[misc]
