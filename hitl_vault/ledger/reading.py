"""What there is in an SQLite ledger, told without loading what writes or folds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.ledger import queries
from hitl_vault.ledger.connections import Connections
from hitl_vault.ledger.protocol import Row

Clock: TypeAlias = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


class SqliteReading:
    """Reads the ledger at `path`, made if there is none. Raises `ConfigError` if it is another vault's.

    Each method does what `Ledger` says.
    """

    def __init__(self, path: Path, *, vault_id: str, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._connections = Connections(path, vault_id)
        self._connections.open()

    def find(self, part: str) -> list[str]:
        with self._connections.reading() as connection:
            return queries.find(connection, part)

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
        only = {"agent": agent, "run": run, "action": action}
        with self._connections.reading() as connection:
            return queries.rows(connection, states, limit, after, newest_first, only)

    def on_hold(self, ids: Iterable[str]) -> dict[str, Kind]:
        """Return which of these pending requests are held or flagged: their notes say why."""
        with self._connections.reading() as connection:
            return queries.on_hold(connection, ids)

    def counts(self, states: Collection[State] = ()) -> dict[State, int]:
        with self._connections.reading() as connection:
            return queries.counts(connection, states)

    def last_seq(self) -> int:
        with self._connections.reading() as connection:
            return queries.last(connection)[0]

    def now(self) -> datetime:
        with self._connections.reading() as connection:
            at = queries.last(connection)[1]
        return max(utc(self._clock), at) if at else utc(self._clock)

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()


def utc(clock: Clock) -> datetime:
    """Return the clock's time in UTC; `ValueError` if it has no time zone."""
    at = clock()
    if at.tzinfo is None:
        raise ValueError("the ledger's clock gives times without a time zone")
    return at.astimezone(UTC)
