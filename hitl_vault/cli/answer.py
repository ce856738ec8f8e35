"""Answering: `approve` and `reject`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import hitl_vault as hv
from hitl_vault.cli import batch, evidence
from hitl_vault.cli.ask import json_object, span
from hitl_vault.cli.each import each
from hitl_vault.cli.exits import Usage
from hitl_vault.cli.options import By, Ids, Json, MaybeIds, Option, StateDir, Vault

Comment = Annotated[
    str, Option("--comment", "What the agent should know; it gets this with the answer.", "TEXT")
]
Edit = Annotated[
    str | None,
    Option("--edit", "Values to change first, where the rule lets you: '{\"amount\": 800}'.", "JSON"),
]
Where = Annotated[
    str | None,
    Option("--where", "All that await an answer and fit a condition, such as 'risk == \"low\"'.", "CEL"),
]
Yes = Annotated[bool, Option("--yes", "Do not ask before answering what --where finds, or before signing.")]
YesToSign = Annotated[bool, Option("--yes", "Do not ask before signing.")]
Code = Annotated[
    str | None, Option("--code", "Your one-time code for this answer; - to be asked for it.", "CODE")
]
Sign = Annotated[
    bool,
    Option(
        "--sign",
        "Show the recorded request, ask, and sign with your SSH key: one from the ssh-agent or ~/.ssh, "
        "or the file named after --sign.",
    ),
]
Remember = Annotated[
    str | None,
    Option("--remember", "Approve the same for so long without asking, where the rule offers it.", "TIME"),
]


def approve(
    ids: MaybeIds = None,
    by: By = None,
    comment: Comment = "",
    edit: Edit = None,
    remember: Remember = None,
    where: Where = None,
    code: Code = None,
    sign: Sign = False,
    yes: Yes = False,
    json: Json = False,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> int:
    """Say yes to one request or several, or to all that a condition finds, after showing them."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        if where is not None and (edit is not None or remember is not None):
            raise Usage("--edit, --remember: name the request; they cannot go with --where")
        if where is not None:
            if sign or code is not None:
                raise Usage("--where: codes and signatures are for one request at a time")
            return batch.approve(gate, where, ids or [], by=by, comment=comment, yes=yes, json=json)
        if not ids:
            raise Usage("ID: name a request, or several with --where")
        edits = None if edit is None else json_object(edit, "--edit")
        longer = None if remember is None else span(remember, "--remember")
        return _answer(
            gate,
            hv.Verdict.APPROVE,
            ids,
            by,
            comment,
            json,
            code=code,
            sign=sign,
            yes=yes,
            edits=edits,
            remember=longer,
        )


def reject(
    ids: Ids,
    by: By = None,
    comment: Comment = "",
    code: Code = None,
    sign: Sign = False,
    yes: YesToSign = False,
    json: Json = False,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> int:
    """Say no to one request or several; a comment tells the agent why."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        return _answer(gate, hv.Verdict.REJECT, ids, by, comment, json, code=code, sign=sign, yes=yes)


def _answer(
    gate: hv.Gate,
    verdict: hv.Verdict,
    words: list[str],
    by: str | None,
    comment: str,
    json: bool,
    *,
    code: str | None,
    sign: bool,
    yes: bool,
    edits: dict[str, Any] | None = None,
    remember: timedelta | None = None,
) -> int:
    ids, key = evidence.split_key(words, sign)
    prove = evidence.proving(gate, verdict, by=by, code=code, sign=sign, key=key, yes=yes, edits=edits)

    def vote(id: str) -> hv.Record:
        return gate.decide(
            id,
            verdict,
            by=by,
            comment=comment,
            edits=edits,
            remember=remember,
            gesture=hv.Gesture.CLI,
            **prove(id),
        )

    # What has no error was counted: the state may be pending still, or further on than the vote.
    return each(gate, ids, vote, list(hv.State), json=json)
