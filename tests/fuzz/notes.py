"""Notes as ballots: the strict reader, the comparison with what was drawn, and the quick reader."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.ballot import Ballot, read_ballot
from hitl_vault.vault.editable import read_edits
from hitl_vault.vault.plain import plain_ballot
from hitl_vault.vault.seal import differences
from tests.fuzz.reference import reading
from tests.fuzz.target import CORPUS, Target

PATH = Path("note.md")
DRAWN = (CORPUS / "ballot" / "as-drawn.md").read_bytes()
Read = Callable[[bytes, Path], Ballot]
Quick = Callable[[bytes, str], "Ballot | None"]


def ballot(data: bytes, read: Read = read_ballot) -> str:
    """A note is refused by name, or gives what the reference finds in it and nothing else."""
    try:
        found = read(data, PATH)
    except BallotInvalid as error:
        assert str(error).startswith("note.md: "), error
        return "refused"
    verdicts = set(map(str, found.verdicts))
    said = reading(data) if verdicts else set[str]()
    assert verdicts == said if len(verdicts) == 1 else said or not verdicts, (verdicts, said)
    assert data.decode().endswith(found.notes)
    _values(found)
    _changes(data)
    return " and ".join(sorted(verdicts)) or "nothing"


def _values(found: Ballot) -> None:
    try:
        edits = read_edits(found.edits or "{}")
    except BallotInvalid:
        return
    assert isinstance(edits, dict)


def _changes(data: bytes) -> None:
    try:
        told = differences(DRAWN, data)
    except BallotInvalid:
        return
    assert all(isinstance(line, str) and line for line in told)


def plain(data: bytes, quick: Quick = plain_ballot) -> str:
    """Where the quick reader takes a note for an ordinary answer, the strict one finds the same in it."""
    outcome = "left"
    for drawn in filter(_blank, set(_undone(data))):
        found = quick(data, hashlib.sha256(drawn).hexdigest())
        if found is None:
            continue
        strict = read_ballot(data)
        assert _all(found) == _all(strict), (_all(found), _all(strict))
        assert differences(drawn, data) == []
        outcome = "agreed"
    return outcome


_STATUS = re.compile(rb'\A---\nstatus: ("?)[A-Za-z]{4,8}\1\n')
_TICK = re.compile(rb"- \[[xX]\]")


def _undone(data: bytes) -> Iterator[bytes]:
    """Yield what may have been drawn if a note is its answer: without the word, or without one tick."""
    if found := _STATUS.match(data):
        yield b'---\nstatus: "pending"\n' + data[found.end() :]
    for tick in list(_TICK.finditer(data))[:8]:
        yield data[: tick.start()] + b"- [ ]" + data[tick.end() :]


def _blank(drawn: bytes) -> bool:
    """Tell whether nobody has answered in a note yet, which is what the quick reader relies on."""
    try:
        found = read_ballot(drawn)
    except BallotInvalid:
        return False
    said = (found.verdicts, found.unknown, found.asks, found.remember, found.notes)
    fields = (found.approver, found.comment, found.code, found.signature)
    return found.has_notes and found.status == "pending" and not any((*said, *fields))


def _all(found: Ballot) -> tuple[object, ...]:
    boxes = (found.approve, found.reject, found.torn, found.remember_ticked)
    fields = (found.approver, found.comment, found.code, found.signature, found.remember, found.notes)
    return (found.status, found.verdict, found.unknown, found.verdicts, boxes, fields, found.has_notes)


_BALLOT = b"---\nstatus: approved\n"
LARGE = {
    "brackets-24000-deep": _BALLOT + b"a: " + b"[" * 24_000 + b"\n---\n",
    "brackets-500-deep": _BALLOT + b"a: " + b"[" * 500 + b"\n---\n",
    "lists-5000-deep": _BALLOT + b"- " * 5_000 + b"a\n---\n",
    "front-matter-of-17-kib": _BALLOT + b"a: " + b"x" * 17_000 + b"\n---\n",
    "note-of-300-kib": _BALLOT + b"---\n" + b"x" * 300_000,
    "note-of-125-kib-of-fences": _BALLOT + b"---\n" + b"```\n" * 32_000,
    "note-of-255-kib-of-boxes": _BALLOT + b"---\n" + b"- [x] Approve\n" * 18_500,
    "note-of-255-kib-of-headings": _BALLOT + b"---\n" + b"## Note\n" * 32_000,
    "note-of-255-kib-of-backticks": _BALLOT + b"---\n" + b"`" * 260_000,
    "note-of-255-kib-of-carriage-returns": _BALLOT + b"---\n" + b"\r" * 260_000,
    "note-of-255-kib-of-blanks": _BALLOT + b"---\n" + b" " * 260_000 + b"- [x] Approve",
    "fields-4000": _BALLOT + b"".join(b"a%d:\n" % n for n in range(2_000)) + b"---\n",
}

NOTES = (
    Target(name="ballot", check=ballot, large=LARGE),
    Target(name="plain", check=plain),
)
