"""Answering: `approve` and `reject`."""

from __future__ import annotations

from typing import Annotated

import hitl_vault as hv
from hitl_vault.cli.each import each
from hitl_vault.cli.options import By, Ids, Json, Option, StateDir, Vault

Comment = Annotated[
    str, Option("--comment", "What the agent should know; it gets this with the answer.", "TEXT")
]


def approve(
    ids: Ids,
    by: By = None,
    comment: Comment = "",
    json: Json = False,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> int:
    """Say yes to one request or several."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        return _answer(gate, hv.Verdict.APPROVE, ids, by, comment, json)


def reject(
    ids: Ids,
    by: By = None,
    comment: Comment = "",
    json: Json = False,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> int:
    """Say no to one request or several; a comment tells the agent why."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        return _answer(gate, hv.Verdict.REJECT, ids, by, comment, json)


def _answer(
    gate: hv.Gate, verdict: hv.Verdict, ids: list[str], by: str | None, comment: str, json: bool
) -> int:
    def vote(id: str) -> hv.Record:
        return gate.decide(id, verdict, by=by, comment=comment, gesture=hv.Gesture.CLI)

    # What has no error was counted: the state may be pending still, or further on than the vote.
    return each(gate, ids, vote, list(hv.State), json=json)
