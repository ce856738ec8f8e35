"""Which values of a context may be changed, and what the context is then."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.domain.canonical import digest
from hitl_vault.domain.edits import applied, changes, context_digest, picked, told, without

CONTEXT: dict[str, Any] = {
    "amount": 900,
    "payee": {"name": "ACME", "address": {"city": "Bonn", "zip": None}},
    "payee.name": "dotted",
    "a.b": {"c.d": 1},
    "list": [1, 2],
    "urgent": True,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("amount", 900),
        ("payee.address.city", "Bonn"),
        ("payee.name", "dotted"),
        ("a.b", {"c.d": 1}),
        ("a.b.c.d", 1),
        ("payee.address", {"city": "Bonn", "zip": None}),
        ("payee.address.zip", None),
    ],
)
def test_a_value_is_offered_by_its_path_and_a_name_with_dots_goes_first(path: str, value: Any) -> None:
    assert picked(CONTEXT, [path]) == {path: value}
    assert told(CONTEXT, {path: "x"}) == [(path, value, "x")]


@pytest.mark.parametrize(
    "path", ["", ".", "nothing", "amount.x", "payee.", ".payee", "payee.address.street", "a.b.c"]
)
def test_a_value_that_the_context_has_not_is_not_offered_changed_or_missed(path: str) -> None:
    assert picked(CONTEXT, [path, "amount"]) == {"amount": 900}
    assert without(CONTEXT, [path]) == CONTEXT
    with pytest.raises(ValueError, match="no value that may be changed"):
        changes(CONTEXT, [path], {path: 1})
    with pytest.raises(ValueError, match=r"^the context has no such value$"):
        applied(CONTEXT, {path: 1})


def test_only_what_differs_is_a_change() -> None:
    fields = ["amount", "payee.address.city"]
    assert changes(CONTEXT, fields, {"amount": 900.0, "payee.address.city": "Bonn"}) == {}
    assert changes(CONTEXT, fields, {"amount": 800, "payee.address.city": "Bonn"}) == {"amount": 800}
    assert changes(CONTEXT, fields, {}) == {}


def test_a_value_that_may_not_be_changed_is_refused_also_where_it_is_the_same() -> None:
    with pytest.raises(ValueError, match=r"'list' is no value"):
        changes(CONTEXT, ["amount"], {"list": [1, 2]})


VALUES: dict[str, list[Any]] = {
    "true or false": [True, False],
    "a number": [1, 1.5],
    "text": ["", "x"],
    "an object": [{}, {"a": 1}],
    "a list": [[], [1]],
    "nothing": [None],
}
KINDS = [(kind, value) for kind, values in VALUES.items() for value in values]


@pytest.mark.parametrize(("was", "before"), KINDS)
@pytest.mark.parametrize(("now", "after"), KINDS)
def test_a_value_keeps_its_kind_unless_there_was_none(was: str, before: Any, now: str, after: Any) -> None:
    if digest(before) == digest(after):
        assert changes({"v": before}, ["v"], {"v": after}) == {}
    elif was == now or was == "nothing":
        assert changes({"v": before}, ["v"], {"v": after}) == {"v": after}
    else:
        with pytest.raises(ValueError, match=f"'v' has to stay {was}, and is {now} now"):
            changes({"v": before}, ["v"], {"v": after})


def test_a_change_takes_the_place_of_one_value_and_leaves_the_rest() -> None:
    changed = applied(CONTEXT, {"payee.address.city": "Köln", "a.b.c.d": 2, "amount": 1})
    assert changed == CONTEXT | {
        "amount": 1,
        "payee": {"name": "ACME", "address": {"city": "Köln", "zip": None}},
        "a.b": {"c.d": 2},
    }
    assert CONTEXT["payee"]["address"]["city"] == "Bonn"
    assert context_digest(CONTEXT, {"amount": 1}) == digest(CONTEXT | {"amount": 1})


def test_what_is_left_out_is_the_value_alone() -> None:
    left = without(CONTEXT, ["payee.address.city", "amount"])
    assert left == {name: value for name, value in CONTEXT.items() if name != "amount"} | {
        "payee": {"name": "ACME", "address": {"zip": None}}
    }


def test_an_object_may_become_another_without_what_was_in_it() -> None:
    assert applied(CONTEXT, {"payee.address": {}})["payee"] == {"name": "ACME", "address": {}}


_paths = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map(".".join)
_contexts = st.recursive(
    st.integers(0, 3), lambda inner: st.dictionaries(_paths, inner, max_size=3), max_leaves=6
).map(lambda value: value if isinstance(value, dict) else {"a": value})


@given(_contexts, _paths, st.integers(4, 9))
def test_a_changed_value_is_found_at_its_path_and_nowhere_else(
    context: dict[str, Any], path: str, value: int
) -> None:
    if picked(context, [path]):
        changed = applied(context, {path: value})
        assert picked(changed, [path]) == {path: value}
        assert without(changed, [path]) == without(context, [path])
        assert changed != context
