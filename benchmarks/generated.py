"""Vaults with very many requests, made quickly: the ledger as always, the notes without syncing each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import hitl_vault as hv
from benchmarks import vaults
from hitl_vault import acts
from hitl_vault.asking import asking
from hitl_vault.keeper.index import Drawn, Index
from hitl_vault.ledger.protocol import Writer
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.templates import Templates

BATCH = 1024


def add_pending(gate: hv.Gate, count: int) -> list[hv.Request]:
    """Ask `count` things and draw their notes as a keeper would. Nobody may keep the vault meanwhile."""
    records = _recorded(gate, count, resolved=False)
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
    records = _recorded(gate, count, resolved=True)
    index = _index(gate)
    if records:
        example = _drawer(gate).draw(records[0])
    for record in records:
        data = example.replace(records[0].id.encode(), record.id.encode())
        vaults.note(gate.config, record.id, hv.State.CANCELLED).write_bytes(data)
    _close(gate, index)


def _recorded(gate: hv.Gate, count: int, *, resolved: bool) -> list[hv.Record]:
    records: list[hv.Record] = []
    for begin in range(0, count, BATCH):
        jobs = [_job(gate, n, resolved) for n in range(begin, min(begin + BATCH, count))]
        records += _good(gate.ledger.write_all(jobs))
    return records


def _job(gate: hv.Gate, number: int, resolved: bool) -> Callable[[Writer], hv.Record]:
    asked = asking(gate.agent, gate.config.settings, **vaults.asking(number))

    def job(writer: Writer) -> hv.Record:
        record = acts.ask(writer, asked)
        if not resolved:
            return record
        return acts.cancel(writer, record.id, by="ana")

    return job


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
