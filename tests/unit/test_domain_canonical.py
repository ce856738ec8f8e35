"""Canonical JSON: the library's text for every value, read back without loss, and errors for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from hitl_vault.domain.canonical import MAX_DEPTH, NotJson, canonical, digest, parsed

SAFE = 2**53 - 1
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-SAFE, SAFE)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4)
)


@given(values)
@example({"\U0001f600": 1, "\ufb33": 2, "a": 3})
@example([1e20, 1e21, 1e-5, 0.0001, -0.0, 1250.5, 1e15, 1e16, 5e-324, 123456789012345.6])
@example({"b": 1, "a": '\x7f\x00\x1f\u2028\\"/', "": None})
@example([SAFE, -SAFE, True, [[]], {}])
def test_the_text_is_the_one_that_rfc_8785_gives(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(values)
@example(1e20)
@example([float(2**53), 2.0**60, -1e18])
def test_what_was_read_back_has_the_same_text_again(value: Any) -> None:
    text = canonical(value)
    assert canonical(parsed(text.decode())) == text


def test_the_order_of_keys_and_tuples_instead_of_lists_change_no_digest() -> None:
    assert digest({"a": [1, 2], "b": 1.0}) == digest({"b": 1, "a": (1, 2)})
    assert digest({"a": 1}) != digest({"a": "1"})
    assert digest({}) == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**53,
        -(2**53),
        "\ud800",
        {"\udc00": 1},
        {1: "a"},
        {None: "a"},
        {"a": {1, 2}},
        b"bytes",
        object(),
        {"deep": [{"a": 1j}]},
        nested(MAX_DEPTH + 1),
        nested(100_000),
        {"a": nested(MAX_DEPTH)},
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_cannot_carry_exactly_is_an_error(value: Any) -> None:
    with pytest.raises(NotJson):
        canonical(value)


def test_nesting_is_allowed_up_to_the_limit() -> None:
    assert canonical(nested(MAX_DEPTH)) == b"[" * MAX_DEPTH + b"1" + b"]" * MAX_DEPTH


def test_a_mapping_that_is_no_dict_is_refused_rather_than_guessed() -> None:
    class Odd(Mapping[str, int]):
        def __getitem__(self, key: str) -> int:
            return 1

        def __iter__(self) -> Any:
            return iter("a")

        def __len__(self) -> int:
            return 1

    with pytest.raises(NotJson, match=r"^not representable as JSON: .*Odd"):
        canonical(Odd())


ORDINARY = [
    *("text", "", "é", True, False, None),
    *(0, 7, -7, SAFE, -SAFE, 0.5, -2.5, 1e-4, -1e-4, 123456.789),
    *([], {}, [1, "a", None], (1, 2), {"a": 1, "b": [{"c": 0.25}]}),
]


@pytest.mark.parametrize("value", ORDINARY)
def test_an_ordinary_value_is_written_without_the_library_which_takes_ten_times_as_long(
    value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = rfc8785.dumps(value)
    monkeypatch.delattr(rfc8785, "dumps")
    assert canonical(value) == wanted


@pytest.mark.parametrize("number", [0, 10**15, SAFE, -SAFE])
def test_a_whole_number_that_was_read_back_is_an_integer_up_to_the_largest_safe_one(number: int) -> None:
    assert type(parsed(str(number))) is int
    assert parsed(str(number)) == number
    assert type(parsed(str(2**53))) is type(parsed(str(-(2**53)))) is float


def test_what_is_no_json_is_told() -> None:
    with pytest.raises(NotJson) as raised:
        canonical({"a": [2**53]})
    assert str(raised.value) == (
        "not representable as JSON: it.a[0] is 9007199254740992; "
        "JSON numbers are exact below 2^53 only, use str()"
    )
    with pytest.raises(NotJson, match=r"^nested deeper than 64 levels$"):
        canonical(nested(MAX_DEPTH + 1))
