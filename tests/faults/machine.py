"""The product against the reference: whatever people, agents, clocks and crashes do, in any order."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import hitl_vault as hv
from tests.faults.inspection import doubled, misplaced
from tests.faults.puppet import Puppet
from tests.faults.reference import Note, Reference

CONTEXT = {"order": "A-17", "eur": 900}
VERDICTS = st.sampled_from(("approve", "reject"))
FOLDERS = ("Pending_Approval", "Approved", "Rejected", "Done")
WHICH = st.integers(0, 99)
MINUTES = st.sampled_from((2, 90, 20_000, 20_000))
KEYS = st.sampled_from((None, None, "k1", "k2"))


class Approvals(RuleBasedStateMachine):
    """Requests, by id, beside what the reference makes of them."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.mkdtemp(dir="/var/tmp", prefix="hitl-model-")
        self.puppet = Puppet(Path(self._folder))
        self.known: dict[str, Reference] = {}
        self.grants: list[hv.Grant] = []
        self.saved: list[str] = []
        self.unheard = False
        self.number = 0

    def teardown(self) -> None:
        self.puppet.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    # What agents do.

    @initialize()
    def first(self) -> None:
        for minutes in (20_000, 20_000, 90):
            self.ask(minutes, None)

    @rule(minutes=MINUTES, key=KEYS)
    def ask(self, minutes: int, key: str | None) -> None:
        request = self.puppet.gate.ask("refund", CONTEXT, timeout=f"{minutes}m", key=key)
        again = next((id for id in self.known if key and self.puppet.gate.get(id).request.key == key), None)
        assert again in (None, request.id), "the same key gave two requests"
        if request.id not in self.known:
            self.known[request.id] = Reference(request.created + timedelta(minutes=minutes))
        self.glance()  # the keeper draws it, and sees what time it is

    @rule(which=WHICH, verdict=VERDICTS)
    def decide(self, which: int, verdict: str) -> None:
        id = self._some(which, "pending")
        self._agree(self.known[id].decide(verdict, self._now()), lambda g: g.decide(id, verdict, by="ana"))

    @precondition(lambda self: sum(r.state in ("pending", "approved") for r in self.known.values()) > 2)
    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        id = self._some(which, "pending", "approved")
        self._agree(self.known[id].cancel(self._now()), lambda g: g.cancel(id))

    @rule(which=WHICH, same=st.sampled_from([True, True, False]))
    def claim(self, which: int, same: bool) -> None:
        id = self._some(which, "approved")
        now = self._now()
        expected = self.known[id].claim(same, now, now + self.puppet.config.settings.lease)
        context = CONTEXT if same else {**CONTEXT, "eur": 9000}
        grant = self._agree(expected, lambda g: g.claim(id, context, action="refund"))
        if grant is not None:
            self.grants.append(grant)

    @precondition(lambda self: self.grants)
    @rule(which=WHICH, state=st.sampled_from(["executed", "failed"]))
    def end(self, which: int, state: str) -> None:
        grant = self.grants.pop(which % len(self.grants))
        grant._ledger = self.puppet.ledger
        report = grant.executed if state == "executed" else grant.failed
        self._agree(self.known[grant.request.id].end(state), lambda g: report("done"))

    # What people and tools do to files.

    @rule(
        which=WHICH,
        word=st.sampled_from(["approved", "rejected", "pending", "app", "arejected"]),
        ticks=st.frozensets(VERDICTS),
        told=st.booleans(),
    )
    def edit(self, which: int, word: str, ticks: frozenset[str], told: bool) -> None:
        id, path = self._pending(which)
        if path is None:
            return
        note = self.known[id].note
        note.word, note.ticks = word, ticks
        note.lines.append(line := self._line())
        path.write_text(_marked(path.read_text(), word, ticks) + line)
        self._tell(told, path)

    @rule(which=WHICH, told=st.booleans())
    def forge(self, which: int, told: bool) -> None:
        id, path = self._pending(which)
        if path:
            path.write_text(path.read_text().replace('"eur": 900', '"eur": 90'))
            self.known[id].note.forged = True
            self._tell(told, path)

    @rule(which=WHICH, folder=st.sampled_from(FOLDERS), told=st.booleans())
    def move(self, which: int, folder: str, told: bool) -> None:
        id, path = self._pending(which)
        if path:
            target = self.puppet.root / folder / path.name
            path.rename(target)
            self.known[id].note.place = folder
            self._tell(told, path, target)

    @rule(which=WHICH, told=st.booleans())
    def delete(self, which: int, told: bool) -> None:
        id, path = self._pending(which)
        if path:
            path.unlink()
            self.known[id].note = Note(place=None, copy=self.known[id].note.copy)
            self._tell(told, path)

    @rule(which=WHICH, verdict=st.none() | VERDICTS, told=st.booleans())
    def copy(self, which: int, verdict: str | None, told: bool) -> None:
        """A sync tool leaves another version beside the note, or somebody removes it."""
        id, path = self._pending(which)
        note, beside = self.known[id].note, self.puppet.root / FOLDERS[0] / f"{id} (1).md"
        if path is None:
            return
        beside.unlink(missing_ok=True)
        note.copy = verdict
        if verdict:
            beside.write_text(_marked(path.read_text(), f"{verdict}d".replace("td", "ted"), frozenset()))
        self._tell(told, beside)

    @rule(which=WHICH, word=st.sampled_from(["approved", "rejected"]), told=st.booleans())
    def save_late(self, which: int, word: str, told: bool) -> None:
        """An editor saves what it had open before the decision."""
        id = self._some(which, "approved", "rejected", "executed", "executing")
        if self.known[id].state == "pending" or self.unheard:
            return
        self.settle(True)
        home = self._home(id)
        ghost = self.puppet.root / FOLDERS[0] / f"{id}.md"
        text = home.read_text().replace("status: ", f"status: {word} # ", 1) + self._line()
        ghost.write_text(text)
        self.saved.append(text)
        self._tell(told, ghost)

    # Time, crashes and the keeper.

    @rule(minutes=st.sampled_from([1, 5, 59, 61, 200]))
    def wait(self, minutes: int) -> None:
        self.puppet.advance(timedelta(minutes=minutes))
        self.settle(False)

    @rule(hours=st.sampled_from([-3, 1, 2, 2]), seen=st.booleans())
    def set_clock(self, hours: int, seen: bool) -> None:
        """The clock jumps; whoever acts before the keeper has seen it finds what fell due all the same."""
        self.puppet.wall += timedelta(hours=hours)
        if seen:
            self.glance()

    @rule(crash=st.booleans())
    def restart(self, crash: bool) -> None:
        _ = self.puppet.crash() if crash else self.puppet.stop()  # type: ignore[func-returns-value]
        self.puppet.begin()
        self.unheard = True  # a start looks at everything, as a rescan does
        self.settle(True)

    @rule()
    def glance(self) -> None:
        """The keeper looks at once; what has not lain still counts for nothing yet."""
        now = self._now()
        for reference in self.known.values():
            reference.pass_time(now)
        self.puppet.look()

    @rule(rescan=st.booleans())
    def settle(self, rescan: bool) -> None:
        self.puppet.settle(rescan=rescan or self.unheard)
        self.unheard = False
        now = self._now()
        for reference in self.known.values():
            reference.read(now)
        wrong = misplaced(self.puppet.root, self.puppet.ledger)
        assert not wrong, f"{wrong} {self.puppet.told}"
        self._check_words()
        self._check_states(overdue=False)

    # What must hold.

    @invariant()
    def states_agree(self) -> None:
        self._check_states(overdue=True)

    def _check_states(self, *, overdue: bool) -> None:
        """Compare all states; with `overdue`, what fell due need not be recorded yet."""
        now = self._now()
        for id, reference in self.known.items():
            found = str(self.puppet.gate.get(id).state)
            late = reference.expires <= now or (reference.lease and reference.lease <= now)
            assert found == reference.state or (overdue and late), f"{id} is {found}, not {reference.state}"

    @invariant()
    def nothing_is_doubled(self) -> None:
        assert not doubled(self.puppet.ledger)

    def _check_words(self) -> None:
        aside = [path.read_text() for path in (self.puppet.root / "Set_Aside").glob("*.md")]
        for text in self.saved:
            assert text in aside, "what was saved late is not in Set_Aside"
        for id, reference in self.known.items():
            text = self._home(id).read_text() + "".join(aside)
            lost = [line for line in reference.note.lines if line not in text]
            assert not lost, f"words of a person were lost from {id}: {lost}"

    def _agree(self, expected: str | None, do: Any) -> Any:
        result, raised = None, None
        try:
            result = do(self.puppet.gate)
        except hv.HitlVaultError as error:
            raised = type(error).__name__
        assert raised == expected, f"raised {raised}, should have raised {expected}"
        return result

    def _now(self) -> Any:
        return self.puppet.ledger.now()

    def _line(self) -> str:
        self.number += 1
        return f"line {self.number}\n"

    def _home(self, id: str) -> Path:
        return next(
            (
                self.puppet.root / f / f"{id}.md"
                for f in FOLDERS
                if (self.puppet.root / f / f"{id}.md").exists()
            ),
            self.puppet.root / "nowhere",
        )

    def _some(self, which: int, *states: str) -> str:
        """Return one of the requests, in most cases one that is in these states."""
        wanted = [id for id, reference in self.known.items() if reference.state in states]
        among = wanted if wanted and which % 5 else list(self.known)
        return among[which // 5 % len(among)]

    def _pending(self, which: int) -> tuple[str, Path | None]:
        """Return a request, and where its note lies if it is pending and the keeper has drawn it."""
        id = self._some(which, "pending")
        reference = self.known[id]
        if reference.state != "pending" or reference.note.place is None:
            return id, None
        return id, self.puppet.root / reference.note.place / f"{id}.md"

    def _tell(self, told: bool, *paths: Path) -> None:
        if told:
            self.puppet.hear(*paths)
        else:
            self.unheard = True


def _marked(text: str, word: str, ticks: frozenset[str]) -> str:
    """Return a note with these marks and no others."""
    lines = text.split("\n")
    at = next(n for n, line in enumerate(lines) if line.startswith("status:"))
    lines[at] = f"status: {word}"
    for n, line in enumerate(lines):
        for verdict in ("approve", "reject"):
            if line in (f"- [ ] {verdict.title()}", f"- [x] {verdict.title()}"):
                lines[n] = f"- [{'x' if verdict in ticks else ' '}] {verdict.title()}"
    return "\n".join(lines)
