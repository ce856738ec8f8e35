"""The trouble with one thing is told once while it lasts, and again when it has come back."""

from __future__ import annotations

import pytest

from hitl_vault.errors import HitlVaultError, LedgerUnavailable
from hitl_vault.keeper.troubles import Troubles


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def troubles(told: list[str]) -> Troubles:
    return Troubles(told.append)


def test_what_lasts_is_told_once(troubles: Troubles, told: list[str]) -> None:
    troubles.tell("a", "it broke")
    troubles.tell("a", "it broke")
    assert told == ["it broke"]


def test_what_is_wrong_otherwise_is_told_and_so_is_what_was_wrong_before_that(
    troubles: Troubles, told: list[str]
) -> None:
    for words in ("it broke", "it is gone", "it broke"):
        troubles.tell("a", words)
    assert told == ["it broke", "it is gone", "it broke"]


def test_what_was_over_and_comes_back_is_told_again(troubles: Troubles, told: list[str]) -> None:
    troubles.tell("a", "it broke")
    troubles.over("a")
    troubles.over("never in trouble")
    troubles.tell("a", "it broke")
    assert told == ["it broke", "it broke"]


def test_the_trouble_with_each_thing_is_its_own(troubles: Troubles, told: list[str]) -> None:
    troubles.tell("a", "it broke")
    troubles.tell(None, "it broke")
    troubles.over(None)
    troubles.tell("a", "it broke")
    assert told == ["it broke", "it broke"]


def test_whether_there_is_any_trouble_can_be_asked(troubles: Troubles) -> None:
    assert not troubles
    troubles.tell("a", "it broke")
    assert troubles
    troubles.over("a")
    assert not troubles


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (HitlVaultError("the note cannot be read"), "x.md: the note cannot be read"),
        (OSError(28, "No space left"), "x.md: [Errno 28] No space left"),
        (ZeroDivisionError("nobody foresaw this"), "x.md: ZeroDivisionError: nobody foresaw this"),
    ],
)
def test_an_error_is_told_once_with_its_name(
    troubles: Troubles, told: list[str], error: Exception, says: str
) -> None:
    troubles.meet("a", "x.md", error)
    troubles.meet("a", "x.md", error)
    assert told == [says]


def test_an_error_of_the_ledger_concerns_all(troubles: Troubles, told: list[str]) -> None:
    with pytest.raises(LedgerUnavailable):
        troubles.meet("a", "x.md", LedgerUnavailable("the disk is gone"))
    assert told == []
    assert not troubles
