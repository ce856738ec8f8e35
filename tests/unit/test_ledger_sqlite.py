"""The SQLite ledger's file: who may read it, what it refuses, and that tampering shows."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hitl_vault.domain.entry import hash_of
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.errors import ConfigError, LedgerBroken, LedgerUnavailable
from hitl_vault.ledger import queries, tables
from hitl_vault.ledger.protocol import Writer
from hitl_vault.ledger.sqlite import SqliteLedger
from tests.ledger_jobs import appending, approving, asking, claiming

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(work: Path) -> Path:
    return work / "state" / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(path, vault_id="v1")) as ledger:
        yield ledger


@pytest.fixture
def raw(ledger: SqliteLedger, path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of somebody who may write the file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def unguarded(raw: sqlite3.Connection) -> sqlite3.Connection:
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    return raw


# The file


def test_only_the_owner_may_read_what_is_kept(path: Path) -> None:
    before = os.umask(0)
    try:
        with closing(SqliteLedger(path, vault_id="v1")) as ledger:
            ledger.subscribe(lambda entries: None)
            ledger.write(asking())
            ledger.set_mark("a", "b")
            found = {p.relative_to(path.parent): p.stat().st_mode & 0o777 for p in path.parent.rglob("*")}
    finally:
        os.umask(before)
    assert {str(name).split("/")[0] for name in found} >= {"ledger.db", "ledger.db-wal", "ledger.db-shm"}
    assert {name: oct(mode) for name, mode in found.items() if mode & 0o077} == {}
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_every_commit_is_synced(ledger: SqliteLedger) -> None:
    writer = ledger._connections.writer()
    assert writer.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert writer.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_a_path_with_odd_characters_works(work: Path) -> None:
    with closing(SqliteLedger(work / "ü %20?#&" / "l edger.db", vault_id="v1")) as ledger:
        ledger.write(asking())
    assert (work / "ü %20?#&" / "l edger.db").exists()


def test_a_ledger_of_another_format_is_refused_with_a_way_out(raw: sqlite3.Connection, path: Path) -> None:
    raw.execute("PRAGMA user_version = 99")
    with pytest.raises(ConfigError, match=r"ledger\.db.*format 99.*newer"):
        SqliteLedger(path, vault_id="v1")


def test_a_file_that_is_no_ledger_is_said_to_be_damaged(work: Path) -> None:
    path = work / "ledger.db"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(LedgerBroken, match=r"ledger\.db.*damaged"):
        SqliteLedger(path, vault_id="v1")
    assert path.read_bytes().startswith(b"not a database")


def test_a_place_that_cannot_be_written_is_named(work: Path) -> None:
    (work / "file").touch()
    with pytest.raises(LedgerUnavailable, match="file"):
        SqliteLedger(work / "file" / "ledger.db", vault_id="v1")


@pytest.mark.parametrize("replaced", [False, True])
def test_a_ledger_that_is_lost_while_in_use_is_never_made_anew(
    ledger: SqliteLedger, path: Path, replaced: bool
) -> None:
    ledger.write(asking())
    kept = path.rename(path.with_name("kept.db"))
    if replaced:
        path.touch()
    with pytest.raises(LedgerUnavailable, match="removed or replaced"):
        ledger.write(asking())
    with pytest.raises(LedgerUnavailable, match="removed or replaced"):
        ledger.set_mark("a", "b")
    kept.replace(path)
    ledger.write(asking())
    assert ledger.verify() == 2


# Entries are never changed


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET body = '{}' WHERE seq = 1",
        "UPDATE entry SET kind = 'rejected'",
        "UPDATE OR REPLACE entry SET seq = 1 WHERE seq = 2",
        "DELETE FROM entry WHERE seq = 2",
        "DELETE FROM entry",
        "INSERT OR REPLACE INTO entry SELECT seq, at, 'rejected', request, mode, body, prev, hash FROM entry",
        "INSERT INTO entry SELECT seq + 9, at, kind, request, mode, body, prev, hash FROM entry LIMIT 1",
        "INSERT INTO entry SELECT 0, at, kind, request, mode, body, prev, hash FROM entry LIMIT 1",
        "INSERT INTO entry SELECT 'three', at, kind, request, mode, body, prev, hash FROM entry LIMIT 1",
    ],
)
def test_the_database_itself_refuses_to_change_an_entry(
    ledger: SqliteLedger, raw: sqlite3.Connection, statement: str
) -> None:
    id = ledger.write(asking())
    ledger.write(approving(id))
    before = list(ledger.export())
    with pytest.raises(sqlite3.Error, match=r"never|only added|datatype"):
        raw.execute(statement)
    assert list(ledger.export()) == before


FORGERIES = {
    "at": "2026-01-01T00:00:00.000000Z",
    "kind": "rejected",
    "request": "20260102-030405-nothing-00000000",
    "mode": "signed",
    "body": '{"by":["mallory"]}',
    "prev": "f" * 64,
    "hash": "f" * 64,
}


@pytest.mark.parametrize("seq", [1, 2, 5])
@pytest.mark.parametrize("column", FORGERIES)
def test_a_changed_entry_is_found_by_its_number(
    ledger: SqliteLedger, raw: sqlite3.Connection, column: str, seq: int
) -> None:
    id = ledger.write(asking())
    ledger.write_all([approving(id), asking(), asking(), asking()])
    assert ledger.verify() == 5
    unguarded(raw).execute(f"UPDATE entry SET {column} = ? WHERE seq = ?", (FORGERIES[column], seq))
    with pytest.raises(LedgerBroken) as broken:
        ledger.verify()
    assert broken.value.seq == seq
    assert str(seq) in str(broken.value)


@pytest.mark.parametrize("text", ["[1]", "{", "", "{}", "\x00", '{"a":NaN}', "[" * 100_000])
def test_a_body_that_is_no_json_any_more_is_found_too(
    ledger: SqliteLedger, raw: sqlite3.Connection, text: str
) -> None:
    id = ledger.write(asking())
    ledger.write(asking())
    unguarded(raw).execute("UPDATE entry SET body = ? WHERE seq = 1", (text,))
    for use in (ledger.verify, lambda: ledger.record(id)):
        with pytest.raises(LedgerBroken) as broken:
            use()
        assert broken.value.seq == 1


def test_text_that_is_no_text_is_found_too(ledger: SqliteLedger, raw: sqlite3.Connection) -> None:
    id = ledger.write(asking())
    unguarded(raw).execute("UPDATE entry SET body = CAST(x'ff7b7d' AS TEXT)")
    for use in (ledger.verify, lambda: ledger.record(id)):
        with pytest.raises(LedgerBroken):
            use()


@pytest.mark.parametrize(("seq", "reported"), [(1, 1), (2, 2), (3, 3), (4, 4)])
def test_a_removed_entry_is_missed(
    ledger: SqliteLedger, raw: sqlite3.Connection, seq: int, reported: int
) -> None:
    id = ledger.write(asking())
    ledger.write_all([approving(id), asking(), claiming(id)])
    unguarded(raw).execute("DELETE FROM entry WHERE seq = ?", (seq,))
    with pytest.raises(LedgerBroken) as broken:
        ledger.verify()
    assert broken.value.seq == reported


def test_swapped_entries_are_found(ledger: SqliteLedger, raw: sqlite3.Connection) -> None:
    ledger.write_all([asking() for _ in range(4)])
    unguarded(raw).executescript(
        "UPDATE entry SET seq = -1 WHERE seq = 2; UPDATE entry SET seq = 2 WHERE seq = 3;"
        "UPDATE entry SET seq = 3 WHERE seq = -1"
    )
    with pytest.raises(LedgerBroken) as broken:
        ledger.verify()
    assert broken.value.seq == 2


def test_a_step_that_cannot_be_is_found_even_in_a_chain_that_holds(
    ledger: SqliteLedger, raw: sqlite3.Connection
) -> None:
    """Somebody who may write the file can also compute hashes; the lifecycle is checked by itself."""
    id = ledger.write(asking())
    ledger.write(appending(Kind.REJECTED, id, by=["ana"]))
    *_, last = ledger.entries()
    unguarded(raw).execute("UPDATE entry SET kind = 'executed' WHERE seq = 2")
    forged = tables.entry_of(
        raw.execute(f"SELECT {tables.ENTRY_COLUMNS} FROM entry WHERE seq = 2").fetchone()
    )
    raw.execute("UPDATE entry SET hash = ? WHERE seq = 2", (hash_of(forged),))
    assert hash_of(forged) != last.hash
    with pytest.raises(LedgerBroken) as broken:
        ledger.verify()
    assert broken.value.seq == 2


INVENTED = """
    INSERT INTO request SELECT 9, id || '0', state, action, agent, 'k', run, summary, risk, created,
    expires, changed, decided, due, standing, rule, 9 FROM request WHERE asked = 1
