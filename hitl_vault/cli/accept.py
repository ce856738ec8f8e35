"""`policy accept`: a person looks at changed settings, policy and templates, and lets them count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import hitl_vault as hv
from hitl_vault.cli import render
from hitl_vault.cli.exits import DONE, ERROR, confirmed, say
from hitl_vault.cli.options import By, Option, StateDir, Vault

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def accept(
    yes: Annotated[bool, Option("--yes", "Do not ask; for scripts.")] = False,
    by: By = None,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> int:
    """Let changed settings, a changed policy or changed templates count, after showing the difference."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        changes = gate.config.unaccepted()
        if not changes:
            print("Settings, policy and templates are in force as they lie in the vault.")
            return DONE
        render.write(_shown(changes))
        if not (yes or confirmed("Let this count from now on?", "look at the difference, then add --yes")):
            say("nothing was accepted; what was in force stays so")
            return ERROR
        hv.acceptance.accept(gate.config, gate.ledger, by=by, shown=changes)
    print("Accepted. The policy counts at once; programs that run take the rest up when they start again.")
    return DONE


def _shown(changes: Sequence[hv.Change]) -> Iterator[str]:
    for change in changes:
        for line in hv.acceptance.diff(change):
            yield render.paint(line, _COLOURS.get(line[0], "") if line[:3] not in ("+++", "---") else "bold")
