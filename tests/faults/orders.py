"""The order in which a victim's writes reach the disk: read from a trace of all its system calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from hitl_vault.domain.lifecycle import Kind
from hitl_vault.vault.layout import Folder
from tests.faults.crash import Prepared, ended_badly, order
from tests.faults.tracing import Zygote, watching

CALLS = ("write", "pwrite64", "fdatasync", "fsync", "openat", "rename", "renameat2", "unlink")
_CALL = re.compile(r"^\d+\s+(\w+)\((.*)")
_FILE = re.compile(r"^\d+<([^>]*)>")
_PATHS = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SAID = re.compile(r'\{\\"said\\": \\"(\w+)\\"')
_WAL = "ledger.db-wal"
_DECIDED = {Folder.APPROVED, Folder.REJECTED, Folder.DONE}


def disorder(zygote: Zygote, prepared: Prepared, bug: str = "") -> list[str]:
    """Return what a victim did in an order, or in a way, that a crash would punish."""
    with prepared.copy() as house:
        run = zygote.run(order(prepared, house, bug), *watching(*CALLS), trace=house.work / "trace")
        return [*ended_badly(run), *_check(run.trace)]


def _check(trace: str) -> Iterator[str]:
    unsynced = False
    for line in trace.splitlines():
        found = _CALL.match(line)
        if not found:
            continue
        call, rest = found.groups()
        file = _FILE.match(rest)
        if file and file[1].endswith(_WAL):
            unsynced = call == "pwrite64"
        said = _SAID.search(rest) if call == "write" else None
        if unsynced and said and said[1] in set(Kind):
            yield f"{said[1]} was acknowledged before it was synced"
        yield from _check_paths(call, rest, unsynced)


def _check_paths(call: str, rest: str, unsynced: bool) -> Iterator[str]:
    paths = [PurePath(path) for path in _PATHS.findall(rest)]
    noted = [_folder(path) for path in paths]
    if call == "openat" and any(noted) and ("O_WRONLY" in rest or "O_RDWR" in rest) and "O_EXCL" not in rest:
        yield f"a note was written in place: {paths[0].name}"
    if call.startswith("rename") and len(noted) > 1 and noted[1]:
        if noted[0] and noted[1] is not Folder.SET_ASIDE:
            yield f"the person's own file was moved to {noted[1]}"
        if unsynced and noted[1] in _DECIDED:
            yield f"a note appeared in {noted[1]} before its entry was synced"


def _folder(path: PurePath) -> Folder | None:
    """Return the folder of the vault that a note lies in, None for what is no note."""
    if path.suffix != ".md" or path.name.startswith("."):
        return None
    return next((folder for folder in Folder if folder in path.parts), None)
