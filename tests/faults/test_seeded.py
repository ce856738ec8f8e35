"""Faults that are seeded on purpose are found: so what finds nothing elsewhere could have found something."""

from __future__ import annotations

import ast

import pytest

from tests.faults.forking import ROOT
from tests.faults.seeded import Field, Seed, seeds

SEEDS = seeds()
SAMPLE = ("inode-moved", "code-for-both", "torn-boxes")


@pytest.mark.parametrize("seed", SEEDS.values(), ids=lambda seed: seed.name)
def test_each_seed_fits_the_source_and_names_a_test_that_exists(seed: Seed) -> None:
    for path, text in seed.changed(ROOT).items():
        compile(text, path, "exec")
    file, _, name = seed.found_by.partition("::")
    tree = ast.parse((ROOT / file).read_text())
    there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert name.partition("[")[0] in there | {""}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_sample_of_seeds_is_found() -> None:
    with Field.fresh() as field:
        chosen = [SEEDS[name] for name in SAMPLE]
        assert not field.test([seed.found_by for seed in chosen]).failed
        for seed in chosen:
            with field.planted(seed):
                assert field.test([seed.found_by]).failed, f"nothing found that {seed.breaks}"
