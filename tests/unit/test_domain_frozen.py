"""A frozen record with other values, made without asking every field."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hitl_vault.domain.canonical import canonical, joined
from hitl_vault.domain.frozen import changed
from hitl_vault.domain.requirement import Requirement


def test_a_changed_record_is_the_one_that_replace_gives_and_the_old_one_stays() -> None:
    was = Requirement(quorum=2, rule="two")
    now = changed(was, quorum=3, reject_quorum=2)
    assert now == replace(was, quorum=3, reject_quorum=2)
    assert type(now) is Requirement
    assert was == Requirement(quorum=2, rule="two")
    assert changed(was) == was
    every = {name: getattr(was, name) for name in vars(was)}
    assert changed(was, **every) == was


def test_a_field_that_the_record_has_not_is_an_error_that_names_all_of_them() -> None:
    with pytest.raises(TypeError) as error:
        changed(Requirement(), nothing=1, nobody=2, quorum=1)
    assert str(error.value) == "Requirement has no nobody, nothing"


def test_members_that_are_canonical_already_are_joined_to_a_canonical_object() -> None:
    members = {"b": [1, {"d": None}], "a": "x", "é": 2.5}
    parts = {name: canonical(value) for name, value in members.items() if name.isascii()}
    assert joined(parts) == canonical({name: members[name] for name in parts})
    assert joined({}) == b"{}"
