"""Gets one-time codes to those who may answer, off the hot path; for requests in the mode `code` alone."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hitl_vault import acts
from hitl_vault.domain.code import IssuedCode
from hitl_vault.domain.decision import Verdict
from hitl_vault.domain.entry import Entry
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import Mode
from hitl_vault.errors import CodeUndelivered, ConfigError, InvalidTransition
from hitl_vault.keeper.timers import Timers
from hitl_vault.keeper.troubles import said
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.trust.codes import issue
from hitl_vault.trust.keys import Keys
from hitl_vault.trust.modes import voters

if TYPE_CHECKING:
    from hitl_vault.trust.delivery import Delivery

RETRY_AFTER = 30.0
"""Seconds after which codes that did not reach their channel are made anew."""

STOP_WITHIN = 10.0
"""Seconds that stopping may take."""


class Courier:
    """A thread that issues codes and delivers them. For the active keeper alone.

    Codes are recorded before they are delivered, and delivered codes after it. So a crash in between
    costs new codes, never a person's right one.
    """

    def __init__(
        self, ledger: Ledger, state: Path, *, monotonic: Callable[[], float], tell: Callable[[str], None]
    ) -> None:
        self._ledger = ledger
        self._state = state
        self._tell = tell
        self._monotonic = monotonic
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._again: Timers[str] = Timers()

    def start(self) -> None:
        """Go on with the requests that wait for codes since before."""
        for id in self._ledger.pending_in(Mode.CODE):
            self._submit(id)

    def follow(self, entry: Entry) -> None:
        """Look after a request about which something was recorded."""
        if entry.mode is Mode.CODE and entry.request and entry.kind not in (Kind.CODED, Kind.SENT):
            self._submit(entry.request)

    def stop(self) -> None:
        """Finish what was submitted, if that is soon done."""
        if self._thread:
            self._queue.put(None)
            self._thread.join(STOP_WITHIN)
            self._thread = None

    def _submit(self, id: str) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="hitl-courier", daemon=True)
            self._thread.start()
        self._queue.put(id)

    def _run(self) -> None:
        while True:
            try:
                id = self._queue.get(timeout=self._patience())
            except queue.Empty:
                id = ""
            if id is None:
                return
            for due in filter(None, [id, *self._again.due(self._monotonic())]):
                self._safely(due)

    def _patience(self) -> float | None:
        first = self._again.next()
        return None if first is None else max(0.0, first - self._monotonic())

    def _safely(self, id: str) -> None:
        try:
            self._serve(id)
        except InvalidTransition:
            self._again.cancel(id)  # decided meanwhile
        except Exception as error:  # else nobody would get codes any more
            self._tell(f"{id}: codes could not be sent and will be tried again: {said(error)}")
            self._again.set(id, self._monotonic() + RETRY_AFTER)

    def _serve(self, id: str) -> None:
        from hitl_vault.trust.delivery import Delivery  # heavy, and few vaults send codes

        record, delivery = self._ledger.record(id), Delivery(self._state)
        if record.state is not State.PENDING:
            delivery.clear(id)
            return
        names = record.codes.wanting(voters(record, self._ledger.now()))
        if not names:
            return
        key = Keys(self._state).current(self._ledger.now())
        issued = [issue(key, record.request.digest, name) for name in names]
        self._ledger.write(lambda writer: acts.issue_codes(writer, id, [code for code, _ in issued]))
        for code, words in issued:
            self._deliver(delivery, record, code, words)

    def _deliver(
        self, delivery: Delivery, record: Record, code: IssuedCode, words: dict[Verdict, str]
    ) -> None:
        try:
            channel = delivery.deliver(record.request, code.approver, words)
        except (CodeUndelivered, ConfigError, OSError) as error:
            self._tell(f"{record.id}: the codes of {code.approver} were not sent: {error}")
            self._again.set(record.id, self._monotonic() + RETRY_AFTER)
        else:
            self._ledger.write(
                lambda writer: acts.codes_sent(writer, record.id, code.approver, code.nonce, channel)
            )
