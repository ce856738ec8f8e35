"""Standing rules: `rules` lists them, `revoke` ends one."""

from __future__ import annotations

from typing import Annotated

import hitl_vault as hv
from hitl_vault.cli import render, views
from hitl_vault.cli.options import By, Id, Json, Option, StateDir, Vault


def rules(json: Json = False, vault: Vault = None, state_dir: StateDir = None) -> int:
    """List the standing rules that are in force."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        found = gate.standing_rules()
        if json:
            render.write_json([hv.encode(rule) | {"uses": gate.ledger.uses(rule.id)} for rule in found])
            return 0
        if not found:
            print("No standing rules are in force.")
        for rule in found:
            by = f" by {', '.join(rule.by)}" if rule.by else ""
            line = f"{rule.action} of {rule.agent}, granted{by}, until {hv.times.readable(rule.ends)}"
            used = hv.text.plural(gate.ledger.uses(rule.id), "time")
            print(f"{render.short(rule.id)}  {hv.text.one_line(line)}, used {used}")
    return 0


def revoke(
    id: Id,
    by: By = None,
    why: Annotated[str, Option("--why", "Why it should not hold any more.", "TEXT")] = "revoked",
    vault: Vault = None,
    state_dir: StateDir = None,
) -> int:
    """End a standing rule at once; ID is that of the approval that made it."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        record = gate.revoke(gate.find(id), by=by, why=why)
        print(f"revoked  {render.short(record.id)}  {views.title(record.request)}")
    return 0
