"""Approving several requests at once: exactly those that were shown, as they were shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import hitl_vault as hv
from hitl_vault.cli import render, views
from hitl_vault.cli.each import each
from hitl_vault.cli.exits import DONE, Usage, confirmed, say


def approve(
    gate: hv.Gate,
    where: str,
    ids: Sequence[str],
    *,
    by: str | None,
    comment: str,
    yes: bool,
    json: bool,
) -> int:
    """Show the pending requests for which a condition holds, ask, and approve them and no others."""
    if ids:
        raise Usage("--where: name requests or give a condition, not both")
    now = gate.ledger.now()
    found = [record for record in gate.pending() if hv.policies.matches(record, where, now)]
    if not found:
        say("no request that awaits an answer fits")
        return DONE
    if not json:
        render.write(_shown(gate, found))
    elif not yes:
        print(*_shown(gate, found), sep="\n", file=sys.stderr)
    if not (yes or _agreed(len(found))):
        say("nothing was approved")
        return DONE
    digests = {record.id: record.request.digest for record in found}

    def vote(id: str) -> hv.Record:
        return gate.decide(
            id, hv.Verdict.APPROVE, by=by, comment=comment, gesture=hv.Gesture.CLI, digest=digests[id]
        )

    return each(gate, list(digests), vote, list(hv.State), json=json)


def _shown(gate: hv.Gate, found: Sequence[hv.Record]) -> Iterator[str]:
    layout, now = hv.Layout(gate.config.root), gate.ledger.now()
    for record in found:
        yield from views.asked(record, note=layout.home(record), now=now)
        yield ""
    yield f"{len(found)} in all."


def _agreed(count: int) -> bool:
    what = "it" if count == 1 else f"all {count}"
    return confirmed(f"Approve {what}?", "look at what --where finds, then add --yes")
