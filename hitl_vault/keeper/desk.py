"""Where ballots are taken in: from what lies in the vault for a request to an entry in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hitl_vault import acts
from hitl_vault.acts.voting import Voting
from hitl_vault.config import Config
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.record import Notice, Record
from hitl_vault.domain.requirement import Mode
from hitl_vault.errors import BallotInvalid, CodeInvalid, HitlVaultError, NotAllowed, SignatureInvalid
from hitl_vault.keeper.archivist import Archivist
from hitl_vault.keeper.beside import without_ticks_beside
from hitl_vault.keeper.casting import Cast, cast_of
from hitl_vault.keeper.projector import Changed, Projector
from hitl_vault.keeper.reading import NOTHING_READ, Read
from hitl_vault.keeper.records import Records
from hitl_vault.keeper.settling import Settling
from hitl_vault.keeper.sight import NOTHING, Finding, Sighting, assess, fingerprint
from hitl_vault.keeper.sites import Sites
from hitl_vault.keeper.timers import Timers
from hitl_vault.keeper.values import with_unanswered
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.rules import Rules
from hitl_vault.trust.modes import LACKING, PROVES
from hitl_vault.vault.layout import Folder, folder_of

MISSING_AFTER = 1.0
"""Seconds that a note may be gone before it is drawn again: editors and sync tools delete and create."""

_PASSING = (Kind.HELD, Kind.FLAGGED)
_TAKEN = Notice(
    text="This note was moved to Done before an answer counted, which decides nothing. "
    "If a script did so, it may have run what is asked here: look before you answer."
)


class Desk:
    """Takes in ballots. For the active keeper alone.

    `later` holds the ids to come back to, by `monotonic` time; `redraw` asks for a note to be
    drawn up to an entry.
    """

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        records: Records,
        voting: Voting,
        sites: Sites,
        projector: Projector,
        *,
        later: Timers[str],
        monotonic: Callable[[], float],
        redraw: Callable[[str, int], None],
    ) -> None:
        self._settings = config.settings
        self._rules = Rules(config)
        self._ledger = ledger
        self._records = records
        self._voting = voting
        self._sites = sites
        self._projector = projector
        self._archivist = Archivist(ledger, projector)
        self._later = later
        self._monotonic = monotonic
        self._redraw = redraw
        self._spent: dict[str, str] = {}
        self._settling = Settling(later, monotonic)

    def consider(self, id: str, fresh: Mapping[Path, Read] = NOTHING_READ) -> Cast | None:
        """Look at the files of a request and act on what has settled; return a vote for `commit`.

        `fresh` is what was read a moment ago.
        """
        if id in self._spent:
            return None  # its note is about to be drawn
        record = self._records.get(id)
        sightings = self._sites.see(record, fresh)
        if record.state is not State.PENDING:
            self._consider_resolved(record, sightings)
            if record.over and id not in self._settling:
                self._sites.forget(id)
                self._records.forget(id)
            return None
        finding = self._find(record, sightings)
        if self._is_quiet(record, finding, sightings):
            self._settling.forget(id)
            return None
        if not self._settled(id, sightings, self._patience(record, finding)):
            return None
        return self._act(record, finding, sightings)

    def let_settle(self, id: str, path: Path, sha: str) -> bool:
        """Begin to let a request's only file settle by its hash alone; False if it has to be considered now.

        In a burst a record need not be read to wait: whatever the file amounts to is found out then.
        """
        if not self._settings.settle or not self._sites.lies_only_at(id, path):
            return False
        if id not in self._spent:
            self._settling.begin(id, frozenset({(str(path), sha)}), self._settings.settle)
        return True

    def commit(self, casts: Sequence[Cast]) -> Sequence[Record | Exception]:
        """Record votes and questions, all in one durable step; `conclude` goes on with each."""
        return self._ledger.write_all([cast.job for cast in casts])

    def conclude(self, cast: Cast, result: Record | Exception) -> None:
        """Take note of how recording a vote went; its note is drawn when there is time."""
        if isinstance(result, Record):
            self._spent[cast.id] = cast.sha
            self._records.put(result)
            self._redraw(cast.id, result.seq)
        elif isinstance(result, CodeInvalid):  # recorded already
            self._draw(self._ledger.record(cast.id), cast.sightings)
        elif isinstance(result, HitlVaultError):
            self._tell_in_note(cast.id, Kind.REFUSED, _refusal(result), cast.sightings)
        else:
            raise result

    def _find(self, record: Record, sightings: Sequence[Sighting]) -> Finding:
        if all(s.as_drawn and s.place.folder is Folder.PENDING for s in sightings):
            return NOTHING
        finding = assess(sightings, lambda sighting: self._projector.changes(record, sighting))
        finding = without_ticks_beside(finding, sightings)
        mains = [s for s in sightings if s.main]
        if mains and all(s.place.folder is Folder.DONE for s in mains):
            finding = Finding(kind=Kind.REFUSED, notice=_TAKEN)
        lacking = self._lacking(record, finding)
        if lacking:
            finding = Finding(kind=Kind.FLAGGED, notice=lacking, patient=True)
        return with_unanswered(record, finding, sightings)

    def _lacking(self, record: Record, finding: Finding) -> Notice | None:
        """Say what a vote still lacks that the person may be about to fill in."""
        needs = record.request.requirement
        if finding.vote is None or (needs.mode is Mode.OPEN and not needs.approvers):
            return None
        evidence = finding.evidence
        if not (finding.vote.by or evidence.signature or self._settings.approver):
            return Notice(text="Not counted yet: nobody is named. Put your name into `approver`.")
        if needs.mode in PROVES and not evidence.given(needs.mode):
            return Notice(text=f"Not counted yet: {LACKING[needs.mode]}")
        return None

    def _is_quiet(self, record: Record, finding: Finding, sightings: Sequence[Sighting]) -> bool:
        """Tell whether the files show what they should and ask for nothing."""
        if finding.vote is not None:
            return False  # said first: to compare a note with its drawing takes longer than all the rest
        home = [s for s in sightings if s.main and s.place.folder is Folder.PENDING]
        astray = any(s.main and s.place.folder is not Folder.PENDING for s in sightings)
        if not home or astray or any(self._projector.stale(record, s) for s in home):
            return False
        if finding.kind is not None:
            told = record.notice == finding.notice and record.notice_kind is finding.kind
            return told and finding.kind in _PASSING
        return record.notice_kind not in _PASSING

    def _patience(self, record: Record, finding: Finding) -> float:
        settle = record.request.requirement.settle
        settle = self._settings.settle if settle is None else settle
        if finding.patient:
            return max(settle, self._settings.flag_after)
        return settle if finding.kind else max(settle, MISSING_AFTER)

    def _settled(self, id: str, sightings: Sequence[Sighting], wait: float) -> bool:
        """Tell whether the files have been the same for `wait` seconds; if not, come back later."""
        settled = self._settling.settled(id, fingerprint(sightings), wait)
        if settled:
            self._settling.forget(id)
        return settled

    def _act(self, record: Record, finding: Finding, sightings: Sequence[Sighting]) -> Cast | None:
        if finding.voted:
            return self._take(record, finding, finding.voted, sightings)
        if finding.kind and finding.notice:
            notice = replace(finding.notice, exposed=self._voting.exposed(record, finding.codes))
            self._tell_in_note(record.id, finding.kind, notice, sightings, before=record)
        elif record.notice_kind in _PASSING:
            self._draw(self._ledger.write(lambda writer: acts.clear(writer, record.id)), sightings)
        else:
            self._draw(record, sightings)
        return None

    def _take(
        self, record: Record, finding: Finding, voted: Sighting, sightings: Sequence[Sighting]
    ) -> Cast | None:
        if voted.sha in record.ballots:  # recorded, and then something kept us from drawing the note again
            self._redraw(record.id, record.seq)
            return None
        try:
            return cast_of(
                record, finding, sightings, settings=self._settings, voting=self._voting, rules=self._rules
            )
        except (BallotInvalid, NotAllowed) as problem:
            notice = Notice(text="Refused: what you changed or wish does not count.", detail=str(problem))
            self._tell_in_note(record.id, Kind.REFUSED, notice, sightings)
            return None

    def _tell_in_note(
        self, id: str, kind: Kind, notice: Notice, found: Sequence[Sighting], before: Record | None = None
    ) -> None:
        """Record a notice and show it in the note."""
        self._draw(self._ledger.write(lambda writer: acts.note(writer, id, kind, notice)), found, before)

    def spent(self, id: str) -> set[str]:
        """Return, once, the hashes of a request's files whose words are in the ledger by now."""
        sha = self._spent.pop(id, None)
        return {sha} if sha else set()

    def _draw(self, record: Record, sightings: Sequence[Sighting], before: Record | None = None) -> None:
        try:
            left = self._projector.project(record, sightings, before=before)
            self._projector.put_away(record, left)  # what is left has settled
        except Changed:
            self._later.set(record.id, self._monotonic())

    def _consider_resolved(self, record: Record, sightings: Sequence[Sighting]) -> None:
        """Put right what lies in the vault for a request that is decided; it changes nothing any more."""
        home = [s for s in sightings if s.main and s.place.folder is folder_of(record.state)]
        strays = [s for s in sightings if s not in home[:1]]
        if not strays and home and home[0].as_drawn:
            self._settling.forget(record.id)
            return
        if record.request.adopted:
            self._consider_handed_over(record, sightings)
            return
        wait = self._settings.settle if home else max(self._settings.settle, MISSING_AFTER)
        if not self._settled(record.id, sightings, wait):
            return
        if strays or not home or self._projector.stale(record, home[0]):
            self._archivist.put_right(record, home, strays)
        else:
            self._projector.accept(record, home[0])

    def _consider_handed_over(self, record: Record, sightings: Sequence[Sighting]) -> None:
        if not self._archivist.concerns(record, sightings):
            self._settling.forget(record.id)
        elif self._settled(record.id, sightings, self._settings.settle):
            self._archivist.hand_over(record, sightings)


def _refusal(error: HitlVaultError) -> Notice:
    """Return what a note says of an error; what was found in the note stands apart from our own words."""
    if isinstance(error, SignatureInvalid):  # the name in one is not held against the list yet
        return Notice(text="Refused: the signature does not count.", detail=str(error))
    if isinstance(error, NotAllowed) and error.told:
        return Notice(text=f"Refused: {error.told}.", detail=f"approver: {error.found}")
    return Notice(text=f"{'Refused' if isinstance(error, NotAllowed) else 'Not counted'}: {error}.")
