"""Instants as ISO 8601 text, and durations as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

Duration: TypeAlias = str | float | timedelta
"""A time span as people may write it: `"1h30m"`, seconds, or a timedelta."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([smhdw])")
LONGEST = timedelta(days=3660)
"""The longest time span that anybody may give."""


def text_of(at: datetime) -> str:
    """Return an aware instant as UTC text with microseconds, such as `2026-01-02T03:04:05.000000Z`."""
    return _text(at, at.fold)


@lru_cache(64)
def _text(at: datetime, fold: int) -> str:
    """Everything in one transaction has the same time. `fold` tells apart what otherwise counts as equal."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def readable(at: datetime) -> str:
    """Return an aware instant as people read it, such as `2026-01-02 03:04:05 UTC`; never later than `at`."""
    return at.astimezone(UTC).isoformat(" ")[:19] + " UTC"


def instant(text: str) -> datetime:
    """Return the instant that ISO 8601 text names; `ValueError` if it has no zone or no date in UTC."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"no time zone in {text!r}")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999 in UTC") from error


def told(at: datetime, since: datetime) -> str:
    """Return an instant as `14:31 UTC`, with the date before it unless it lies on the day of `since`."""
    text = readable(at)
    return text[11:16] + " UTC" if text[:10] == readable(since)[:10] else text[:16] + " UTC"


def duration(value: Duration) -> timedelta:
    """Return a duration from `90s`, `10m`, `2h`, `1d`, `1h30m`, a number of seconds, or a timedelta."""
    try:
        span = _span(value)
    except OverflowError:
        span = timedelta.max
    if not timedelta(0) <= span <= LONGEST:
        raise ValueError(f"a duration lies between 0s and {LONGEST.days}d, not {value!r}")
    return span


def _span(value: Duration) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    return _parse(str(value))


def _parse(text: str) -> timedelta:
    compact = text.strip().lower()
    if not compact or _DURATION.sub("", compact).strip():
        raise ValueError(f"not a duration: {text!r} (write 90s, 10m, 2h or 1d)")
    return timedelta(seconds=sum(float(n) * _UNITS[unit] for n, unit in _DURATION.findall(compact)))


def exact(span: timedelta) -> str:
    """Return a duration of whole seconds as it can be written, such as `1d12h`."""
    left, parts = int(span.total_seconds()), []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def spoken(span: timedelta) -> str:
    """Return a duration as people write it, such as `1h30m` or `0.5s`."""
    return f"{span.total_seconds():g}s" if span.microseconds else exact(span)


def brief(span: timedelta) -> str:
    """Return a duration in its largest fitting unit, such as `45s`, `12m`, `3h`, `2d`."""
    seconds = abs(int(span.total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
