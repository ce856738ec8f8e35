"""The verbs of a gate that look into the record and change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from hitl_vault.domain.entry import Entry
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.errors import RequestNotFound
from hitl_vault.ledger.protocol import Ledger


class Looking:
    """A gate's verbs for what is recorded."""

    ledger: Ledger

    def get(self, id: str) -> Record:
        """Return the record of a request; `RequestNotFound` if there is none."""
        return self.ledger.record(id)

    def find(self, part: str) -> str:
        """Return the one id that contains `part`, else the one asked under the key `part`.

        `RequestNotFound` if there is none or more than one.
        """
        if not part:
            raise RequestNotFound("name a request: its id, or any part of it that no other has", id=part)
        found = self.ledger.find(part)
        if len(found) == 1:
            return found[0]
        if not found:
            raise RequestNotFound(f"no request has {part!r} in its id, or as its key", id=part)
        raise RequestNotFound(
            f"{part!r} stands for several requests: {', '.join(found[:5])}; write more of the id", id=part
        )

    def pending(self) -> Iterator[Record]:
        """Yield the requests that await a decision, newest first."""
        for row in self.ledger.rows(states={State.PENDING}):
            record = self.ledger.record(row.id)
            if record.state is State.PENDING:
                yield record

    def history(self, id: str) -> list[Entry]:
        """Return every entry of a request, oldest first; `RequestNotFound` if there is none."""
        entries = list(self.ledger.entries(request=id))
        if not entries:
            raise RequestNotFound(f"no request has the id {id}", id=id)
        return entries
