"""The writer of one transaction: reads what stands, appends entries and folds them at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hitl_vault.domain.canonical import canonical, parsed
from hitl_vault.domain.entry import GENESIS, Entry, entry_hash
from hitl_vault.domain.fold import fold
from hitl_vault.domain.identity import is_id
from hitl_vault.domain.lifecycle import ABOUT_THE_VAULT, Kind, State
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import ADOPTED
from hitl_vault.domain.requirement import Mode
from hitl_vault.domain.times import instant, text_of
from hitl_vault.errors import Conflict, InvalidTransition, LedgerUnavailable, RequestNotFound
from hitl_vault.ledger.audit import rebuild
from hitl_vault.ledger.chain import record_of
from hitl_vault.ledger.commit import Job, Raised, Result
from hitl_vault.ledger.protocol import Writer
from hitl_vault.ledger.queries import LEASED_UNTIL
from hitl_vault.ledger.tables import (
    ENTRIES_OF,
    INSERT_ENTRY,
    INSERT_REQUEST,
    UPDATE_REQUEST,
    changes_of,
    columns_of,
    entry_of,
)

_LAST = "SELECT seq, at, hash FROM entry ORDER BY seq DESC LIMIT 1"
_BY_KEY = "SELECT id FROM request WHERE agent = ? AND key = ?"
_SEQ = "SELECT seq FROM request WHERE id = ?"
_HAS_ASKED = f"""
SELECT 1 FROM request WHERE agent = ? AND (? IS NULL OR run = ?)
AND (key IS NULL OR substr(key, 1, {len(ADOPTED)}) <> '{ADOPTED}') LIMIT 1
"""
_LEASE = "INSERT INTO lease VALUES (?, ?) ON CONFLICT DO UPDATE SET until = excluded.until"


class SqliteWriter(Writer):
    """Serves the jobs of one transaction one after another, each in a savepoint of its own.

    `entries` is what they appended. `failure` is an error of SQLite itself: the transaction is then lost.
    """

    def __init__(self, connection: sqlite3.Connection, clock_time: datetime) -> None:
        self._connection = connection
        self._records: dict[str, Record | None] = {}
        self._unprojected: dict[str, Record] = {}
        self._saved = False
        self.entries: list[Entry] = []
        self.failure: sqlite3.Error | None = None
        seq, at, hash = connection.execute(_LAST).fetchone() or (0, None, GENESIS)
        self._seq: int = seq
        self._prev: str = hash
        self._now = max(clock_time, instant(at)) if at else clock_time

    @property
    def now(self) -> datetime:
        return self._now

    def attempt(self, job: Job) -> Result:
        """Run one job; if it raises, undo what it did and return its exception as `Raised`.

        Raises the error of SQLite if there was one, even if the job made nothing of it.
        """
        seq, prev = self._seq, self._prev
        self._saved = False
        try:
            result = job(self)
            self._project_all()
        except Exception as error:  # it is raised where the job came from
            result = Raised(error)
        if self.failure is not None:
            raise self.failure
        if isinstance(result, Raised):
            self._undo(seq, prev)
        elif self._saved:
            self._sql("RELEASE job")
        return result

    def close(self) -> None:
        """Make any later use of this writer an error."""
        self.failure = sqlite3.ProgrammingError("the writer was used after its job")

    def rebuild(self) -> None:
        """Make the fold anew from the entries."""
        self._save()
        self._records.clear()
        try:
            rebuild(self._connection)
        except sqlite3.Error as error:
            self.failure = error
            raise

    def record(self, id: str) -> Record:
        found = self._find(id)
        if found is None:
            raise RequestNotFound(f"no request has the id {id!r}", id=id)
        return found

    def offer(self, record: Record) -> None:
        if record.id not in self._records and self._sql(_SEQ, (record.id,)) == [(record.seq,)]:
            self._records[record.id] = record

    def by_key(self, agent: str, key: str) -> str | None:
        found = self._sql(_BY_KEY, (agent, key))
        return found[0][0] if found else None

    def has_asked(self, agent: str, run: str | None = None) -> bool:
        return bool(self._sql(_HAS_ASKED, (agent, run, run)))

    def append(self, kind: Kind, request: str, body: Mapping[str, Any] | bytes, *, mode: Mode) -> Entry:
        text = body if isinstance(body, bytes) else canonical(body)
        entry = self._entry(kind, request, text, mode)
        record = self._folded(entry)
        self._save()
        self._insert(entry, text.decode())
        if record is not None:
            self._project(record, entry)
        self._seq, self._prev = entry.seq, entry.hash
        self.entries.append(entry)
        return entry

    def lease(self, request: str, until: datetime) -> None:
        if self.record(request).state is not State.EXECUTING:
            raise InvalidTransition("only a request that is executing has a lease", id=request)
        self._save()
        self._sql(_LEASE, (request, text_of(until)))

    def leased_until(self, request: str) -> datetime | None:
        found = self._sql(LEASED_UNTIL, (request,))
        return instant(found[0][0]) if found else None

    def _find(self, id: str) -> Record | None:
        if id not in self._records:
            entries = [entry_of(columns) for columns in self._sql(ENTRIES_OF, (id,))]
            self._records[id] = record_of(entries) if entries else None
        return self._records[id]

    def _entry(self, kind: Kind, request: str, text: bytes, mode: Mode) -> Entry:
        seq = self._seq + 1
        return Entry(
            seq=seq,
            at=self._now,
            kind=kind,
            request=request,
            mode=mode,
            # What is folded and delivered is what will be read back, not the caller's own object.
            body=parsed(text.decode()),
            prev=self._prev,
            hash=entry_hash(
                seq=seq, at=self._now, kind=kind, request=request, mode=mode, body=text, prev=self._prev
            ),
        )

    def _folded(self, entry: Entry) -> Record | None:
        """Return the request's record after `entry`, None for an entry about the vault as a whole."""
        if not entry.request:
            _check_about_the_vault(entry)
            return None
        before = self._find(entry.request)
        if before is None and entry.kind is not Kind.ASKED:
            raise RequestNotFound(f"no request has the id {entry.request!r}", id=entry.request)
        try:
            record = fold(before, entry)
        except (KeyError, AttributeError) as error:
            raise ValueError(f"the body of {entry.kind} cannot be read back: {error!r}") from error
        if before is None:
            self._check_asked(record, entry)
        return record

    def _check_asked(self, record: Record, entry: Entry) -> None:
        if record.id != entry.request or not is_id(record.id):
            raise ValueError(f"{entry.request!r} is not the id of the request in the body, {record.id!r}")
        key = record.request.key
        earlier = self.by_key(record.request.agent, key) if key is not None else None
        if earlier:
            raise Conflict(f"key {key!r} stands for {earlier} already; use a new key", id=earlier)

    def _insert(self, entry: Entry, body: str) -> None:
        kind, mode = str(entry.kind), str(entry.mode)
        columns = (entry.seq, text_of(entry.at), kind, entry.request, mode, body, entry.prev, entry.hash)
        self._sql(INSERT_ENTRY, columns)

    def _project(self, record: Record, entry: Entry) -> None:
        if entry.kind is Kind.ASKED:
            self._sql(INSERT_REQUEST, (*columns_of(record), entry.seq))
        else:
            self._unprojected[record.id] = record
        if self._was(record.id, State.EXECUTING) and record.state is not State.EXECUTING:
            self._sql("DELETE FROM lease WHERE request = ?", (record.id,))
        self._records[record.id] = record

    def _project_all(self) -> None:
        """Bring the fold up to what the job appended; nothing that a job asks for depends on it before."""
        for record in self._unprojected.values():
            self._sql(UPDATE_REQUEST, changes_of(record))
        self._unprojected.clear()

    def _was(self, id: str, state: State) -> bool:
        before = self._records.get(id)
        return before is not None and before.state is state

    def _save(self) -> None:
        if not self._saved:
            self._sql("SAVEPOINT job")
            self._saved = True

    def _undo(self, seq: int, prev: str) -> None:
        if self._saved:
            self._sql("ROLLBACK TO job")
            self._sql("RELEASE job")
        del self.entries[len(self.entries) - (self._seq - seq) :]
        self._seq, self._prev = seq, prev
        self._records.clear()
        self._unprojected.clear()

    def _sql(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        if self.failure is not None:
            raise LedgerUnavailable(f"the transaction is over: {self.failure}")
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            self.failure = error
            raise LedgerUnavailable(f"the transaction is lost: {error}") from error


def _check_about_the_vault(entry: Entry) -> None:
    if entry.kind not in ABOUT_THE_VAULT:
        raise InvalidTransition(f"the vault as a whole cannot be {entry.kind}")
