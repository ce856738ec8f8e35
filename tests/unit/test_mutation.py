"""The list of mutants that may survive: each with one reason, and none twice."""

from __future__ import annotations

import tomllib
from collections import Counter

from tests.mutation.__main__ import LIST, explained


def test_every_survivor_has_one_reason() -> None:
    groups = tomllib.loads(LIST.read_text(encoding="utf-8"))["group"]
    names = Counter(mutant for group in groups for mutant in group["mutants"])
    assert [name for name, times in names.items() if times > 1] == []
    assert all(len(why) > 10 for why in explained().values())
    assert len({group["why"] for group in groups}) == len(groups)
