"""One transaction: begin, run the jobs, commit; or undo all of it and say so."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence

from hitl_vault.domain.entry import Entry
from hitl_vault.errors import HitlVaultError
from hitl_vault.ledger.commit import Job, Result
from hitl_vault.ledger.connections import Connections
from hitl_vault.ledger.failures import is_half_done, unavailable
from hitl_vault.ledger.reading import Clock, utc
from hitl_vault.ledger.turn import Turn
from hitl_vault.ledger.writer import SqliteWriter


class Transactions:
    """Runs jobs on the writing connection. `committed` is called with the entries of each commit."""

    def __init__(
        self, connections: Connections, turn: Turn, clock: Clock, committed: Callable[[list[Entry]], None]
    ) -> None:
        self._connections = connections
        self._turn = turn
        self._clock = clock
        self._committed = committed
        self._busy = threading.RLock()

    def run(self, jobs: Sequence[Job]) -> Sequence[Result]:
        """Run the jobs in one transaction and return their results once it is durable.

        After an error of SQLite the connection is given up: what it still believes is not to be trusted.
        """
        with self._busy:
            return self._run(jobs)

    def close(self) -> None:
        """Close the connections once the transaction that runs is over."""
        with self._busy:
            self._connections.close()
            self._turn.close()

    def pause(self) -> None:
        """Wait for the transaction that runs, and begin none until `resume`."""
        self._busy.acquire()

    def resume(self) -> None:
        """Undo `pause`."""
        self._busy.release()

    def _run(self, jobs: Sequence[Job]) -> Sequence[Result]:
        connection = self._connections.writer()
        try:
            with self._turn:
                return self._transact(connection, jobs)
        except BaseException as error:
            self._connections.drop_writer()
            if isinstance(error, sqlite3.Error | OSError) and not isinstance(error, HitlVaultError):
                raise unavailable(self._connections.path, error) from error
            raise

    def _transact(self, connection: sqlite3.Connection, jobs: Sequence[Job]) -> Sequence[Result]:
        connection.execute("BEGIN IMMEDIATE")
        writer = SqliteWriter(connection, utc(self._clock))
        results = [writer.attempt(job) for job in jobs]
        self._commit(connection)
        writer.close()
        if writer.entries:
            self._committed(writer.entries)
        return results

    def _commit(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if is_half_done(error):
                self._connections.undo_commit(error)
            raise
