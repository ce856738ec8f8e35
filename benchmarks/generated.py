"""Vaults with very many requests, made quickly: the ledger as always, the notes without syncing each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import hitl_vault as hv
from benchmarks import vaults
from hitl_vault import acts
from hitl_vault.keeper.index import Drawn, Index
from hitl_vault.ledger.protocol import Writer
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.templates import Templates

BATCH = 1024


def add_pending(gate: hv.Gate, count: int) -> list[hv.Request]:
    """Ask `count` things and draw their notes as a keeper would. Nobody may keep the vault meanwhile."""
    records = [gate.get(request.id) for request in _asked(gate, count)]
    index, drawer = _index(gate), _drawer(gate)
    for record in records:
        path = vaults.note(gate.config, record.id)
        data = drawer.draw(record)
        path.write_bytes(data)
        relative = path.relative_to(gate.config.root).as_posix()
        index.put(Drawn(id=record.id, path=relative, sha=vaults.sha(data)))
    _close(gate, index)
    return [record.request for record in records]


def add_resolved(gate: hv.Gate, count: int) -> None:
    """Add `count` requests that are over, with notes of the usual size in `Rejected/`."""
    records = list(_cancelled(gate, list(_asked(gate, count))))
    index = _index(gate)
    if records:
        example = _drawer(gate).draw(records[0])
    for record in records:
        data = example.replace(records[0].id.encode(), record.id.encode())
        vaults.note(gate.config, record.id, hv.State.CANCELLED).write_bytes(data)
    _close(gate, index)


def _asked(gate: hv.Gate, count: int) -> Iterator[hv.Request]:
    for begin in range(0, count, BATCH):
        yield from gate.ask_many([vaults.asking(n) for n in range(begin, min(begin + BATCH, count))])


def _cancelled(gate: hv.Gate, requests: Sequence[hv.Request]) -> Iterator[hv.Record]:
    for begin in range(0, len(requests), BATCH):
        batch = requests[begin : begin + BATCH]
        yield from _good(gate.ledger.write_all([_cancel(request.id) for request in batch]))


def _cancel(id: str) -> Callable[[Writer], hv.Record]:
    return lambda writer: acts.cancel(writer, id, by="ana")


def _good(results: list[hv.Record | Exception]) -> Iterator[hv.Record]:
    for result in results:
        if isinstance(result, Exception):
            raise result
        yield result


def _drawer(gate: hv.Gate) -> Drawer:
    return Drawer(Templates(gate.config.root / ".hitl" / "templates"))


def _index(gate: hv.Gate) -> Index:
    index = Index(gate.config.state / "notes.db")
    index.same_templates(_drawer(gate).templates.fingerprint)
    return index


def _close(gate: hv.Gate, index: Index) -> None:
    index.flush(gate.ledger.last_seq())
    index.close()
