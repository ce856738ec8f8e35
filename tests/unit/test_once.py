"""The operator is told once of what goes on, and again when it has come back."""

from __future__ import annotations

import pytest

from hitl_vault.keeper.once import QUIET, Once, Sure


def test_a_sentence_is_passed_on_again_only_after_a_lull() -> None:
    told: list[str] = []
    now = [0.0]
    once = Once(told.append, monotonic=lambda: now[0])
    for _ in range(10):
        now[0] += QUIET * 0.9
        once("the disk is full")
    assert told == ["the disk is full"]
    once("the folder is gone")
    assert told == ["the disk is full", "the folder is gone"]
    now[0] += QUIET
    once("the disk is full")
    assert told == ["the disk is full", "the folder is gone", "the disk is full"]


def test_what_cannot_be_told_is_logged_and_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def tell(sentence: str) -> None:
        raise BrokenPipeError("gone")

    Sure(tell)("a note cannot be read")
    (logged,) = caplog.messages
    assert "a note cannot be read" in logged
    assert "BrokenPipeError" in logged
