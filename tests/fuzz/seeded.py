"""Readers with faults in them, such as have been written: what is fuzzed here has to find each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import frontmatter

from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.ballot import BOX, WORDS, Ballot, read_ballot
from hitl_vault.vault.plain import _ballot, _is
from tests.fuzz.notes import ballot, plain
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS


def fails(target: Target, data: bytes) -> bool:
    """Tell whether a target finds fault with an input."""
    try:
        target.run(data)
    except Exception:
        return True
    return False


def _with(change: Callable[[Ballot, str], Ballot]) -> Target:
    """Return the target of a reader that changes what the real one finds, where that finds nothing."""

    def read(data: bytes, path: Path) -> Ballot:
        found = read_ballot(data, path)
        return found if found.verdicts else change(found, data.decode())

    return replace(TARGETS["ballot"], check=lambda data: ballot(data, read))


def _prefix(found: Ballot, text: str) -> Ballot:
    near = next((verdict for word, verdict in WORDS.items() if found.status.startswith(word[:3])), None)
    return replace(found, verdict=near)


def _anywhere(found: Ballot, text: str) -> Ballot:
    ticked = {box[2] for box in BOX.finditer(text) if box[1] in "xX"}
    return replace(found, approve="Approve" in ticked, reject="Reject" in ticked)


def _strips(found: Ballot, text: str) -> Ballot:
    return replace(found, verdict=WORDS.get(re.sub(r"\W", "", found.status)))


def _lenient(data: bytes, path: Path) -> Ballot:
    """Read what is refused as python-frontmatter does: the last of equal keys counts, aliases work."""
    try:
        return read_ballot(data, path)
    except BallotInvalid:
        status = str(frontmatter.loads(data.decode()).get("status", "")).strip().lower()
        empty = read_ballot(b"---\nstatus: pending\n---\n", path)
        return replace(empty, status=status, verdict=WORDS.get(status))


def _unchecked(data: bytes, path: Path) -> Ballot:
    found = read_ballot(data, path)
    return replace(found, comment=str(found.fields["comment"]))


def _first_tick(data: bytes, drawn_sha: str) -> Ballot | None:
    """Take the first ticked box for ours, wherever it stands."""
    tick = re.search(rb"^- \[[xX]\] (Approve|Reject)$", data, re.MULTILINE)
    if not tick or not data.endswith(b"\n## Notes\n"):
        return None
    before = data[: tick.start()] + b"- [ ]" + data[tick.start() + 5 :]
    return _ballot(ticked=tick[1]) if _is(before, drawn_sha) else None


FAULTY = {
    "half a word counts": _with(_prefix),
    "a box counts wherever it stands": _with(_anywhere),
    "what is no letter is dropped from the word": _with(_strips),
    "what YAML cannot tell is guessed": replace(TARGETS["ballot"], check=lambda data: ballot(data, _lenient)),
    "a field is taken for there": replace(TARGETS["ballot"], check=lambda data: ballot(data, _unchecked)),
    "the first tick is taken for ours": replace(
        TARGETS["plain"], check=lambda data: plain(data, _first_tick)
    ),
}
