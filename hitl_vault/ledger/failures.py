"""What to raise when SQLite or the disk fails, and how to undo a commit that failed half-way."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from hitl_vault.errors import HitlVaultError, LedgerBroken, LedgerUnavailable, MaybeRecorded

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNWRITTEN = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}
_LITTLE = 64 * 1024
_BEGIN_LOG = "INSERT INTO mark VALUES ('log', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


def unavailable(path: Path, error: Exception) -> HitlVaultError:
    """Return what to raise for an error of SQLite or of the file system that left no trace."""
    # The low byte of an extended result code is the primary one.
    damaged = _code(error) & 0xFF in _DAMAGED
    if damaged or "Could not decode" in str(error):
        return LedgerBroken(f"{path}: the ledger's file is damaged: {error}")
    if _is_full(path, error):
        return LedgerUnavailable(
            f"{path}: the disk is full, nothing was recorded; make room on it and try again"
        )
    return LedgerUnavailable(f"{path}: the ledger is unavailable, nothing was recorded: {error}")


def uncertain(path: Path, error: Exception) -> MaybeRecorded:
    """Return what to raise when a commit failed and could not be undone either."""
    return MaybeRecorded(
        f"{path}: the disk failed while recording ({error}), it may have been recorded or not; "
        "see to the disk, then look at the request, or ask again with the same key"
    )


def is_half_done(error: sqlite3.Error) -> bool:
    """Tell whether a commit that failed with `error` may lie complete in the log all the same."""
    return _code(error) not in _UNWRITTEN


def begin_log_anew(connection: sqlite3.Connection) -> None:
    """Bring all that was committed into the database, and a new write-ahead log in place of the old.

    A transaction whose sync failed stays in the log, complete: only the log's index, in memory, leaves
    it out, and whoever recovers the log after a crash would find it committed. Nor does anybody know
    which parts of the old log are on the disk, and a further sync would not tell.
    """
    busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise sqlite3.OperationalError("the log is in use")
    connection.execute(_BEGIN_LOG, (os.urandom(8).hex(),))


def _is_full(path: Path, error: Exception) -> bool:
    if _code(error) & 0xFF == sqlite3.SQLITE_FULL:
        return True
    import shutil  # slow to load, and disks seldom fail

    try:
        return _code(error) & 0xFF == sqlite3.SQLITE_IOERR and shutil.disk_usage(path.parent).free < _LITTLE
    except OSError:
        return False


def _code(error: Exception) -> int:
    return int(getattr(error, "sqlite_errorcode", 0))
