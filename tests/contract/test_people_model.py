"""Whatever people do in whatever order: the decision is that of a model simple enough to be believed."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitl_vault import acts
from hitl_vault.acts import timing
from hitl_vault.acts.voting import Voting
from hitl_vault.domain.decision import Gesture, Verdict, Vote
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import Delegation, Escalation, Mode, Requirement
from hitl_vault.errors import AlreadyDecided, CodeInvalid, NotAllowed
from hitl_vault.ledger.sqlite import SqliteLedger

START = datetime(2026, 1, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
AGENT = "bot"
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where files cost no waiting for a disk."""
NAMES = ("ana", "ana", "ben", "carl", "dora", "dora", "boss", "ANA", "b en", AGENT, "Bot ", "")


@dataclass
class Model:
    """Who has said what, by plain rules; times are hours since the asking."""

    needs: Requirement
    timeout: int
    hour: int = 0
    state: str = "pending"
    said: list[tuple[str, Verdict, tuple[str, ...]]] = field(default_factory=list)
    seen: set[int | None] = field(default_factory=set)

    def pass_time(self, hours: int) -> None:
        self.hour += hours
        if self.state in ("pending", "approved") and self.hour >= self.timeout:
            self.state = "expired"

    def approvers(self) -> set[str]:
        names = set(self.needs.approvers)
        for step in sorted(self.needs.escalations, key=lambda step: step.after):
            if step.after <= self.hour * HOUR:
                names = set(step.to) if step.replace else names | set(step.to) if names else names
        return names

    def may(self, name: str, verdict: Verdict) -> tuple[str, ...] | None:
        """For whom somebody answers: nobody else, those who delegated, or not at all (None)."""
        if person(name) == AGENT:
            return None
        if name == "" and self.wanted(verdict) > 1:
            return None
        allowed = self.approvers()
        if not allowed:
            return ()
        if name in allowed:
            return ()
        now = START + self.hour * HOUR
        absent = {d.of for d in self.needs.delegations if d.to == name and d.holds(now)} & allowed
        return tuple(sorted(absent)) or None

    def wanted(self, verdict: Verdict) -> int:
        return self.needs.quorum if verdict is Verdict.APPROVE else self.needs.reject_quorum

    def vote(self, name: str, verdict: Verdict, ballot: int | None) -> bool:
        """Tell whether the vote counts."""
        if ballot in self.seen or self.state != "pending":
            return ballot in self.seen
        standing = self.may(name, verdict)
        if standing is None:
            return False
        before = next((v for v in self.said if person(v[0]) == person(name)), None)
        if name and before and before[1] is verdict:
            return True  # said already
        self.said = [v for v in self.said if v is not before] + [(name, verdict, standing)]
        if ballot is not None:
            self.seen.add(ballot)
        for verdict in (Verdict.REJECT, Verdict.APPROVE):
            if len(self.counting(verdict)) >= self.wanted(verdict):
                self.state = "rejected" if verdict is Verdict.REJECT else "approved"
                break
        return True

    def counting(self, verdict: Verdict) -> set[str]:
        """The people, or the approvers for whom somebody answered, who say so."""
        taken = {person(name): v for name, v, standing in self.said if not standing}
        for _, v, standing in self.said:
            free = [who for who in standing if who not in taken]
            if free:
                taken[free[0]] = v
        named = self.wanted(verdict) > 1
        return {who for who, v in taken.items() if v is verdict and (who or not named)}


def person(name: str) -> str:
    return name.replace(" ", "").casefold()


