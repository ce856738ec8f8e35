"""Instants and durations as text."""

# ruff: noqa: DTZ001 - Hypothesis wants its bounds without a zone

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.domain.times import brief, duration, exact, instant, readable, spoken, text_of, told

aware = st.datetimes(
    min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=st.timezones() | st.just(UTC)
)


@given(aware)
def test_an_instant_survives_being_written_down(at: datetime) -> None:
    text = text_of(at)
    assert instant(text) == at.astimezone(UTC)
    assert len(text) == 27
    assert text.endswith("Z")


@given(aware, aware)
def test_the_texts_of_instants_sort_as_the_instants_do(one: datetime, other: datetime) -> None:
    one, other = one.astimezone(UTC), other.astimezone(UTC)
    assert (text_of(one) < text_of(other)) == (one < other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.5+02:00", datetime(2026, 1, 2, 1, 4, 5, 500000, tzinfo=UTC)),
        ("2026-01-02 03:04+00:00", datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
    ],
)
def test_iso_8601_with_a_zone_is_read(text: str, expected: datetime) -> None:
    assert instant(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("2026-01-02T03:04:05", "2026-01-02", "soon", "", "2026-13-01T00:00:00Z"),
        *("0001-01-01T00:00:00+05:30", "9999-12-31T23:00:00-02:00"),
    ],
)
def test_text_without_a_zone_or_a_sense_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        instant(text)


def test_a_time_without_a_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="time zone"):
        text_of(datetime(2026, 1, 2))


def test_the_zone_of_an_instant_does_not_matter() -> None:
    there = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert text_of(there) == "2026-01-01T21:34:05.000000Z"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("2h", 7200),
        ("1d", 86400),
        ("1w", 604800),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("1.5h", 5400),
        (" 10M ", 600),
        ("0s", 0),
        (90, 90),
        (0.25, 0.25),
        (timedelta(minutes=3), 180),
    ],
)
def test_durations_are_read_as_people_write_them(value: Any, seconds: float) -> None:
    assert duration(value) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    ["", " ", "10", "ten minutes", "10min", "-5m", "5y", "1h-30m", "1e3s", "999999999w", "4000d"],
)
def test_other_text_is_no_duration(value: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        duration(value)


@pytest.mark.parametrize(
    "value", [-1, True, float("nan"), float("inf"), timedelta(days=-1), timedelta(days=5000), None]
)
def test_other_values_are_no_duration(value: Any) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        duration(value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (45, "45s"),
        (59.9, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (200_000, "2d"),
        (-90, "1m"),
    ],
)
def test_a_brief_duration_has_one_unit(seconds: float, text: str) -> None:
    assert brief(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(seconds=0.9), "0s"),
        (timedelta(seconds=59), "59s"),
        (timedelta(seconds=60), "1m"),
        (timedelta(seconds=61), "1m1s"),
        (timedelta(minutes=60), "1h"),
        (timedelta(hours=24), "1d"),
        (timedelta(days=1, hours=12), "1d12h"),
        (timedelta(days=8, hours=1, minutes=2, seconds=3), "8d1h2m3s"),
    ],
)
def test_a_duration_is_written_so_that_it_can_be_read_again(span: timedelta, text: str) -> None:
    assert exact(span) == text
    assert duration(text) == timedelta(seconds=int(span.total_seconds()))


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(milliseconds=500), "0.5s"),
        (timedelta(seconds=90, milliseconds=250), "90.25s"),
        (timedelta(seconds=90), "1m30s"),
        (timedelta(hours=1, minutes=30), "1h30m"),
    ],
)
def test_a_duration_with_a_fraction_is_told_in_seconds_and_any_other_in_its_units(
    span: timedelta, text: str
) -> None:
    assert spoken(span) == text


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, 999_999, UTC), "03:04 UTC"),
        (datetime(2026, 1, 2, 23, 59, tzinfo=UTC), "23:59 UTC"),
        (datetime(2026, 1, 3, 0, 0, tzinfo=UTC), "2026-01-03 00:00 UTC"),
        (datetime(2026, 1, 1, 23, 59, tzinfo=UTC), "2026-01-01 23:59 UTC"),
        (datetime(2026, 1, 2, 23, 0, tzinfo=timezone(timedelta(hours=-2))), "2026-01-03 01:00 UTC"),
    ],
)
def test_a_time_of_the_same_day_is_told_without_its_date(at: datetime, text: str) -> None:
    assert told(at, datetime(2026, 1, 2, 12, tzinfo=timezone(timedelta(hours=2)))) == text


def test_a_time_that_people_read_is_in_utc_and_never_later() -> None:
    there = datetime(2026, 1, 2, 3, 4, 5, 999_999, timezone(timedelta(hours=2)))
    assert readable(there) == "2026-01-02 01:04:05 UTC"


def test_times_are_told_in_utc_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert readable(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02 03:04:05 UTC"
        assert instant("2026-01-02T03:04:05+02:00").tzinfo is UTC
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_longest_duration_is_one_and_a_day_is_a_day() -> None:
    assert duration("3660d") == timedelta(days=3660)
    assert [brief(timedelta(seconds=n)) for n in (59, 60, 3599, 3600, 86_399, 86_400)] == [
        *("59s", "1m", "59m", "1h", "23h", "1d")
    ]


def test_the_hour_that_a_clock_shows_twice_is_two_hours() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert text_of(first) == "2026-10-25T00:30:00.000000Z"
    assert text_of(first.replace(fold=1)) == "2026-10-25T01:30:00.000000Z"


def test_what_is_no_time_is_told_with_what_was_written() -> None:
    for text, message in {
        "2026-01-02": "no time zone in '2026-01-02'",
        "0001-01-01T00:00:00+05:30": ("'0001-01-01T00:00:00+05:30' lies outside the years 1 to 9999 in UTC"),
    }.items():
        with pytest.raises(ValueError, match=r"\S") as error:
            instant(text)
        assert str(error.value) == message


def test_what_is_no_duration_is_told_with_what_was_written() -> None:
    for value, message in {
        "soon": "not a duration: 'soon' (write 90s, 10m, 2h or 1d)",
        "4000d": "a duration lies between 0s and 3660d, not '4000d'",
    }.items():
        with pytest.raises(ValueError, match=r"\S") as error:
            duration(value)
        assert str(error.value) == message
