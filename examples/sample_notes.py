"""Draws the resolved examples of the sample vault: `python examples/sample_notes.py vault`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any

from hitl_vault.domain.codec import encode
from hitl_vault.domain.decision import Claim, Gesture, Outcome, Verdict, Vote
from hitl_vault.domain.entry import GENESIS, Entry
from hitl_vault.domain.fold import fold
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import Mode
from hitl_vault.domain.risk import Level, Risk
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.person import Person
from hitl_vault.vault.templates import Templates

FOLDER = "Examples"
_AT = datetime(2026, 1, 2, 9, 30, tzinfo=UTC)


_STEP = timedelta(minutes=4)
_Step = tuple[Kind, Vote | Claim | Outcome | dict[str, Any]]


def _record(request: Request, steps: list[_Step]) -> Record:
    """Return the record of a request after the steps, which come four minutes apart."""
    asked: _Step = (Kind.ASKED, {"request": encode(request), "digest": request.digest})
    first, *later = (_entry(seq, request, *step) for seq, step in enumerate([asked, *steps], start=1))
    return reduce(fold, later, fold(None, first))


def _entry(seq: int, request: Request, kind: Kind, what: Vote | Claim | Outcome | dict[str, Any]) -> Entry:
    at = _AT + _STEP * (seq - 1)
    return Entry(
        seq=seq,
        at=at,
        kind=kind,
        request=request.id,
        mode=Mode.OPEN,
        body=what if isinstance(what, dict) else encode(replace(what, at=at)),
        prev=GENESIS,
        hash=GENESIS,
    )


def refund() -> Record:
    """Return a refund that Ana approved and the agent carried out."""
    request = Request(
        id="20260102-093000-refund-7k3m9x2q",
        action="refund",
        context={"order": "A-17", "amount": 129.9, "currency": "EUR", "to": "Ada Lovelace"},
        agent="shop-bot",
        created=_AT,
        expires=_AT + timedelta(hours=1),
        summary="Refund 129.90 EUR to Ada for order A-17",
        reason="The parcel arrived broken; she sent a photo.",
        risk=Risk(level=Level.MEDIUM, score=40, reasons=("amount over 100",)),
    )
    vote = Vote(
        verdict=Verdict.APPROVE,
        gesture=Gesture.STATUS,
        at=_AT,
        by="ana",
        comment="The photo is clear. Go ahead.",
    )
    return _record(
        request,
        [
            (Kind.VOTED, vote),
            (Kind.APPROVED, {"by": ["ana"], "comment": vote.comment}),
            (Kind.CLAIMED, Claim(by="shop-bot", at=_AT, token="0" * 32)),
            (
                Kind.EXECUTED,
                Outcome(state=State.EXECUTED, at=_AT, result={"refund": "R-2211"}, by="shop-bot"),
            ),
        ],
    )


def deletion() -> Record:
    """Return a deletion that Ben rejected by dragging its note."""
    request = Request(
        id="20260102-111500-delete-files-q4w8z1ct",
        action="delete_files",
        context={"paths": ["/srv/archive/2019"], "recursive": True},
        agent="tidy-bot",
        created=_AT,
        expires=_AT + timedelta(minutes=30),
        summary="Delete the archive of 2019",
        reason="The disk is 91 % full and nobody read these files for three years.",
        risk=Risk(level=Level.HIGH, score=70, reasons=("deletes data",)),
    )
    vote = Vote(
        verdict=Verdict.REJECT,
        gesture=Gesture.MOVE,
        at=_AT,
        by="ben",
        comment="We must keep ten years of these.",
    )
    return _record(request, [(Kind.VOTED, vote), (Kind.REJECTED, {"by": ["ben"], "comment": vote.comment})])


def notes() -> Iterator[tuple[str, bytes]]:
    """Yield each example's path in the vault and its bytes."""
    drawer = Drawer(Templates())
    words = {refund: "Ask the shipper about the packaging.\n", deletion: ""}
    for example, written in words.items():
        record = example()
        yield f"{FOLDER}/{record.id}.md", drawer.draw(record, Person(notes=written))


if __name__ == "__main__":
    for name, data in notes():
        path = Path(sys.argv[1]) / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        print(path)