"""


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("UPDATE request SET state = 'approved' WHERE asked = 1", 1),
        ("UPDATE request SET expires = NULL WHERE asked = 1", 1),
        ("UPDATE request SET summary = 'Something harmless' WHERE asked = 1", 1),
        ("UPDATE request SET asked = 9 WHERE asked = 1", 1),
        ("DELETE FROM request WHERE asked = 1", 1),
        (INVENTED, 9),
    ],
)
def test_a_fold_that_says_something_else_is_found_and_can_be_mended(
    ledger: SqliteLedger, raw: sqlite3.Connection, statement: str, seq: int
) -> None:
    ledger.write_all([asking(), asking()])
    raw.execute(statement)
    with pytest.raises(LedgerBroken) as broken:
        ledger.verify()
    assert broken.value.seq == seq
    ledger.rebuild()
    assert ledger.verify() == 2
    assert ledger.counts()[State.PENDING] == 2


def test_more_requests_than_a_page_are_checked_and_rebuilt(
    ledger: SqliteLedger, raw: sqlite3.Connection
) -> None:
    ledger.write_all([asking() for _ in range(1100)])
    rows = ledger.rows()
    ledger.rebuild()
    assert ledger.rows() == rows
    raw.execute("UPDATE request SET state = 'approved' WHERE id = (SELECT max(id) FROM request)")
    with pytest.raises(LedgerBroken):
        ledger.verify()


# Trouble


def run(code: str, *arguments: object) -> str:
    """Run Python code in a process of its own and return what it printed."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_job_cannot_hide_that_its_transaction_is_lost(
    ledger: SqliteLedger, raw: sqlite3.Connection
) -> None:
    id = ledger.write(asking())
    ledger.write_all([approving(id), claiming(id)])
    raw.execute("ALTER TABLE lease RENAME TO elsewhere")

    def hides(writer: Writer) -> str:
        asking()(writer)
        with pytest.raises(LedgerUnavailable):
            writer.lease(id, writer.now)
        return "all is well"

    for shared in ([hides], [asking(), hides, asking()]):
        with pytest.raises(LedgerUnavailable, match="nothing was recorded"):
            ledger.write_all(shared)
    raw.execute("ALTER TABLE elsewhere RENAME TO lease")
    ledger.write(asking())
    assert ledger.verify() == 4


