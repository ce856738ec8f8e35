"""What lies in the vault for one request, and what that amounts to: nothing, a vote, or something to explain.

Only `look` touches files; `assess` is a pure function of what was seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hitl_vault.domain.decision import Gesture, Verdict, Vote
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.domain.record import Notice
from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.ballot import Ballot, read_ballot
from hitl_vault.vault.files import read_note
from hitl_vault.vault.layout import Folder, Place
from hitl_vault.vault.seal import differences

MOVED: dict[Folder, Verdict] = {Folder.APPROVED: Verdict.APPROVE, Folder.REJECTED: Verdict.REJECT}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """A file that carries a request's id. `main` is False for a conflict copy.

    `ballot` is None when the file was not read as one: because it is just as drawn (`as_drawn`)
    and nobody needed its words, or because of the `problem`.
    """

    place: Place
    sha: str
    data: bytes
    main: bool
    as_drawn: bool = False
    ballot: Ballot | None = None
    problem: BallotInvalid | None = None

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self.place.path

    @property
    def verdicts(self) -> frozenset[Verdict]:
        """Every verdict that the file expresses, by its words, boxes and place."""
        moved = MOVED.get(self.place.folder)
        return (self.ballot.verdicts if self.ballot else frozenset()) | (frozenset({moved} if moved else ()))


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What the files amount to. `kind` is None for nothing, `VOTED` for a vote, else the kind of notice.

    `patient` findings may be a person still typing; they are acted on later than others.
    """

    kind: Kind | None = None
    notice: Notice | None = None
    vote: Vote | None = None
    voted: Sighting | None = None
    patient: bool = False


NOTHING = Finding()


def look(
    place: Place, *, main: bool, drawn_sha: str | None, closely: bool = False, skip: int = 0
) -> Sighting | None:
    """Read what lies at a place; None if nothing does. Never raises for what a file holds.

    A file that is just as drawn is read as a ballot only when looked at `closely`. `skip` is the
    number of Notes headings that are not ours (`read_ballot`).
    """
    try:
        data = read_note(place.path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except BallotInvalid as problem:
        return Sighting(place=place, sha=f"unread: {problem}", data=b"", main=main, problem=problem)
    sha = hashlib.sha256(data).hexdigest()
    known = sha == drawn_sha
    if known and not closely:
        return Sighting(place=place, sha=sha, data=data, main=main, as_drawn=True)
    try:
        ballot = read_ballot(data, place.path, skip=skip)
    except BallotInvalid as problem:
        return Sighting(place=place, sha=sha, data=data, main=main, as_drawn=known, problem=problem)
    return Sighting(place=place, sha=sha, data=data, main=main, as_drawn=known, ballot=ballot)


def fingerprint(sightings: Iterable[Sighting]) -> frozenset[tuple[str, str]]:
    """Return what must stay the same for the files to count as settled."""
    return frozenset((str(s.path), s.sha) for s in sightings)


def assess(sightings: Sequence[Sighting], drawn: bytes) -> Finding:
    """Say what the files of a pending request amount to. `drawn` is the note as the ledger has it.

    One verdict, expressed once or several times, is a vote. Verdicts that contradict each
    other, in one file or across copies, are held. Anything unreadable or unknown is told.
    """
    mains = [s for s in sightings if s.main and s.place.folder is not Folder.DONE]
    unreadable = next((s for s in mains if s.problem), None)
    if unreadable:
        return _unreadable(unreadable)
    verdicts = frozenset().union(*(s.verdicts for s in mains))
    disputed = _disputed(sightings, verdicts)
    if len(verdicts) > 1 or disputed:
        return Finding(kind=Kind.HELD, notice=disputed or _contradiction(mains))
    changed = _changed(mains, drawn, patient=not verdicts)
    if changed or not verdicts:
        return changed or _undecided(mains)
    return _vote(mains, next(iter(verdicts)))


def _unreadable(sighting: Sighting) -> Finding:
    problem = sighting.problem
    assert problem is not None
    text = "This note could not be read, so it decides nothing. Please answer in this fresh copy."
    return Finding(kind=Kind.REFUSED, notice=Notice(text=text, detail=str(problem)), patient=True)


def _disputed(sightings: Sequence[Sighting], verdicts: frozenset[Verdict]) -> Notice | None:
    rivals = [s for s in sightings if not s.main and not s.verdicts <= verdicts]
    if not rivals:
        return None
    said = {s.place.name: ", ".join(sorted(s.verdicts)) for s in rivals}
    lines = [f"the note: {', '.join(sorted(verdicts)) or 'undecided'}"]
    lines += [f"{name}: {verdict}" for name, verdict in said.items()]
    text = (
        "On hold: a second copy of this note says something else. "
        "Delete the copy that is wrong, or make both say the same."
    )
    return Notice(text=text, detail="\n".join(lines))


def _contradiction(mains: Sequence[Sighting]) -> Notice:
    lines = [f"{_where(s)}: {', '.join(sorted(_says(s))) or 'undecided'}" for s in mains]
    text = "On hold: this note says both yes and no. Leave only one of them and it counts."
    return Notice(text=text, detail="\n".join(lines))


def _says(sighting: Sighting) -> list[str]:
    words: list[str] = []
    ballot = sighting.ballot
    if ballot and ballot.verdict:
        words.append(f"status {ballot.verdict}")
    if ballot and ballot.approve:
        words.append("box Approve ticked")
    if ballot and ballot.reject:
        words.append("box Reject ticked")
    if sighting.place.folder in MOVED:
        words.append(f"moved to {sighting.place.folder}")
    return words


def _where(sighting: Sighting) -> str:
    return f"{sighting.place.folder}/{sighting.place.name}"


def _changed(mains: Sequence[Sighting], drawn: bytes, *, patient: bool) -> Finding | None:
    for sighting in mains:
        changes = [] if sighting.as_drawn else differences(drawn, sighting.data)
        if changes:
            text = (
                "Refused: something above Notes was changed, so what you answered is not what was asked. "
                "This is the request as recorded; please answer again."
            )
            notice = Notice(text=text, detail="\n".join(changes))
            return Finding(kind=Kind.REFUSED, notice=notice, patient=patient)
    return None


def _undecided(mains: Sequence[Sighting]) -> Finding:
    unknown = next((s.ballot.unknown for s in mains if s.ballot and s.ballot.unknown), None)
    if unknown is None:
        return NOTHING
    text = "Not understood: the word in `status`. Write approved or rejected."
    return Finding(kind=Kind.FLAGGED, notice=Notice(text=text, detail=f"status: {unknown}"), patient=True)


def _vote(mains: Sequence[Sighting], verdict: Verdict) -> Finding:
    unknown = next((s.ballot.unknown for s in mains if s.ballot and s.ballot.unknown), None)
    if unknown is not None:
        return _undecided(mains)
    voted = next(s for s in mains if verdict in s.verdicts)
    ballot = voted.ballot
    vote = Vote(
        verdict=verdict,
        gesture=_gesture(voted),
        at=_EPOCH,  # the ledger sets the time
        by=ballot.approver if ballot else "",
        comment=ballot.comment if ballot else "",
        notes=ballot.notes if ballot else "",
    )
    return Finding(kind=Kind.VOTED, vote=vote, voted=voted)


def _gesture(sighting: Sighting) -> Gesture:
    if sighting.place.folder in MOVED:
        return Gesture.MOVE
    return Gesture.STATUS if sighting.ballot and sighting.ballot.verdict else Gesture.TICK
