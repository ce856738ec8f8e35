"""Ids: sortable, safe as file names, and found again in the names that sync tools make of them."""

# ruff: noqa: DTZ001 - Hypothesis wants its bounds without a zone

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.domain.identity import ID, ids_in, is_id, new_id, slug

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SAMPLE = "20260102-030405-payment-7k3m9x2q"
times = st.datetimes(min_value=datetime(1000, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))


@given(st.text(), times)
def test_any_action_gives_an_id_that_is_safe_as_a_file_name(action: str, at: datetime) -> None:
    id = new_id(action, at)
    assert is_id(id)
    assert len(id) <= 57
    assert id == id.lower()
    assert id.isascii()


@given(st.text(max_size=20))
def test_ids_sort_by_time(action: str) -> None:
    assert new_id(action, AT) < new_id(action, AT + timedelta(seconds=1))


def test_an_id_has_the_time_in_utc_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert new_id("payment", AT).startswith("20260102-030405-payment-")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_ids_of_one_moment_differ() -> None:
    assert len({new_id("payment", AT) for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("payment", "payment"),
        ("user.delete", "user-delete"),
        ("Über Größe", "uber-groe"),
        ("../../etc/passwd", "etc-passwd"),
        ("支払い", "action"),
        ("", "action"),
        ("-" * 50, "action"),
        ("a" * 31 + " b", "a" * 31),
    ],
)
def test_the_slug_keeps_what_is_plain(action: str, expected: str) -> None:
    assert slug(action) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        SAMPLE.upper(),
        SAMPLE + ".md",
        SAMPLE[:-1],
        SAMPLE[:-1] + "u",
        "../" + SAMPLE,
        SAMPLE + "\n",
        SAMPLE.replace("2026", "٢٠٢٦"),
        SAMPLE.replace("payment", ""),
    ],
)
def test_what_is_not_exactly_an_id_is_none(text: str) -> None:
    assert not is_id(text)


@pytest.mark.parametrize(
    "name",
    [
        "{}.md",
        "{}.sync-conflict-20260102-030500-ABCDEF7.md",
        "{} (Conflicted copy my laptop 202601020304).md",
        "{} (ana's conflicted copy 2026-01-02).md",
        "{}-DESKTOP1.md",
        "{}-desktop1.md",
        "{} (1).md",
        "{} 2.md",
        "Copy of {}.md",
        ".{}.icloud",
        "2026-01-02 {}.md",
        "20260102-030405-{}.md",
    ],
)
def test_the_id_is_among_those_that_the_name_of_a_conflict_copy_could_carry(name: str) -> None:
    assert SAMPLE in list(ids_in(name.format(SAMPLE)))


@given(st.text(max_size=30), st.text(max_size=30), st.text(min_size=1, max_size=12))
def test_an_id_is_found_within_any_text(before: str, after: str, action: str) -> None:
    id = new_id(action, AT)
    found = list(ids_in(before + id + after))
    assert id in found
    assert len(found) == len(set(found))
    assert all(ID.fullmatch(candidate) and candidate in before + id + after for candidate in found)


def test_two_ids_in_one_name_are_both_found() -> None:
    other = "20260102-030406-deploy-00000000"
    assert {SAMPLE, other} <= set(ids_in(f"{SAMPLE} {other}.md"))


def test_every_id_is_told_once_and_the_shortest_first() -> None:
    one, other = "20260102-030405-a-00000000", "20260102-030405-a-00000000-11111111"
    assert list(ids_in(f"{other} {one}")) == [one, other]
    assert list(ids_in(f"copy of {one}")) == [one]
    assert list(ids_in(f"{one} {one}")) == [one]
