"""What is said of a value that JSON cannot carry: which member it is, and what to write instead."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from hitl_vault.domain.unfit import MAX_DEPTH, unfit


class Colour(enum.Enum):
    """One kind of class that is known by what it is derived from."""

    RED = 1


EXACT = "JSON numbers are exact below 2^53 only, use str()"
HALF = "holds half a character (U+D800); remove it"
OTHER = "use text, numbers, lists and dicts"
CASES = [
    ({"a": datetime(2026, 1, 2, tzinfo=UTC)}, "it.a is a datetime; JSON has none, use .isoformat()"),
    ({"a": date(2026, 1, 2)}, "it.a is a date; JSON has none, use .isoformat()"),
    (
        {"a": {"b": [1, Decimal("1.5")]}},
        "it.a.b[1] is a Decimal; JSON has none, use str(), or float() if that is exact enough",
    ),
    ({"a": (1, {2})}, "it.a[1] is a set; JSON has none, use sorted()"),
    (b"x", "it is a bytes; JSON has none, use .hex(), or bind a file with files="),
    (Colour.RED, "it is a Colour; JSON has none, use its .value"),
    (object(), f"it is an object; JSON has none, {OTHER}"),
    ([None, 1j], f"it[1] is a complex; JSON has none, {OTHER}"),
    ({"two words": float("nan")}, "it['two words'] is nan; JSON has no such number, use None or text"),
    (float("-inf"), "it is -inf; JSON has no such number, use None or text"),
    ({7: 1}, "it has the name 7; names are text in JSON, use str()"),
    ({"a": {None: 1}}, "it.a has the name None; names are text in JSON, use str()"),
    ({"a": "x\ud800"}, f"it.a {HALF}"),
    ({"\ud800": 1}, f"a name in it {HALF}"),
    ({"a": {"\ud800": 1}}, f"a name in it.a {HALF}"),
    (2**53, f"it is 9007199254740992; {EXACT}"),
    ({"a": -(2**53)}, f"it.a is -9007199254740992; {EXACT}"),
    (2**128 - 1, f"it is {2**128 - 1}; {EXACT}"),
    (2**128, f"it is very large; {EXACT}"),
    (-(10**5000), f"it is very large; {EXACT}"),
]


@pytest.mark.parametrize("case", CASES)
def test_the_member_is_named_with_the_remedy(case: tuple[object, str]) -> None:
    value, said = case
    assert unfit(value, "it") == said


@pytest.mark.parametrize("value", [Path("x"), UUID(int=0)])
def test_paths_and_uuids_are_written_as_text(value: object) -> None:
    assert unfit(value, "it").endswith("; JSON has none, use str()")


@pytest.mark.parametrize(
    ("value", "kind"), [(UUID(int=0), "a UUID"), (OSError(), "an OSError"), (object(), "an object")]
)
def test_the_kind_is_named_with_its_article(value: object, kind: str) -> None:
    assert unfit(value, "it").startswith(f"it is {kind}; ")


@pytest.mark.parametrize(
    "value",
    [None, True, "", "\ue000", 2.5, 1e300, 2**53 - 1, 1 - 2**53, [], {}, {"a": [1, "x", None, {"b": (1,)}]}],
)
def test_what_json_can_carry_is_not_faulted(value: object) -> None:
    assert unfit(value, "it") == ""


@pytest.mark.parametrize("mapping", [False, True])
def test_a_fault_is_found_on_the_deepest_level_that_json_may_have_and_no_deeper(mapping: bool) -> None:
    value: object = {1}
    for _ in range(MAX_DEPTH):
        value = {"a": value} if mapping else [value]
    name = "it" + (".a" if mapping else "[0]") * MAX_DEPTH
    assert unfit(value, "it") == f"{name} is a set; JSON has none, use sorted()"
    assert unfit({"a": value} if mapping else [value], "it") == ""


def test_nesting_without_end_is_left_to_others() -> None:
    around: list[object] = []
    around.append({"a": around})
    assert unfit(around, "it") == ""