people = st.sampled_from(((), ("ana",), ("ana", "ben"), ("ana", "carl"), ("ana", "ben", "carl")))
delegations = st.builds(
    lambda of, to, begins, ends: Delegation(
        of=of, to=to, begins=START + begins * HOUR, ends=START + ends * HOUR
    ),
    st.sampled_from(("ana", "ana", "boss")),
    st.sampled_from(("ben", "dora")),
    st.integers(0, 2),
    st.integers(1, 9),
)
escalations = st.builds(
    lambda after, to, replace: Escalation(after=after * HOUR, to=to, replace=replace),
    st.integers(1, 5),
    st.sampled_from((("boss",), ("boss", "dora"))),
    st.booleans(),
)
needs = st.builds(
    Requirement,
    approvers=people,
    quorum=st.sampled_from((1, 2, 2, 3)),
    reject_quorum=st.integers(1, 2),
    delegations=st.lists(delegations, max_size=2).map(tuple),
    escalations=st.lists(escalations, max_size=2, unique_by=lambda step: step.after).map(tuple),
    remind=st.just((HOUR,)),
)
votes = st.tuples(
    st.just("vote"),
    st.sampled_from(NAMES),
    st.sampled_from((Verdict.APPROVE, Verdict.APPROVE, Verdict.REJECT)),
    st.none() | st.integers(0, 3),
)
others = st.sampled_from((("pass", 1), ("pass", 2), ("tick",), ("restart",)))
steps = st.lists(st.one_of(votes, votes, votes, others), min_size=4, max_size=16)


class Real:
    """The product: a real ledger, with a clock of our own."""

    def __init__(self, folder: Path, requirement: Requirement, timeout: int) -> None:
        self._folder = folder
        self.now = START
        self.open()
        asking = acts.Asking(
            action="pay", context={}, agent=AGENT, timeout=timeout * HOUR, requirement=requirement
        )
        self.id = self.ledger.write(lambda writer: acts.ask(writer, asking)).id

    def open(self) -> None:
        self.ledger = SqliteLedger(self._folder / "ledger.db", clock=lambda: self.now, vault_id="v")

    def restart(self) -> None:
        self.ledger.close()
        self.open()

    def tick(self) -> None:
        """Do what the keeper does when something falls due."""
        self.ledger.write(lambda writer: timing.keep(writer, self.id))

    def vote(self, name: str, verdict: Verdict, ballot: int | None) -> bool:
        sha = "" if ballot is None else f"{ballot:064x}"
        cast = Vote(verdict=verdict, gesture=Gesture.API, at=START, by=name, ballot=sha)
        try:
            found = self.ledger.write(Voting(self.ledger, self._folder).job(self.id, cast))
        except (NotAllowed, AlreadyDecided):
            return False
        assert not isinstance(found, CodeInvalid)
        return True

    def record(self) -> Record:
        return self.ledger.record(self.id)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(requirement=needs, timeout=st.integers(2, 9), script=steps)
def test_the_decision_is_that_of_the_model(requirement: Requirement, timeout: int, script: list[Any]) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        real, model = Real(Path(folder), requirement, timeout), Model(requirement, timeout)
        for name, *given in script:
            if name == "vote":
                open_before = model.state == "pending"
                counts = model.vote(*given)
                assert real.vote(*given) is counts or not open_before
            elif name == "pass":
                model.pass_time(*given)
                real.now += given[0] * HOUR
                continue  # only who looks at the clock finds that something is due
            else:
                getattr(real, name)()
                real.tick()
            assert real.record().state == model.state, (name, given)
        real.tick()
        assert real.record().state == model.state
        check(real.record(), model)
        assert real.ledger.verify() == real.ledger.last_seq()
        real.ledger.close()


def check(record: Record, model: Model) -> None:
    """No approval without a quorum of distinct people, none of them the agent."""
    assert all(person(vote.by) != AGENT for vote in record.votes)
    assert len({person(vote.by) for vote in record.votes}) == len(record.votes)
    if record.state == "approved":
        counted = record.counted(Verdict.APPROVE)
        assert len(counted) >= record.request.requirement.quorum
        assert len(model.counting(Verdict.APPROVE)) == len(counted)
    assert record.request.requirement.mode is Mode.OPEN
