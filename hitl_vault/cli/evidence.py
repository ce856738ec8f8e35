"""What an answer comes with beside the verdict: a one-time code, or a signature over the recorded request."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import hitl_vault as hv
from hitl_vault.cli import render, views
from hitl_vault.cli.exits import Usage, confirmed, say

Prove = Callable[[str], dict[str, str]]
"""Returns the arguments of `Gate.decide` that prove an answer to a request."""

_LOOK_FIRST = "look at the request with `hitl show`, then add --yes to --sign"


def proving(
    gate: hv.Gate,
    verdict: hv.Verdict,
    *,
    by: str | None,
    code: str | None,
    sign: bool,
    key: str | None,
    yes: bool,
    edits: Mapping[str, Any] | None = None,
) -> Prove:
    """Return what proves the answers of one command line."""
    if code is not None and sign:
        raise Usage("--code: give a code or --sign, not both")
    if sign:
        return lambda id: {"signature": _signature(gate, id, verdict, by, key, yes, edits)}
    typed = "" if code is None else _code(code)

    def proof(id: str) -> dict[str, str]:
        if typed and gate.get(id).request.requirement.mode not in (hv.Mode.CODE, hv.Mode.SIGNED):
            say(f"--code: {render.short(id)} asks for no code; yours was not looked at")
        return {"code": typed} if typed else {}

    return proof


def split_key(words: Sequence[str], sign: bool) -> tuple[list[str], str | None]:
    """Tell the ids from the key's file, which may stand after `--sign`."""
    files = [word for word in words if sign and Path(os.path.expanduser(word)).is_file()]
    if len(files) > 1:
        raise Usage("--sign: name one key")
    return [word for word in words if word not in files], files[0] if files else None


def _code(given: str) -> str:
    """Return the code; with `-` it is asked for, so that it stays out of the process list."""
    if given != "-":
        return given
    return getpass.getpass("One-time code: ") if sys.stdin.isatty() else sys.stdin.readline().strip()


def _signature(
    gate: hv.Gate,
    id: str,
    verdict: hv.Verdict,
    by: str | None,
    key: str | None,
    yes: bool,
    edits: Mapping[str, Any] | None,
) -> str:
    record = gate.get(id)
    note = hv.Layout(gate.config.root).home(record)
    lines = list(views.card(record, gate.history(id), note=note, now=gate.ledger.now()))
    lines += [f"With these values changed: {hv.text.one_line(json.dumps(edits))}"] if edits else []
    print(*lines, sep="\n", file=sys.stderr)
    if not (yes or confirmed(f"Sign {render.short(id)} as: {verdict}?", _LOOK_FIRST)):
        raise hv.NotAllowed("nothing was signed")
    return gate.sign(id, verdict, by=by, edits=edits, key=key)
