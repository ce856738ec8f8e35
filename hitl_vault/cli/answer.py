"""Answering: `approve` and `reject`."""

from __future__ import annotations

from typing import Annotated

import hitl_vault as hv
from hitl_vault.cli import batch
from hitl_vault.cli.each import each
from hitl_vault.cli.exits import Usage
from hitl_vault.cli.options import By, Ids, Json, MaybeIds, Option, StateDir, Vault

Comment = Annotated[
    str, Option("--comment", "What the agent should know; it gets this with the answer.", "TEXT")
]


Where = Annotated[
    str | None,
    Option("--where", "All that await an answer and fit a condition, such as 'risk == \"low\"'.", "CEL"),
]
Yes = Annotated[bool, Option("--yes", "Do not ask before answering what --where finds.")]


def approve(
    ids: MaybeIds = None,
    by: By = None,
    comment: Comment = "",
    where: Where = None,
    yes: Yes = False,
    json: Json = False,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> int:
    """Say yes to one request or several, or to all that a condition finds, after showing them."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        if where is not None:
            return batch.approve(gate, where, ids or [], by=by, comment=comment, yes=yes, json=json)
        if not ids:
            raise Usage("ID: name a request, or several with --where")
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
