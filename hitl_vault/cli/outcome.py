"""How a run ended whose executor vanished: `settle`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import hitl_vault as hv
from hitl_vault.cli import render, views
from hitl_vault.cli.exits import Usage
from hitl_vault.cli.options import Argument, By, Id, Option, StateDir, Vault

Outcome: TypeAlias = Literal["executed", "failed"]

_OUTCOMES: dict[str, Outcome] = {"executed": "executed", "failed": "failed"}


def settle(
    id: Id,
    outcome: Annotated[str, Argument("OUTCOME", "executed or failed: what you found when you looked.")],
    by: By = None,
    comment: Annotated[str, Option("--comment", "What you found; it is kept with the outcome.", "TEXT")] = "",
    vault: Vault = None,
    state_dir: StateDir = None,
) -> int:
    """Say how a run ended that nobody knows the end of; look first, since it will not run again."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        record = gate.settle(gate.find(id), _outcome(outcome), by=by, comment=comment)
        print(f"{render.state(record.state)}  {render.short(record.id)}  {views.title(record.request)}")
    return 0


def _outcome(word: str) -> Outcome:
    if word not in _OUTCOMES:
        raise Usage(f"OUTCOME: write executed or failed, not {word!r}")
    return _OUTCOMES[word]
