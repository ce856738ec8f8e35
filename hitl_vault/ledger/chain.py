"""The chain of entries as such: whether it holds, and its lines outside the database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from hitl_vault.domain.canonical import canonical, parsed
from hitl_vault.domain.entry import GENESIS, Entry, hash_of
from hitl_vault.domain.fold import fold
from hitl_vault.domain.lifecycle import Kind, State, step
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import Mode
from hitl_vault.domain.times import instant, text_of
from hitl_vault.errors import HitlVaultError, LedgerBroken, RequestNotFound

Witnessing: TypeAlias = Callable[[Entry], object]
"""Something that is shown every entry once it fits; it may raise `LedgerBroken`."""

_NOT_ASCII = re.compile("[^ -~]")
_MEMBERS = {"at", "body", "hash", "kind", "mode", "prev", "request", "seq"}


def line_of(entry: Entry) -> str:
    """Return an entry as one line of canonical JSON, its hash included."""
    before = f'{{"at":"{text_of(entry.at)}","body":'
    after = (
        f',"hash":"{entry.hash}","kind":"{entry.kind}","mode":"{entry.mode}","prev":"{entry.prev}"'
        f',"request":"{entry.request}","seq":{entry.seq}}}'
    )
    # Put together by hand like `entry_hash`: the body may be nested as deep as JSON may be here.
    return before + canonical(entry.body).decode() + after


def ascii_line(line: str) -> str:
    """Return a line of JSON in ASCII, which no terminal acts on; it says the same."""
    return line if line.isascii() and line.isprintable() else _NOT_ASCII.sub(_escape, line)


def _escape(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def entry_of_line(line: str) -> Entry:
    """Return the entry that `line_of` wrote, in ASCII or not; `ValueError` if the line is none.

    Not even another way of writing the same passes.
    """
    entry = _entry_of(line)
    if ascii_line(line_of(entry)) != ascii_line(line.rstrip("\r\n")):
        raise ValueError("not written as an export is")
    return entry


def _entry_of(line: str) -> Entry:
    members = parsed(line)
    if not isinstance(members, dict) or members.keys() != _MEMBERS:
        raise ValueError("not an entry of a ledger")
    return Entry(
        seq=_typed(members, "seq", int),
        at=instant(_typed(members, "at", str)),
        kind=Kind(members["kind"]),
        request=_typed(members, "request", str),
        mode=Mode(members["mode"]),
        body=_typed(members, "body", dict),
        prev=_typed(members, "prev", str),
        hash=_typed(members, "hash", str),
    )


def verify_lines(lines: Iterable[str], seen: Witnessing | None = None) -> int:
    """Return how many entries an export holds; `LedgerBroken` if its chain or its lifecycle do not hold.

    Needs nothing but the lines. That the newest entries were cut off, or all of them written anew,
    cannot be seen from them: `seen` takes each entry that fits, such as `Witness.take`.
    """
    count = 0
    walk = Walk()
    for entry in linked(_read(lines)):
        walk.take(entry)
        if seen:
            seen(entry)
        count += 1
    return count


def linked(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield each entry once it proves to follow the one before: number, time and hash."""
    before: Entry | None = None
    for entry in entries:
        _check_link(before, entry)
        yield entry
        before = entry


def record_of(entries: Iterable[Entry]) -> Record:
    """Return the record that the stored entries of a request amount to.

    `LedgerBroken` if one of them cannot follow, `RequestNotFound` if there are none.
    """
    record: Record | None = None
    for entry in entries:
        record = _fold(record, entry)
    if record is None:
        raise RequestNotFound("there are no entries, so there is no such request")
    return record


class Walk:
    """Follows every request through its lifecycle, in the order of the ledger.

    Of a request that is over only the state is kept, so that memory grows with the open ones.
    """

    def __init__(self) -> None:
        self._open: dict[str, Record] = {}
        self._over: dict[str, State] = {}

    def take(self, entry: Entry) -> None:
        """Take the next entry; `LedgerBroken` if its request cannot have had it."""
        if not entry.request:
            return
        if entry.request in self._over:
            self._over[entry.request] = _step(self._over[entry.request], entry)
            return
        record = _fold(self._open.pop(entry.request, None), entry)
        if record.over:
            self._over[entry.request] = record.state
        else:
            self._open[entry.request] = record


def _read(lines: Iterable[str]) -> Iterator[Entry]:
    rest, number = iter(lines), 0
    while True:
        number += 1
        try:
            line = next(rest)  # a file is decoded here
            entry = entry_of_line(line)
        except StopIteration:
            return
        except (ValueError, RecursionError) as error:
            raise LedgerBroken(f"line {number} is not an entry: {error}", seq=number) from error
        yield entry


def _check_link(before: Entry | None, entry: Entry) -> None:
    expected = before.seq + 1 if before else 1
    if entry.seq != expected:
        raise LedgerBroken(f"entry {expected} is missing; {entry.seq} stands in its place", seq=expected)
    if entry.prev != (before.hash if before else GENESIS):
        raise LedgerBroken(f"entry {entry.seq} does not follow the one before it", seq=entry.seq)
    if entry.hash != _hash(entry):
        raise LedgerBroken(f"entry {entry.seq} was changed: its hash does not fit", seq=entry.seq)
    if before and entry.at < before.at:
        raise LedgerBroken(f"entry {entry.seq} is older than the one before it", seq=entry.seq)


def _hash(entry: Entry) -> str | None:
    try:
        return hash_of(entry)
    except ValueError:
        return None


def _fold(record: Record | None, entry: Entry) -> Record:
    try:
        return fold(record, entry)
    except (HitlVaultError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise LedgerBroken(f"entry {entry.seq} cannot be what happened: {error}", seq=entry.seq) from error


def _step(state: State, entry: Entry) -> State:
    try:
        return step(state, entry.kind)
    except HitlVaultError as error:
        raise LedgerBroken(f"entry {entry.seq} cannot be what happened: {error}", seq=entry.seq) from error


def _typed(members: dict[str, Any], name: str, type_: type) -> Any:
    if not isinstance(members[name], type_):
        raise ValueError(f"{name!r} is not a {type_.__name__}")
    return members[name]
