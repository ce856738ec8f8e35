"""A ledger that somebody has changed behind the product's back does not verify."""

from __future__ import annotations

from pathlib import Path

from tests.faults.forgery import unnoticed


def test_no_forgery_passes(arena: Path) -> None:
    assert unnoticed(arena) == []
