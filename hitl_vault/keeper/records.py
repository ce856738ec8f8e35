"""The records that the keeper used last, so that those of the requests at hand are not folded again."""

from __future__ import annotations

from collections import OrderedDict

from hitl_vault.domain.entry import Entry
from hitl_vault.domain.record import Record
from hitl_vault.ledger.protocol import Ledger

_KEPT = 256


class Records:
    """Reads records from the ledger, and keeps the newest of them. They are only to be read.

    What is kept may be older than the ledger by what has not been delivered yet, as anything read is
    a moment later; every act checks again in its transaction.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._kept: OrderedDict[str, Record] = OrderedDict()

    def get(self, id: str) -> Record:
        """Return the record of a request; `RequestNotFound` if there is none."""
        record = self._kept.get(id)
        if record is None:
            record = self._ledger.record(id)
        self.put(record)
        return record

    def put(self, record: Record) -> None:
        """Keep a record as the ledger gave it, for it alone and nobody else to hold."""
        self._kept[record.id] = record
        self._kept.move_to_end(record.id)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def forget(self, id: str) -> None:
        """Drop the record of a request that is over."""
        self._kept.pop(id, None)

    def follow(self, entry: Entry) -> None:
        """Drop what an entry makes out of date."""
        kept = self._kept.get(entry.request)
        if kept is not None and kept.seq < entry.seq:
            del self._kept[entry.request]
