"""What lies in the vault for one request, and what that amounts to: nothing, a vote, or something to explain.

`assess` is a pure function of what was seen.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from hitl_vault.domain.decision import Gesture, Verdict, Vote
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.domain.question import Question
from hitl_vault.domain.record import Notice
from hitl_vault.errors import BallotInvalid
from hitl_vault.keeper.reading import Read
from hitl_vault.trust.evidence import NO_EVIDENCE, Evidence
from hitl_vault.vault.ballot import Ballot, read_ballot
from hitl_vault.vault.layout import Folder, Place
from hitl_vault.vault.plain import plain_ballot

MOVED: dict[Folder, Verdict] = {Folder.APPROVED: Verdict.APPROVE, Folder.REJECTED: Verdict.REJECT}
_CODE = re.compile(rb"^[ \t\"']*code[ \t\"']*:[ \t\"']*([\w \t-]*)", re.IGNORECASE | re.MULTILINE)
_MOST_CODES = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """A file that carries a request's id, as it was when it was looked at.

    `main` is False for a conflict copy; `as_drawn` tells that it holds just what was drawn, without a
    person's marks. `drawn_sha` is the hash of what was drawn there, if it is remembered; `skip` the
    number of Notes headings that are not ours (`read_ballot`).
    """

    place: Place
    sha: str
    data: bytes
    main: bool
    as_drawn: bool = False
    drawn_sha: str | None = None
    skip: int = 0
    unread: BallotInvalid | None = None

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self.place.path

    @cached_property
    def plain(self) -> Ballot | None:
        """What the file says if it is what was drawn but for one word or one tick."""
        return plain_ballot(self.data, self.drawn_sha) if self.drawn_sha else None

    @cached_property
    def _reading(self) -> Ballot | BallotInvalid:
        if self.unread:
            return self.unread
        if self.plain:
            return self.plain
        try:
            return read_ballot(self.data, self.path, skip=self.skip)
        except BallotInvalid as problem:
            return problem

    @property
    def ballot(self) -> Ballot | None:
        """What the file says, None if it cannot be read."""
        return self._reading if isinstance(self._reading, Ballot) else None

    @property
    def answered(self) -> Ballot | None:
        """What the file says if anybody may have answered in it; None where it is only moved."""
        return None if self.as_drawn else self.ballot

    @property
    def problem(self) -> BallotInvalid | None:
        """Why the file cannot be read, None if it can."""
        return self._reading if isinstance(self._reading, BallotInvalid) else None

    @property
    def codes(self) -> tuple[str, ...]:
        """What stands for a code in the file, whether it can be read or not."""
        if self.ballot:
            return (self.ballot.code,) if self.ballot.code else ()
        return tuple(typed.decode("utf-8", "replace") for typed in _CODE.findall(self.data)[:_MOST_CODES])

    @property
    def asks(self) -> bool:
        """Whether the file asks something back."""
        return self.answered is not None and self.answered.asks

    @cached_property
    def verdicts(self) -> frozenset[Verdict]:
        """Every verdict that the file expresses, by its words, boxes and place."""
        moved = MOVED.get(self.place.folder)
        said = self.answered.verdicts if self.answered else frozenset()
        return said | {moved} if moved else said


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What the files amount to. `kind` is None for nothing, `VOTED` for a vote, else the kind of notice.

    `voted` is the file that a vote or a question was read from. `evidence` came with the vote; `codes`
    lie in files that were refused. `patient` findings may be a person still typing; they are acted on
    later than others.
    """

    kind: Kind | None = None
    notice: Notice | None = None
    vote: Vote | None = None
    question: Question | None = None
    voted: Sighting | None = None
    evidence: Evidence = NO_EVIDENCE
    codes: tuple[str, ...] = field(default=(), repr=False)
    patient: bool = False


NOTHING = Finding()


def sighting(
    place: Place, found: Read, *, main: bool, drawn_sha: str | None, original: bytes | None, skip: int
) -> Sighting:
    """Return what was read at a place.

    `drawn_sha` is of what was drawn there, `original` what an agent wrote in a note of its own: in
    neither has anybody answered.
    """
    data, sha, problem = found
    if problem:
        return Sighting(place=place, sha=sha, data=data, main=main, unread=problem)
    as_drawn = sha == drawn_sha or (original is not None and data.removeprefix(BOM_UTF8) == original)
    return Sighting(
        place=place, sha=sha, data=data, main=main, as_drawn=as_drawn, drawn_sha=drawn_sha, skip=skip
    )


def fingerprint(sightings: Iterable[Sighting]) -> frozenset[tuple[str, str]]:
    """Return what must stay the same for the files to count as settled."""
    return frozenset((str(s.path), s.sha) for s in sightings)


def assess(sightings: Sequence[Sighting], changes: Callable[[Sighting], list[str]]) -> Finding:
    """Say what the files of a pending request amount to.

    `changes` tells what a file says that was never drawn.
    One verdict, expressed once or several times, is a vote, and none a question if one is asked.
    Verdicts that contradict each other, in one file or across copies, are held. Anything unreadable
    or unknown is told.
    """
    if len(sightings) == 1 and _is_ordinary(sightings[0]):
        return _vote(sightings, next(iter(sightings[0].verdicts)))
    mains = [s for s in sightings if s.main and s.place.folder is not Folder.DONE]
    unreadable = next((s for s in mains if not s.as_drawn and s.problem), None)
    if unreadable:
        return _unreadable(unreadable, _codes(mains))
    verdicts = frozenset[Verdict]().union(*(s.verdicts for s in mains))
    disputed = _disputed(sightings, verdicts)
    asking = next((s for s in mains if s.asks), None)
    if len(verdicts) > 1 or disputed or (verdicts and asking):
        return Finding(kind=Kind.HELD, notice=disputed or _contradiction(mains), codes=_codes(sightings))
    changed = _changed(mains, changes, patient=not verdicts)
    unknown = _unknown(mains)
    if changed or unknown:
        return changed or unknown or NOTHING
    if asking:
        return _question(asking)
    if not verdicts:
        return NOTHING
    return _vote(mains, next(iter(verdicts)))


