"""The tables of the SQLite ledger: making them, and refusing a file that is not ours."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from hitl_vault.errors import ConfigError

FORMAT = 1

_TABLES = (
    """
    CREATE TABLE entry (
        seq INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        kind TEXT NOT NULL,
        request TEXT NOT NULL,
        mode TEXT NOT NULL,
        body TEXT NOT NULL,
        prev TEXT NOT NULL,
        hash TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX entry_by_request ON entry (request)",
    # `asked` is the number of the entry that asked: the order in which requests came in.
    """
    CREATE TABLE request (
        asked INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL,
        action TEXT NOT NULL,
        agent TEXT NOT NULL,
        key TEXT,
        run TEXT,
        summary TEXT NOT NULL,
        risk TEXT NOT NULL,
        created TEXT NOT NULL,
        expires TEXT,
        changed TEXT NOT NULL,
        decided TEXT,
        due TEXT,
        standing TEXT,
        rule TEXT,
        seq INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX request_by_state ON request (state)",
    "CREATE INDEX request_by_standing ON request (agent, action) WHERE standing IS NOT NULL",
    "CREATE INDEX request_by_rule ON request (rule) WHERE rule IS NOT NULL",
    "CREATE INDEX request_by_due ON request (due) WHERE due IS NOT NULL",
    "CREATE UNIQUE INDEX request_by_key ON request (agent, key) WHERE key IS NOT NULL",
    "CREATE INDEX request_by_agent ON request (agent, run)",
    "CREATE TABLE lease (request TEXT PRIMARY KEY, until TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE mark (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """
    CREATE TRIGGER entry_unchanged BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'an entry is never changed'); END
    """,
    """
    CREATE TRIGGER entry_kept BEFORE DELETE ON entry
    BEGIN SELECT RAISE(ABORT, 'an entry is never removed'); END
    """,
    # INSERT OR REPLACE would remove a row without asking the trigger above.
    """
    CREATE TRIGGER entry_at_the_end BEFORE INSERT ON entry
    WHEN NEW.seq <> (SELECT ifnull(max(seq), 0) + 1 FROM entry)
    BEGIN SELECT RAISE(ABORT, 'an entry is only added at the end'); END
    """,
)


def prepare(connection: sqlite3.Connection, path: Path, vault_id: str) -> None:
    """Make the tables if the file is new, and check that the ledger is this vault's and of our format."""
    if _format(connection) == 0:
        _create(connection, vault_id)
    _check_format(connection, path)
    _check_vault(connection, path, vault_id)


def _format(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _create(connection: sqlite3.Connection, vault_id: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    if _format(connection) == 0:  # else another process was quicker
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute("INSERT INTO about VALUES ('vault', ?)", (vault_id,))
        connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("COMMIT")


def _check_format(connection: sqlite3.Connection, path: Path) -> None:
    found = _format(connection)
    if found != FORMAT:
        raise ConfigError(
            f"{path}: the ledger has format {found}, this version of hitl-vault reads {FORMAT}; "
            "use the version that wrote it, or a newer one"
        )


def _check_vault(connection: sqlite3.Connection, path: Path, vault_id: str) -> None:
    row = connection.execute("SELECT value FROM about WHERE name = 'vault'").fetchone()
    found = row[0] if row else ""
    if found != vault_id:
        raise ConfigError(
            f"{path}: the ledger belongs to vault {found!r}, not to {vault_id!r}; "
            "give this vault a state directory of its own (HITL_STATE_DIR)"
        )
