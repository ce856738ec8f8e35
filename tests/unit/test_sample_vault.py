"""The sample vault in the repository is what the product makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.sample_notes import notes
from hitl_vault.vault.ballot import read_ballot

VAULT = Path(__file__).resolve().parents[2] / "vault"


@pytest.mark.parametrize(
    ("name", "data"), list(notes()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_examples_are_drawn_by_the_product_as_it_is(name: str, data: bytes) -> None:
    """If this fails, `python examples/sample_notes.py vault` draws them again."""
    assert (VAULT / name).read_bytes() == data
    assert read_ballot(data).has_notes
