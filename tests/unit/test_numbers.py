"""In a note that an agent wrote by itself a plain number is a number, where every reader agrees on it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.domain.canonical import canonical, parsed
from hitl_vault.vault import numbers
from hitl_vault.vault.frontmatter import parse
from hitl_vault.vault.numbers import with_numbers


def read(value: str) -> object:
    return with_numbers(parse(f"---\nv: {value}\n---\n"))["v"]


@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-5", -5),
        ("0", 0),
        ("500.00", 500),
        ("19.99   # euro", 19.99),
        ("9007199254740991", 2**53 - 1),
        ("[1, x, 2.5]", [1, "x", 2.5]),
        ("\n  - 1\n  - net: 7\n    name: 'seven'", [1, {"net": 7, "name": "seven"}]),
        ("\t5", 5),
    ],
)
def test_a_plain_number_is_that_number(
    text: str, value: object, loader: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers, "FASTEST", loader)
    found = read(text)
    assert found == value
    assert type(found) is type(value)
    assert parsed(canonical(found).decode()) == found


@pytest.mark.parametrize(
    "text",
    [
        *("'5'", '"500.00"', "|\n  5"),  # quoted
        *("007", "0x1F", "0o17", "1e3", "1.5e3", "+5", ".5", "5.", "1_000", "12:30"),  # readers disagree
        *(".inf", "-.inf", ".nan", "true", "2026-01-07", "5 EUR", "1,250.00", "٥"),
        *("9007199254740993", "12345678901234567890", "0.1000000000000000055", "1" * 400),  # not exact
        "",
    ],
)
def test_whatever_else_stays_the_text_that_it_is(text: str) -> None:
    assert read(text) == parse(f"---\nv: {text}\n---\n").fields["v"]
    assert type(read(text)) is str


def test_a_name_stays_a_name() -> None:
    assert with_numbers(parse("---\n1: 2\n---\n")) == {"1": 2}


@given(st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_a_number_is_carried_exactly(number: float) -> None:
    text = canonical(number).decode() if isinstance(number, float) else str(number)
    found = read(text)
    if isinstance(found, str):
        assert "e" in text or abs(number) >= 2**53
    else:
        assert found == number
