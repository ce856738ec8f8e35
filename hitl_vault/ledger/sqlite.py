"""The ledger in an SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar, cast

from hitl_vault.domain.entry import Entry
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import Mode
from hitl_vault.errors import RequestNotFound
from hitl_vault.ledger import audit, chain, queries
from hitl_vault.ledger.bell import hang_bell
from hitl_vault.ledger.commit import GroupCommit, Raised
from hitl_vault.ledger.connections import BUSY_TIMEOUT
from hitl_vault.ledger.feed import PAGE, Feed
from hitl_vault.ledger.forking import watch_forks
from hitl_vault.ledger.protocol import Ledger, Subscriber, Writer
from hitl_vault.ledger.reading import Clock, SqliteReading, system_clock
from hitl_vault.ledger.tables import ENTRIES_OF, ENTRY_COLUMNS, entry_of
from hitl_vault.ledger.transaction import Transactions
from hitl_vault.ledger.turn import Turn
from hitl_vault.ledger.writer import SqliteWriter

T = TypeVar("T")

_PAGE = f"SELECT {ENTRY_COLUMNS} FROM entry WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
_PAGE_OF = ENTRIES_OF.replace("ORDER", "AND seq > ? AND seq <= ? ORDER") + " LIMIT ?"


class SqliteLedger(SqliteReading, Ledger):
    """The ledger at `path`, made if there is none. Raises `ConfigError` if it belongs to another vault.

    A process that is forked off may go on using it: with connections of its own, without the
    subscribers.
    """

    def __init__(self, path: Path, *, vault_id: str, clock: Clock = system_clock) -> None:
        super().__init__(path, vault_id=vault_id, clock=clock)
        self._path = path
        self._start()
        watch_forks(self)

    def write(self, job: Callable[[Writer], T]) -> T:
        (result,) = self._commit.submit([job])
        if isinstance(result, Raised):
            raise result.error
        return cast(T, result)

    def write_all(self, jobs: Sequence[Callable[[Writer], T]]) -> list[T | Exception]:
        results = self._commit.submit(list(jobs)) if jobs else []
        return [result.error if isinstance(result, Raised) else result for result in results]

    def record(self, id: str) -> Record:
        with self._connections.reading() as connection:
            found = connection.execute(ENTRIES_OF, (id,)).fetchall()
        if not found:
            raise RequestNotFound(f"no request has the id {id!r}", id=id)
        return chain.record_of(map(entry_of, found))

    def entries(
        self, *, after: int = 0, request: str | None = None, limit: int | None = None
    ) -> Iterator[Entry]:
        return self._entries(after, self.last_seq(), request, limit)

    def ids(self, states: Collection[State], *, key: str = "") -> list[str]:
        with self._connections.reading() as connection:
            return queries.ids(connection, states, key)

    def due(self) -> list[tuple[datetime, str]]:
        with self._connections.reading() as connection:
            return queries.due(connection)

    def pending_in(self, mode: Mode) -> list[str]:
        with self._connections.reading() as connection:
            return queries.pending_in(connection, mode)

    def standing(self, agent: str | None = None, action: str | None = None) -> list[str]:
        with self._connections.reading() as connection:
            return queries.standing(connection, agent, action)

    def uses(self, rule: str) -> int:
        with self._connections.reading() as connection:
            return queries.uses(connection, rule)

    def leased_until(self, id: str) -> datetime | None:
        with self._connections.reading() as connection:
            return queries.leased_until(connection, id)

    def get_mark(self, name: str) -> str | None:
        with self._connections.reading() as connection:
            return queries.mark(connection, name)

    def set_mark(self, name: str, value: str) -> None:
        with self._connections.marking() as connection:
            queries.set_mark(connection, name, value)

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        return self._feed.subscribe(callback)

    def verify(self, seen: chain.Witnessing | None = None) -> int:
        count = 0
        for entry in chain.linked(self.entries()):
            count += 1
            if seen:
                seen(entry)
        after: str | None = ""
        while after is not None:
            with self._connections.reading() as connection:
                after = audit.check_page(connection, after)
        return count

    def rebuild(self) -> None:
        self.write(lambda writer: cast(SqliteWriter, writer).rebuild())

    def export(self) -> Iterator[str]:
        return map(chain.line_of, self.entries())

    def close(self) -> None:
        self._feed.close()
        self._transactions.close()

    def _start(self) -> None:
        self._bell = hang_bell(self._path.parent / "bells")
        self._feed = Feed(self._bell, last_seq=self.last_seq, page=self._page)
        self._turn = Turn(self._path.with_name(f"{self._path.name}.turn"), BUSY_TIMEOUT)
        self._transactions = Transactions(self._connections, self._turn, self._clock, self._committed)
        self._commit = GroupCommit(self._transactions.run, self._spread)
        self._unrung = False

    def _committed(self, entries: list[Entry]) -> None:
        self._feed.offer(entries)
        self._unrung = True

    def _spread(self) -> None:
        """Tell the other processes first: they wake while this one delivers."""
        if self._unrung:
            self._unrung = False
            self._bell.ring()
            self._feed.advance()

    def _entries(self, after: int, last: int, request: str | None, limit: int | None) -> Iterator[Entry]:
        left = last if limit is None else limit
        while left > 0:
            page = self._page(after, min(left, PAGE), last, request)
            yield from page
            if len(page) < min(left, PAGE):
                return
            after, left = page[-1].seq, left - len(page)

    def _page(
        self, after: int, limit: int, last: int = queries.END, request: str | None = None
    ) -> list[Entry]:
        statement, one = (_PAGE, ()) if request is None else (_PAGE_OF, (request,))
        with self._connections.reading() as connection:
            found = connection.execute(statement, (*one, min(after, last), last, limit)).fetchall()
        return [entry_of(columns) for columns in found]

    def before_fork(self) -> None:
        """See `Forking`."""
        self._transactions.pause()
        self._connections.pause()

    def after_fork(self) -> None:
        """See `Forking`."""
        self._connections.resume()
        self._transactions.resume()

    def begin_anew(self) -> None:
        """See `Forking`."""
        self._connections.begin_anew()
        self._feed.abandon()
        self._turn.close()
        self._start()
