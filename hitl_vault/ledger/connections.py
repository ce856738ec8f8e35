"""The SQLite connections of one process: one that writes, and a pool of those that read."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hitl_vault.errors import ConfigError, HitlVaultError, LedgerUnavailable
from hitl_vault.ledger.failures import begin_log_anew, unavailable, uncertain
from hitl_vault.ledger.schema import prepare

BUSY_TIMEOUT = 10.0
"""Seconds to wait for another process's transaction before giving up."""


class Connections:
    """Opens connections to the ledger at `path` when they are needed and keeps them."""

    def __init__(self, path: Path, vault_id: str) -> None:
        self.path = path
        self._vault_id = vault_id
        self._writer: sqlite3.Connection | None = None
        self._doubtful = False
        self._file: tuple[int, int] | None = None
        self._marker: sqlite3.Connection | None = None
        self._marking = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._lent: set[sqlite3.Connection] = set()
        self._gate = threading.Lock()
        self._closed = False

    def open(self) -> None:
        """Open the ledger, making it if there is none. Nothing else makes one: a lost ledger stays lost."""
        make_private(self.path)
        self._file = _identity(self.path)
        self.writer()

    def writer(self) -> sqlite3.Connection:
        """Return the connection that writes. Only the holder of the commit's lead may use it."""
        self._check_open()
        self._check_file()
        if self._writer is None:
            self._writer = self._open_writer()
        return self._writer

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that reads. Fetch everything: an open cursor would hold up checkpoints."""
        connection = self._lend()
        healthy = True
        try:
            yield connection
        except sqlite3.Error as error:
            healthy = False
            raise unavailable(self.path, error) from error
        finally:
            self._take_back(connection, healthy)

    @contextmanager
    def marking(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for what need not be durable at once: it commits without syncing."""
        with self._marking:
            self._check_open()
            self._check_file()
            try:
                if self._marker is None:
                    self._marker = self._open_marker()
                yield self._marker
            except sqlite3.Error as error:
                raise unavailable(self.path, error) from error

    def drop_writer(self) -> None:
        """Close the writing connection, whatever state it is in; the next use opens a new one."""
        connection, self._writer = self._writer, None
        if connection is not None:
            connection.close()

    def undo_commit(self, error: sqlite3.Error) -> None:
        """Make sure that a commit which failed does not come back. Raises `MaybeRecorded` if it may."""
        self._doubtful = True
        self.drop_writer()
        try:
            self.writer()
        except HitlVaultError as another:
            raise uncertain(self.path, error) from another

    def close(self) -> None:
        """Close all; those lent out are closed when they come back."""
        self._closed = True
        self.drop_writer()
        with self._marking:
            self._close_marker()
        self._close_idle()

    def pause(self) -> None:
        """Between writes: wait until none is in use, close all, and let nobody open one until `resume`."""
        self.drop_writer()
        self._marking.acquire()
        self._close_marker()
        self._gate.acquire()
        while self._lent:
            time.sleep(0.0002)
        self._close_idle()

    def resume(self) -> None:
        """Undo `pause`."""
        self._gate.release()
        self._marking.release()

    def begin_anew(self) -> None:
        """Undo `pause` in a forked process."""
        self._gate, self._marking = threading.Lock(), threading.Lock()

    def _lend(self) -> sqlite3.Connection:
        with self._gate:
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._open_reader()
            self._lent.add(connection)
        return connection

    def _take_back(self, connection: sqlite3.Connection, healthy: bool) -> None:
        if healthy and not self._closed:
            self._idle.append(connection)
        else:
            connection.close()
        self._lent.discard(connection)

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _close_marker(self) -> None:
        if self._marker is not None:
            self._marker.close()
        self._marker = None

    def _check_open(self) -> None:
        if self._closed:
            raise LedgerUnavailable(f"this gate was closed; open another one ({self.path})")

    def _check_file(self) -> None:
        """Notice a ledger that was removed or replaced: SQLite would go on writing to the lost file."""
        if _identity(self.path) != self._file:
            raise LedgerUnavailable(
                f"{self.path}: the ledger was removed or replaced while in use, nothing was recorded; "
                "put it back, or restart"
            )

    def _open_writer(self) -> sqlite3.Connection:
        connection = _connect(self.path)
        try:
            _use_wal(connection, self.path)
            connection.execute("PRAGMA synchronous = FULL")
            prepare(connection, self.path, self._vault_id)
            self._clear_doubts(connection)
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.Error):
                raise unavailable(self.path, error) from error
            raise
        return connection

    def _clear_doubts(self, connection: sqlite3.Connection) -> None:
        if self._doubtful:
            begin_log_anew(connection)
            self._doubtful = False

    def _open_marker(self) -> sqlite3.Connection:
        connection = _connect(self.path)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        return connection

    def _open_reader(self) -> sqlite3.Connection:
        self._check_open()
        connection = _connect(self.path)
        connection.execute("PRAGMA query_only = ON")
        return connection


def make_private(path: Path) -> None:
    """Create the file and its folder, if missing, for the owner alone; SQLite's own files follow suit."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise LedgerUnavailable(f"{path}: the ledger cannot be created: {error.strerror}") from error


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise unavailable(path, error) from error


def _use_wal(connection: sqlite3.Connection, path: Path) -> None:
    mode = _switch_to_wal(connection)
    if mode != "wal":
        raise ConfigError(
            f"{path}: the ledger needs a local disk (write-ahead logging is refused here); "
            "move the state directory with HITL_STATE_DIR"
        )


def _switch_to_wal(connection: sqlite3.Connection) -> str:
    """Switch a new file; SQLite does not wait by itself while another process does the same."""
    give_up = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
        time.sleep(0.005)
