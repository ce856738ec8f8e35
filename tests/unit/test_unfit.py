"""Asking for what JSON cannot carry names the member, with what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import hitl_vault as hv

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CASES = [
    ({"a": NOW}, "context.a is a datetime; JSON has none, use .isoformat()"),
    ({"two words": float("nan")}, "context['two words'] is nan; JSON has no such number, use None or text"),
    ({"\ud800": 1}, "a name in context holds half a character"),
]


@pytest.mark.parametrize(("context", "says"), CASES)
def test_asking_names_the_member_and_the_remedy(context: dict[str, object], says: str, work: Path) -> None:
    config = hv.init_vault(work / "vault", state_dir=work / "state")
    with (
        hv.open_gate(config.root, state_dir=work / "state", keeper=False) as gate,
        pytest.raises(hv.NotJson) as raised,
    ):
        gate.ask("x", context)
    assert says in str(raised.value)


def test_nesting_without_end_is_told_as_such(work: Path) -> None:
    endless: list[object] = []
    endless.append(endless)
    config = hv.init_vault(work / "vault", state_dir=work / "state")
    with (
        hv.open_gate(config.root, state_dir=work / "state", keeper=False) as gate,
        pytest.raises(hv.NotJson, match="nested deeper than 64 levels"),
    ):
        gate.ask("x", {"a": endless})


def test_a_guarded_call_names_the_argument_and_its_member(work: Path) -> None:
    config = hv.init_vault(work / "vault", state_dir=work / "state")
    with hv.open_gate(config.root, state_dir=work / "state", keeper=False) as gate:

        @gate.guard
        def pay(when: object) -> None: ...

        with pytest.raises(
            hv.NotJson, match=r"argument when\.at is a datetime; JSON has none, use \.isoformat"
        ):
            pay({"at": NOW})


@pytest.mark.parametrize("use", [lambda gate: gate.ask("x"), lambda gate: list(gate.pending())])
def test_a_closed_gate_says_that_it_was_closed(work: Path, use: Callable[[hv.Gate], object]) -> None:
    config = hv.init_vault(work / "vault", state_dir=work / "state")
    gate = hv.open_gate(config.root, state_dir=work / "state", keeper=False)
    gate.close()
    with pytest.raises(hv.LedgerUnavailable, match="this gate was closed; open another one"):
        use(gate)