NO_ROOM = """
import resource, sys
from pathlib import Path
from tests.ledger_jobs import asking
from hitl_vault.errors import LedgerUnavailable
from hitl_vault.ledger.sqlite import SqliteLedger

ledger = SqliteLedger(Path(sys.argv[1]), vault_id="v1")
heard = []
ledger.subscribe(heard.extend)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
kept, refused = [], 0
for _ in range(200):
    try:
        kept.append(ledger.write(asking({"a": "x" * 3000})))
    except LedgerUnavailable as error:
        refused += 1
        assert "nothing was recorded" in str(error), error
assert kept and refused > 100, (len(kept), refused)
assert [type(result) for result in ledger.write_all([asking()] * 0)] == []
assert ledger.last_seq() == len(kept) == len(heard)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
kept.append(ledger.write(asking()))
assert ledger.verify() == len(kept) == len(heard)
assert {row.id for row in ledger.rows()} == set(kept)
ledger.close()
print("ok")
"""


def test_a_full_disk_is_said_and_the_ledger_works_again_when_there_is_room(path: Path) -> None:
    assert run(NO_ROOM, path) == "ok\n"


FORKED = """
import os, sys, threading, time
from pathlib import Path
from tests.ledger_jobs import asking
from hitl_vault.ledger.sqlite import SqliteLedger

ledger = SqliteLedger(Path(sys.argv[1]), vault_id="v1")
heard = []
ledger.subscribe(heard.extend)
ledger.write(asking())
busy = [threading.Thread(target=lambda: [ledger.write(asking()) for _ in range(50)]) for _ in range(2)]
for thread in busy:
    thread.start()
children = []
for _ in range(5):
    pid = os.fork()
    if not pid:
        mine = []
        ledger.subscribe(mine.extend)
        ids = [ledger.write(asking()) for _ in range(20)]
        deadline = time.monotonic() + 20
        while not {e.request for e in mine} >= set(ids) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [e.request for e in mine if e.request in ids] == ids
        assert ledger.rows() and ledger.last_seq() >= 20
        ledger.close()
        os._exit(0)
    children.append(pid)
codes = [os.waitpid(pid, 0)[1] for pid in children]
for thread in busy:
    thread.join()
ledger.write(asking())
deadline = time.monotonic() + 20
while len(heard) < 202 and time.monotonic() < deadline:
    time.sleep(0.01)
assert codes == [0] * 5, codes
assert [e.seq for e in heard] == list(range(1, 203)), [e.seq for e in heard]
assert ledger.verify() == 202
ledger.close()
print("ok")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_forked_processes_go_on_with_connections_of_their_own(path: Path) -> None:
    assert run(FORKED, path) == "ok\n"


def test_closing_leaves_no_pipe_and_no_connection_behind(path: Path) -> None:
    with closing(SqliteLedger(path, vault_id="v1")) as ledger:
        ledger.subscribe(lambda entries: None)
        ledger.write(asking())
        ledger.rows()
        assert len(list((path.parent / "bells").iterdir())) == 1
    assert list((path.parent / "bells").iterdir()) == []
    assert not path.with_name("ledger.db-wal").exists(), "the last one out folds the log into the database"


@pytest.mark.parametrize("statement", [queries._IDS, queries._DUE, queries._PENDING_IN, queries._STANDING])
def test_what_a_keeper_asks_at_its_start_is_found_without_reading_every_request(
    raw: sqlite3.Connection, statement: str
) -> None:
    plan = raw.execute(f"EXPLAIN QUERY PLAN {statement}", ("",) * statement.count("?")).fetchall()
    assert not [step for *_, step in plan if step == "SCAN request"]