def _is_ordinary(sighting: Sighting) -> bool:
    """Tell whether a file is the note in its place with nothing but one answer in it: then it is a vote."""
    at_home = sighting.main and sighting.place.folder is Folder.PENDING
    return at_home and sighting.plain is not None and len(sighting.verdicts) == 1


def _codes(sightings: Sequence[Sighting]) -> tuple[str, ...]:
    return tuple(code for sighting in sightings for code in sighting.codes)


def _unreadable(sighting: Sighting, codes: tuple[str, ...]) -> Finding:
    problem = sighting.problem
    text = "This note could not be read, so it decides nothing. Please answer in this fresh copy."
    return Finding(
        kind=Kind.REFUSED, notice=Notice(text=text, detail=str(problem)), codes=codes, patient=True
    )


def _disputed(sightings: Sequence[Sighting], verdicts: frozenset[Verdict]) -> Notice | None:
    rivals = [s for s in sightings if not s.main and not s.verdicts <= verdicts]
    if not rivals:
        return None
    said = {_where(s): ", ".join(sorted(s.verdicts)) for s in rivals}
    lines = [f"the note: {', '.join(sorted(verdicts)) or 'undecided'}"]
    lines += [f"{name}: {verdict}" for name, verdict in said.items()]
    text = (
        "A second copy of this note says something else. "
        "Delete the copy that is wrong, or make both say the same."
    )
    return Notice(text=text, detail="\n".join(lines))


def _contradiction(mains: Sequence[Sighting]) -> Notice:
    lines = [f"{_where(s)}: {', '.join(sorted(_says(s))) or 'undecided'}" for s in mains]
    text = "This note says both yes and no. Leave only one of them and it counts."
    return Notice(text=text, detail="\n".join(lines))


def _says(sighting: Sighting) -> list[str]:
    words: list[str] = []
    ballot = sighting.answered
    if ballot and ballot.verdict:
        words.append(f"status {ballot.verdict}")
    if ballot and ballot.asks:
        words.append("status needs_info")
    if ballot and ballot.approve:
        words.append("box Approve ticked")
    if ballot and ballot.reject:
        words.append("box Reject ticked")
    if sighting.place.folder in MOVED:
        words.append(f"moved to {sighting.place.folder}")
    return words


def _where(sighting: Sighting) -> str:
    return f"{sighting.place.folder}/{sighting.place.name}"


def _changed(
    mains: Sequence[Sighting], changes: Callable[[Sighting], list[str]], *, patient: bool
) -> Finding | None:
    for sighting in mains:
        found = changes(sighting)
        if found:
            text = (
                "Refused: something above Notes was changed, so what you answered is not what was asked. "
                "This is the request as recorded; please answer again."
            )
            notice = Notice(text=text, detail="\n".join(found), alarm=True)
            return Finding(kind=Kind.REFUSED, notice=notice, codes=_codes(mains), patient=patient)
    return None


def _unknown(mains: Sequence[Sighting]) -> Finding | None:
    for ballot in (s.answered for s in mains):
        if ballot and ballot.unknown:
            text = "Not understood: the word in `status`. Write approved or rejected."
            notice = Notice(text=text, detail=f"status: {ballot.unknown}")
            return Finding(kind=Kind.FLAGGED, notice=notice, patient=True)
    return None


def _question(asking: Sighting) -> Finding:
    ballot = asking.ballot
    if ballot is None or not ballot.comment:
        text = "Your question is missing. Write it into `comment`, and the agent gets it."
        return Finding(kind=Kind.FLAGGED, notice=Notice(text=text), patient=True)
    question = Question(
        request="", text=ballot.comment, at=_EPOCH, gesture=Gesture.STATUS, by=ballot.approver
    )
    return Finding(kind=Kind.QUESTIONED, question=question, voted=asking)


def _vote(mains: Sequence[Sighting], verdict: Verdict) -> Finding:
    voted = next(s for s in mains if verdict in s.verdicts)
    ballot = voted.answered
    vote = Vote(
        verdict=verdict,
        gesture=_gesture(voted),
        at=_EPOCH,  # the ledger sets the time
        by=ballot.approver if ballot else "",
        comment=ballot.comment if ballot else "",
        notes=voted.ballot.notes if voted.ballot else "",
    )
    return Finding(kind=Kind.VOTED, vote=vote, voted=voted, evidence=_evidence(ballot))


def _evidence(ballot: Ballot | None) -> Evidence:
    return Evidence(code=ballot.code, signature=ballot.signature) if ballot else NO_EVIDENCE


def _gesture(sighting: Sighting) -> Gesture:
    if sighting.place.folder in MOVED:
        return Gesture.MOVE
    return Gesture.STATUS if sighting.ballot and sighting.ballot.verdict else Gesture.TICK
