"""The order in which a victim's writes reach the disk: read from a trace of all its system calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

import hitl_vault as hv
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.vault.layout import Folder
from tests.faults.crash import Prepared, ended_badly, order
from tests.faults.inspection import open_ledger
from tests.faults.tracing import Zygote, watching
from tests.house import House

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
        before = decided(house)
        run = zygote.run(order(prepared, house, bug), *watching(*CALLS), trace=house.work / "trace")
        return [*ended_badly(run), *_check(run.trace, before)]


def decided(house: House) -> set[str]:
    """Return the requests that are decided."""
    with open_ledger(house) as ledger:
        return {row.id for row in ledger.rows() if row.state is not hv.State.PENDING}


class _Wal:
    """Whether all that was written to the ledger's log is on the disk, and whether anything ever was."""

    def __init__(self) -> None:
        self.unsynced = self.ever = False
        self._syncing = ""

    @property
    def safe(self) -> bool:
        """Whether what this process has decided may show."""
        return self.ever and not self.unsynced

    def follow(self, line: str, call: str, rest: str) -> None:
        """Take note of a line of the trace."""
        pid = line.split(" ", 1)[0]
        file = _FILE.match(rest)
        if file and file[1].endswith(_WAL):
            if call == "pwrite64":
                self.unsynced = True
            elif rest.endswith("<unfinished ...>"):
                self._syncing = pid
            else:
                self._synced()
        elif self._syncing == pid and "sync resumed>" in line:
            self._synced()

    def _synced(self) -> None:
        self.unsynced, self.ever, self._syncing = False, True, ""


def _check(trace: str, before: set[str]) -> Iterator[str]:
    """Check each call; `before` are the requests that were decided before the victim began."""
    wal = _Wal()
    for line in trace.splitlines():
        found = _CALL.match(line)
        call, rest = found.groups() if found else ("", "")
        wal.follow(line, call, rest)
        said = _SAID.search(rest) if call == "write" else None
        if not wal.safe and said and said[1] in set(Kind):
            yield f"{said[1]} was acknowledged before it was synced"
        paths = [PurePath(path) for path in _PATHS.findall(rest)]
        yield from _check_written(call, rest, paths)
        if call.startswith("rename") and len(paths) > 1:
            yield from _check_renamed(*paths[:2], before=before, safe=wal.safe)


def _check_written(call: str, rest: str, paths: list[PurePath]) -> Iterator[str]:
    writing = call == "openat" and ("O_WRONLY" in rest or "O_RDWR" in rest) and "O_EXCL" not in rest
    if writing and any(map(_folder, paths)):
        yield f"a note was written in place: {paths[0].name}"


def _check_renamed(old: PurePath, new: PurePath, *, before: set[str], safe: bool) -> Iterator[str]:
    folder = _folder(new)
    if folder and _folder(old) and folder is not Folder.SET_ASIDE:
        yield f"the person's own file was moved to {folder}"
    if folder in _DECIDED and not safe and new.stem not in before:
        yield f"a note appeared in {folder} before its entry was synced"


def _folder(path: PurePath) -> Folder | None:
    """Return the folder of the vault that a note lies in, None for what is no note."""
    if path.suffix != ".md" or path.name.startswith("."):
        return None
    return next((folder for folder in Folder if folder in path.parts), None)
