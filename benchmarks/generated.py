"""Vaults with very many requests, made quickly: the ledger as always, the notes without syncing each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

import hitl_vault as hv
from benchmarks import vaults
from hitl_vault import acts
from hitl_vault.keeper.index import Drawn, Index, Seal, head_sha
from hitl_vault.ledger.protocol import Writer
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.templates import Templates

BATCH = 1024


def add_pending(gate: hv.Gate, count: int) -> None:
    """Ask `count` things and draw their notes as a keeper would. Nobody may keep the vault meanwhile."""
    _draw(gate, ([gate.get(request.id) for request in batch] for batch in _asked(gate, count)))


def add_resolved(gate: hv.Gate, count: int) -> None:
    """Add `count` requests that are over, with their notes in `Rejected/`."""
    _draw(gate, (list(_cancelled(gate, batch)) for batch in _asked(gate, count)))


def _draw(gate: hv.Gate, batches: Iterable[Sequence[hv.Record]]) -> None:
    drawer = Drawer(Templates(gate.config.root / ".hitl" / "templates"))
    index, fingerprint = Index(gate.config.state / "notes.db"), drawer.templates.fingerprint
    index.same_templates(fingerprint)
    for record in chain.from_iterable(batches):
        path, data = vaults.note(gate.config, record.id, record.state), drawer.draw(record)
        path.write_bytes(data)
        if record.over:
            index.put_seal(record.id, Seal(sha=head_sha(data, ""), templates=fingerprint))
        else:
            relative = path.relative_to(gate.config.root).as_posix()
            index.put(Drawn(id=record.id, path=relative, sha=vaults.sha(data)))
    index.flush(gate.ledger.last_seq())
    index.close()


def _asked(gate: hv.Gate, count: int) -> Iterator[list[hv.Request]]:
    for begin in range(0, count, BATCH):
        yield gate.ask_many([vaults.asking(n) for n in range(begin, min(begin + BATCH, count))])


def _cancelled(gate: hv.Gate, requests: Sequence[hv.Request]) -> Iterator[hv.Record]:
    return _good(gate.ledger.write_all([_cancel(request.id) for request in requests]))


def _cancel(id: str) -> Callable[[Writer], hv.Record]:
    return lambda writer: acts.cancel(writer, id, by="ana")


def _good(results: list[hv.Record | Exception]) -> Iterator[hv.Record]:
    for result in results:
        if isinstance(result, Exception):
            raise result
        yield result
