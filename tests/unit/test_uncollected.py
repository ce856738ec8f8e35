"""While a batch is in use nobody looks for garbage; afterwards all is as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from hitl_vault.keeper.uncollected import uncollected


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    was = gc.isenabled()
    yield
    (gc.enable if was else gc.disable)()


def test_cycles_are_left_alone_meanwhile_and_collected_afterwards() -> None:
    gc.enable()
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_exception_does_not_leave_them_uncollected() -> None:
    gc.enable()
    with pytest.raises(KeyError), uncollected():
        raise KeyError
    assert gc.isenabled()


def test_who_collects_by_hand_goes_on_doing_so() -> None:
    gc.disable()
    with uncollected(), uncollected():
        pass
    assert not gc.isenabled()
