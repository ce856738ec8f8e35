"""The notes of standing rules: drawn from the record, and looked at only for the wish to end a rule."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from hitl_vault.acts import standing
from hitl_vault.domain.entry import Entry
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.domain.standing import ACTIVE, StandingRule
from hitl_vault.errors import BallotInvalid, RequestNotFound
from hitl_vault.keeper.settling import Settling
from hitl_vault.keeper.timers import Timers
from hitl_vault.keeper.troubles import RETRY_AFTER, Troubles
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.vault.ballot import Ballot, read_ballot
from hitl_vault.vault.files import move_aside, read_note, set_aside
from hitl_vault.vault.layout import Folder, Layout, Place
from hitl_vault.vault.placing import create_note, replace_note, take
from hitl_vault.vault.rule_note import draw_rule
from hitl_vault.vault.seal import differences

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What lies at a rule's place: nothing (`data` None), a note, or something unreadable (`ballot` None)."""

    sha: str
    data: bytes | None = None
    ballot: Ballot | None = None


class StandingNotes:
    """Keeps `Standing_Rules/`. For the active keeper alone.

    Nothing in a note widens a rule: one that says anything but `active`, cannot be read or is gone ends
    the rule, one that was changed otherwise is put right, and one that no approval made is put away.
    """

    def __init__(
        self,
        layout: Layout,
        ledger: Ledger,
        *,
        settle: float,
        monotonic: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        self._layout = layout
        self._ledger = ledger
        self._settle = settle
        self._monotonic = monotonic
        self._tell = tell
        self._troubles = Troubles(tell)
        self._later: Timers[str] = Timers()
        self._strays: Timers[Path] = Timers()
        self._settling = Settling(self._later, monotonic)

    def start(self) -> None:
        """Look at the note of every rule that has not ended, and at whatever else lies in the folder."""
        for id in self._ledger.standing():
            self._soon(id)
        for place in self._layout.notes(Folder.STANDING):
            self.look(place)

    def follow(self, entry: Entry) -> None:
        """Note that a rule was made, used or ended."""
        if entry.kind in (Kind.REMEMBERED, Kind.REVOKED):
            self._soon(entry.request)
        elif entry.kind is Kind.APPROVED and "rule" in entry.body:
            self._soon(entry.body["rule"])

    def look(self, place: Place) -> None:
        """Note that something was done to a file in the folder."""
        id = place.name.removesuffix(".md")
        if place.canonical and self._rule(id) is not None:
            self._soon(id)
        else:
            self._strays.set(place.path, self._monotonic() + self._settle)

    def turn(self) -> None:
        """Do what is due."""
        for id in list(self._later.due(self._monotonic())):
            self._safely(self._consider_id, id, partial(self._later.set, id))
        for path in list(self._strays.due(self._monotonic())):
            self._safely(self._put_away, path, partial(self._strays.set, path))

    def next_in(self) -> float | None:
        """Return the seconds until `turn` has something to do, None if nothing waits."""
        firsts = [first for first in (self._later.next(), self._strays.next()) if first is not None]
        return max(0.0, min(firsts) - self._monotonic()) if firsts else None

    def _safely(self, do: Callable[[T], None], what: T, again: Callable[[float], None]) -> None:
        """Do something; if that fails, say so once and try again later. The others go on."""
        try:
            do(what)
        except Exception as error:
            self._troubles.meet(what, str(Folder.STANDING), error)
            again(self._monotonic() + RETRY_AFTER)
        else:
            self._troubles.over(what)

    def _consider_id(self, id: str) -> None:
        rule = self._rule(id)
        if rule is not None:
            self._layout.check(self._path(id))
            self._consider(rule)

    def _soon(self, id: str) -> None:
        self._later.set(id, self._monotonic())

    def _rule(self, id: str) -> StandingRule | None:
        try:
            return self._ledger.record(id).standing
        except RequestNotFound:
            return None

    def _consider(self, rule: StandingRule) -> None:
        found = self._find(rule.id)
        if found.sha == self._drawn(rule.id):
            self._settling.forget(rule.id)
            self._draw(rule, found)
        elif _ends(rule, found):
            self._act(rule, found)
        elif self._settling.settled(rule.id, found.sha, self._settle):
            self._settling.forget(rule.id)
            self._act(rule, found)

    def _act(self, rule: StandingRule, found: _Found) -> None:
        """Do what a note asks for that is not as it was drawn."""
        if rule.ended is not None and found.data is not None and not found.data:
            move_aside(self._layout, self._path(rule.id), "unreadable")
        elif rule.ended is not None:
            self._draw(rule, found)
        elif found.data is None:
            self._revoke(rule, "its note was deleted")
        elif found.ballot is None:
            self._revoke(rule, "its note can no longer be read")
        elif found.ballot.status != ACTIVE:
            self._revoke(rule, "its note was told to end it", by=found.ballot.approver)
        else:
            self._put_right(rule, found, found.data, found.ballot)

    def _revoke(self, rule: StandingRule, why: str, by: str = "") -> None:
        self._ledger.write(lambda writer: standing.revoke(writer, rule.id, why=why, by=by))

    def _put_right(self, rule: StandingRule, found: _Found, data: bytes, ballot: Ballot) -> None:
        uses = str(ballot.fields.get("uses", ""))
        drawn = draw_rule(rule, int(uses) if uses.isdecimal() else 0, ballot.notes)
        changes = differences(drawn, data)
        if changes:
            copy = set_aside(self._layout, f"{rule.id}.md", data, "changed")
            told = "; ".join(changes)
            self._tell(
                f"the note of standing rule {rule.id} was changed, which changes nothing ({told}); "
                f"it is drawn again, and what it said is in Set_Aside/{copy.name}"
            )
        self._draw(rule, found)

    def _draw(self, rule: StandingRule, found: _Found) -> None:
        notes = found.ballot.notes if found.ballot else ""
        data = draw_rule(rule, self._ledger.uses(rule.id), notes)
        path = self._path(rule.id)
        if found.data is None:
            done = rule.ended is not None or create_note(path, data)
        else:
            done = found.data == data or replace_note(path, data, found.data)
        if not done:
            self._soon(rule.id)  # somebody was quicker: look again
        elif (found.data is not None or rule.ended is None) and self._drawn(rule.id) != _sha(data):
            self._ledger.set_mark(_mark(rule.id), _sha(data))

    def _put_away(self, path: Path) -> None:
        """Put away a note that no approval made; a copy of a rule's note may still end the rule."""
        place = self._layout.classify(path)
        if place is None:
            return
        self._layout.check(path)
        try:
            data = read_note(path)
        except FileNotFoundError:
            return
        except BallotInvalid:
            copy = move_aside(self._layout, path, "no rule of ours")
        else:
            self._heed_copy(place, data)
            copy = set_aside(self._layout, place.name, data, "no rule of ours")
            if not take(path, data):
                self._strays.set(path, self._monotonic() + self._settle)
        self._tell(
            f"Standing_Rules/{place.name} is no standing rule: rules are made by approvals alone; "
            f"it is in Set_Aside/{copy.name}"
        )

    def _heed_copy(self, place: Place, data: bytes) -> None:
        rule = next((rule for rule in map(self._rule, place.ids) if rule), None)
        if rule is None or rule.ended is not None:
            return
        try:
            status = read_ballot(data).status
        except BallotInvalid:
            return
        if status != ACTIVE:
            self._revoke(rule, "a copy of its note was told to end it")

    def _find(self, id: str) -> _Found:
        try:
            data = read_note(self._path(id))
        except FileNotFoundError:
            return _Found(sha="")
        except BallotInvalid as problem:
            return _Found(sha=f"unread: {problem}", data=b"")
        try:
            ballot = read_ballot(data)
        except BallotInvalid:
            return _Found(sha=_sha(data), data=data)
        return _Found(sha=_sha(data), data=data, ballot=ballot)

    def _drawn(self, id: str) -> str:
        """Return the hash of the note as it was drawn last; empty before the first time."""
        return self._ledger.get_mark(_mark(id)) or ""

    def _path(self, id: str) -> Path:
        return self._layout.path(Folder.STANDING) / f"{id}.md"


def _ends(rule: StandingRule, found: _Found) -> bool:
    """Tell whether what was found ends a rule on sight: put back a moment later, it would hold again."""
    told = found.data is None or (found.ballot is not None and found.ballot.status != ACTIVE)
    return rule.ended is None and told


def _mark(id: str) -> str:
    return f"standing:{id}"


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
