"""What a ledger promises, whatever it is kept in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.risk import Level

if TYPE_CHECKING:
    from hitl_vault.domain.entry import Entry
    from hitl_vault.domain.record import Record
    from hitl_vault.domain.requirement import Mode

T = TypeVar("T")

Subscriber: TypeAlias = "Callable[[list[Entry]], None]"

SUMMARY_LIMIT = 500
"""How many characters of a request's summary a `Row` carries."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of a listing.

    `changed` is the time of the last entry, whose number is `seq`. `due` is when something happens by time
    alone: a reminder, an escalation, the deadline or the end of a standing rule. `standing` is the end of
    the standing rule that its approval made, `rule` the id of the one that answered it. `summary` is cut
    at `SUMMARY_LIMIT` characters; the `Record` has all of it.
    """

    id: str
    state: State
    action: str
    agent: str
    summary: str
    risk: Level
    created: datetime
    expires: datetime | None
    changed: datetime
    decided: datetime | None
    run: str | None
    key: str | None
    due: datetime | None
    standing: datetime | None
    rule: str | None
    seq: int


class Writer(Protocol):
    """The ledger as seen inside one transaction; valid only in the job that it is given to."""

    @property
    def now(self) -> datetime:
        """The time of every entry of this transaction; never before the last entry's time."""
        ...

    def record(self, id: str) -> Record:
        """Return the record as it stands in this transaction; `RequestNotFound` if there is none."""
        ...

    def offer(self, record: Record) -> None:
        """Save `record` the fold, with one that this ledger gave earlier; not used if it is no longer so."""
        ...

    def by_key(self, agent: str, key: str) -> str | None:
        """Return the id of the request that `agent` asked under `key`."""
        ...

    def has_asked(self, agent: str, run: str | None = None) -> bool:
        """Tell whether `agent` has asked anything; with `run`, anything in that run.

        Adopted notes do not count: nobody checked whose they are.
        """
        ...

    def append(self, kind: Kind, request: str, body: Mapping[str, Any] | bytes, *, mode: Mode) -> Entry:
        """Append an entry and fold it into its request. A body of bytes is canonical JSON already.

        The body of `asked` holds the request under `"request"`. Raises `InvalidTransition` if the
        lifecycle has no such step, `RequestNotFound` if nobody asked, `Conflict` if the agent used the
        request's key before, `ValueError` or `TypeError` for a body that cannot be read back; then
        nothing was appended.
        """
        ...

    def lease(self, request: str, until: datetime) -> None:
        """Note until when the executor of a request that is executing is presumed alive; no entry."""
        ...

    def leased_until(self, request: str) -> datetime | None:
        """Return the end of the request's lease; None if it is not executing or has none."""
        ...


class Ledger(Protocol):
    """The record of every request. Safe to use from any thread and from several processes at once.

    Every method raises `LedgerUnavailable` when what keeps the ledger cannot be read or written.
    """

    def write(self, job: Callable[[Writer], T]) -> T:
        """Run `job` in a transaction and return its result once what it appended is durable.

        If the job raises, what it appended is undone and the exception is raised here. Several callers
        may share one commit: the job may run in another caller's thread, and must be quick.
        """
        ...

    def write_all(self, jobs: Sequence[Callable[[Writer], T]]) -> list[T | Exception]:
        """Run all jobs, in order, in one commit; return the result or the exception of each."""
        ...

    def record(self, id: str) -> Record:
        """Return the record of a request; `RequestNotFound` if there is none."""
        ...

    def find(self, part: str) -> list[str]:
        """Return the ids that contain `part`, newest first, at most 20; only `part` if it is an id itself.

        Where none does, those that an agent asked under the key `part`.
        """
        ...

    def rows(
        self,
        *,
        states: Collection[State] = (),
        limit: int | None = None,
        after: str | None = None,
        newest_first: bool = True,
        agent: str | None = None,
        run: str | None = None,
        action: str | None = None,
    ) -> list[Row]:
        """Return requests in the order in which they were asked, without reading what is large.

        Only those in `states` (all if empty), at most `limit`, from the one that follows the request
        with id `after`; of one agent, run or action where these are given. The cost does not depend on
        how many requests are in other states.
        """
        ...

    def ids(self, states: Collection[State], *, key: str = "") -> list[str]:
        """Return the ids of the requests in `states` whose key begins with `key`, oldest first."""
        ...

    def counts(self, states: Collection[State] = ()) -> dict[State, int]:
        """Return how many requests are in each of `states` (each that there is, if empty), zeros included."""
        ...

    def entries(
        self, *, after: int = 0, request: str | None = None, limit: int | None = None
    ) -> Iterator[Entry]:
        """Yield the entries there are now, in order, from the one that follows number `after`."""
        ...

    def last_seq(self) -> int:
        """Return the number of the last entry, 0 if there is none."""
        ...

    def due(self) -> list[tuple[datetime, str]]:
        """Return when which request wants attention, soonest first.

        By reminders, escalations, deadlines and the ends of standing rules, each request's next one; and
        by the ends of the leases of those executing.
        """
        ...

    def pending_in(self, mode: Mode) -> list[str]:
        """Return the ids of the pending requests that were asked in a trust mode, oldest first."""
        ...

    def standing(self, agent: str | None = None, action: str | None = None) -> list[str]:
        """Return the ids of requests whose approval made a standing rule that has not ended, oldest first.

        Only those for `agent` and `action` if these are given.
        """
        ...

    def uses(self, rule: str) -> int:
        """Return how many requests a standing rule has answered."""
        ...

    def leased_until(self, id: str) -> datetime | None:
        """Return the end of the request's lease; None if it is not executing or has none."""
        ...

    def now(self) -> datetime:
        """Return the clock's time, but never a time before the last entry's."""
        ...

    def get_mark(self, name: str) -> str | None:
        """Return what `set_mark` kept under `name`."""
        ...

    def set_mark(self, name: str, value: str) -> None:
        """Keep a small value outside the chain. A power cut may lose the newest; nothing else does."""
        ...

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call `callback` with every entry that any process commits from now on; return what ends that.

        In order and exactly once per subscriber, from whichever thread noticed: for entries of this
        process the one that committed, right after the commit. It must be quick; it may write to the
        ledger. An exception in it is logged and changes nothing.
        """
        ...

    def verify(self, seen: Callable[[Entry], object] | None = None) -> int:
        """Return the number of entries; `LedgerBroken` (with `seq`) if chain, order or fold do not hold.

        `seen` is shown each entry that fits, in order; what it raises ends the check.
        """
        ...

    def rebuild(self) -> None:
        """Make the fold anew from the entries."""
        ...

    def export(self) -> Iterator[str]:
        """Yield each entry as a line of canonical JSON; `chain.verify_lines` checks them offline."""
        ...

    def close(self) -> None:
        """Stop serving subscribers and let go of the files. Using the ledger afterwards is an error."""
        ...
