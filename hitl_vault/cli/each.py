"""Doing the same to several requests: each is reported, and one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import hitl_vault as hv
from hitl_vault.cli import render, views
from hitl_vault.cli.exits import DONE, ERROR, of_error, of_state, say

Act: TypeAlias = Callable[[str], hv.Record]


def each(gate: hv.Gate, parts: Sequence[str], act: Act, wanted: Sequence[hv.State], *, json: bool) -> int:
    """Call `act` with the id that each part names, report, and return the exit code.

    It is 0 if every request ended in a `wanted` state, what went wrong if that was the same
    for all that failed, else 1.
    """
    answers = [_one(gate, part, act, wanted, quiet=json) for part in parts]
    if json:
        render.write_json([answer for answer, _ in answers])
    codes = {code for _, code in answers} - {DONE}
    return codes.pop() if len(codes) == 1 else ERROR if codes else DONE


def _one(
    gate: hv.Gate, part: str, act: Act, wanted: Sequence[hv.State], *, quiet: bool
) -> tuple[dict[str, Any], int]:
    id = part
    try:
        id = gate.find(part)
        record = act(id)
    except hv.HitlVaultError as error:
        say(str(error) if id in str(error) else f"{id}: {error}")
        return {"id": id, "ok": False, **_state_in(error), "error": str(error)}, of_error(error)
    if not quiet:
        print(_report(record))
    code = DONE if record.state in wanted else of_state(record.state) or ERROR
    return {"id": id, "ok": code == DONE, "state": str(record.state)}, code


def _state_in(error: hv.HitlVaultError) -> dict[str, str]:
    """Return the state that stood in the way, if that was it."""
    if isinstance(error, hv.AlreadyDecided) and error.state:
        return {"state": str(error.state)}
    if isinstance(error, hv.NotApproved) and error.decision:
        return {"state": str(error.decision.state)}
    return {}


def _report(record: hv.Record) -> str:
    line = views.decision_line(record)
    if record.state is not hv.State.PENDING:
        return line
    votes = len(record.counted(hv.Verdict.APPROVE))
    return f"{line} ({votes} of {record.request.requirement.quorum} approvals so far)"
