"""What the keeper drew last: where each note lies and its SHA-256, so that untouched notes need no reading.

A cache on disk beside the ledger. It may be lost at any time: notes are then compared with
what the ledger says, which is slower and gives the same result.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hitl_vault.durable import sync_folder

_SCHEMA = """
CREATE TABLE IF NOT EXISTS note (id TEXT PRIMARY KEY, path TEXT NOT NULL, sha TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seal (id TEXT PRIMARY KEY, sha TEXT NOT NULL, templates TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A note as drawn: `path` below the vault's root, with `/`; `sha` the hex SHA-256 of its bytes."""

    id: str
    path: str
    sha: str


@dataclass(frozen=True, kw_only=True)
class Seal:
    """How the note of a resolved request was drawn: `head_sha` of it, and the templates' fingerprint."""

    sha: str
    templates: str


def head_sha(data: bytes, notes: str) -> str:
    """Return the hex SHA-256 of a note without what the person wrote, which is at its end."""
    return hashlib.sha256(data.removesuffix(notes.encode())).hexdigest()


class _Connection(sqlite3.Connection):
    """Tells of the disk's errors as such, for who deals with those of notes as well."""

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        try:
            return super().execute(*statement)
        except sqlite3.Error as error:
            raise OSError(f"the index of notes cannot be used: {error}") from error

    def executemany(self, *statement: Any) -> sqlite3.Cursor:
        try:
            return super().executemany(*statement)
        except sqlite3.Error as error:
            raise OSError(f"the index of notes cannot be used: {error}") from error


class Index:
    """The notes of open requests as drawn, by request id; mirrored in memory. For one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begun = path.with_name("drawing")
        self._db = self._open()
        rows = self._db.execute("SELECT id, path, sha FROM note")
        self._changed: dict[str, None] = {}
        self._seals: dict[str, Seal] = {}
        self._flushed_up_to: int | None = None
        self._notes = {id: Drawn(id=id, path=path, sha=sha) for id, path, sha in rows}

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except (sqlite3.DatabaseError, OSError):
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        try:
            return self._connect()
        except sqlite3.Error as error:
            raise OSError(f"{self._path}: the index of notes cannot be made: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, factory=_Connection)
        # Losing this file costs a slower start, so it is never synced.
        db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _SCHEMA)
        # The seals of resolved notes grow without end; they are checked if nobody took care of them last.
        for part in ("1",) if self._begun.exists() else ("note", "mark"):
            (found,) = db.execute(f"PRAGMA quick_check({part})").fetchone()
            if found != "ok":
                db.close()
                raise sqlite3.DatabaseError(found)
        return db

    def begin(self) -> bool:
        """Note that somebody draws notes from now on; tell whether whoever did so before came to an end."""
        ended = self._mark("drawing") == 0 and not self._begun.exists()
        self._set("drawing", 1)
        # The index itself is never synced: after a power cut it may say what was true long ago.
        self._begun.touch()
        sync_folder(self._begun.parent)
        return ended

    def get(self, id: str) -> Drawn | None:
        """Return how the note of `id` was drawn last."""
        return self._notes.get(id)

    def __iter__(self) -> Iterator[Drawn]:
        return iter(self._notes.values())

    def put(self, note: Drawn) -> None:
        """Remember a note as drawn; on disk after the next `flush`."""
        self._notes[note.id] = note
        self._changed[note.id] = None

    def forget(self, id: str) -> None:
        """Forget a note; on disk after the next `flush`."""
        if self._notes.pop(id, None):
            self._changed[id] = None

    def seal(self, id: str) -> Seal | None:
        """Return how the note of a resolved request was drawn."""
        if id in self._seals:
            return self._seals[id]
        row = self._db.execute("SELECT sha, templates FROM seal WHERE id = ?", (id,)).fetchone()
        return Seal(sha=row[0], templates=row[1]) if row else None

    def put_seal(self, id: str, seal: Seal) -> None:
        """Remember how the note of a resolved request was drawn; on disk after the next `flush`."""
        self._seals[id] = seal

    @property
    def patrolled(self) -> float:
        """When the last round through the resolved notes began, in seconds since 1970; 0 before the first."""
        return float(self._mark("patrolled") or 0)

    @patrolled.setter
    def patrolled(self, began: float) -> None:
        self._set("patrolled", began)

    def flush(self, drawn_up_to: int | None = None) -> None:
        """Write what has changed, and how far the ledger is known to be drawn, in one transaction."""
        if not (self._changed or self._seals) and drawn_up_to == self._flushed_up_to:
            return
        changed, self._changed, self._flushed_up_to = self._changed, {}, drawn_up_to
        seals, self._seals = self._seals, {}
        kept = [self._notes[id] for id in changed if id in self._notes]
        kept = [note for note in kept if _is_text(note.path)]
        self._db.execute("BEGIN")
        self._db.executemany("DELETE FROM note WHERE id = ?", [(id,) for id in changed])
        self._db.executemany("INSERT INTO note VALUES (?, ?, ?)", [(n.id, n.path, n.sha) for n in kept])
        rows = [(id, seal.sha, seal.templates) for id, seal in seals.items()]
        self._db.executemany("INSERT OR REPLACE INTO seal VALUES (?, ?, ?)", rows)
        if drawn_up_to is not None:
            self._db.execute("INSERT OR REPLACE INTO mark VALUES ('seq', ?)", (drawn_up_to,))
        self._db.execute("COMMIT")

    @property
    def drawn_up_to(self) -> int:
        """The last ledger entry whose note is known to be drawn and synced; 0 if none."""
        return int(self._mark("seq") or 0)

    def same_templates(self, fingerprint: str) -> bool:
        """Tell whether notes were drawn with these templates, and remember that they are from now on."""
        same = self._mark("templates") == fingerprint
        self._set("templates", fingerprint)
        return same

    def _set(self, name: str, value: str | float) -> None:
        self._db.execute("INSERT OR REPLACE INTO mark VALUES (?, ?)", (name, value))

    def _mark(self, name: str) -> str | int | float | None:
        row = self._db.execute("SELECT value FROM mark WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def close(self, drawn_up_to: int | None = None, *, tidy: bool = True) -> None:
        """Flush and, even if that fails, close the file; not `tidy` if something may be left half done."""
        try:
            self.flush(drawn_up_to)
            self._set("drawing", 0 if tidy else 1)
            if tidy:
                self._begun.unlink(missing_ok=True)
        finally:
            self._db.close()

    def let_go(self) -> None:
        """Close the file and change nothing, for whoever has only read: a keeper may be at work."""
        self._db.close()


def _is_text(path: str) -> bool:
    """Tell whether a path can be kept here: one with bytes that are no UTF-8 cannot."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
