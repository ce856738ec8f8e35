"""The right to run once: how its holder shows to be alive, and says how it ended."""

from __future__ import annotations

import os
import secrets
import threading
import weakref
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Self

from hitl_vault import acts
from hitl_vault.domain.canonical import canonical, digest_bytes
from hitl_vault.domain.decision import Decision, Outcome
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import Request
from hitl_vault.errors import LedgerUnavailable
from hitl_vault.ledger.protocol import Ledger, Writer
from hitl_vault.verbs import operands
from hitl_vault.verbs.forked import Threaded, anew_in_forks

LARGEST_RESULT = 64 * 1024
"""Bytes of a result's JSON that are recorded; of a larger one, the size and the digest."""


class Grant:
    """The right to run an approved action, once.

    Run with `context`, which is what was approved, then call `executed` or `failed`. As a context
    manager it does that by itself, in the process that entered it: one that was forked off within the
    block has to say so. A holder that ends without either leaves the request `unknown`.
    """

    def __init__(self, ledger: Ledger, record: Record) -> None:
        assert record.claim is not None
        assert record.decision is not None
        self._ledger = ledger
        self._token = record.claim.token
        self.request: Request = record.request
        self.decision: Decision = record.decision
        self.ended = False
        self._told = False
        self._pid = os.getpid()

    @property
    def context(self) -> Mapping[str, Any]:
        """What may run: the approved context."""
        return self.decision.context

    def holds(self, record: Record) -> bool:
        """Tell whether `record` is that of the claim by which this grant was taken."""
        return record.claim is not None and secrets.compare_digest(self._token, record.claim.token)

    def read_file(self, name: str) -> bytes:
        """Return the content of a file that was bound when asking, just as it was approved.

        Raises `DigestMismatch` if it has changed, `KeyError` if no file was bound by that name. Run with what
        this returns: the file itself may be exchanged at any time.
        """
        return operands.read({file.name: file for file in self.request.files}[name])

    def executed(self, result: Any = None) -> None:
        """Record that the action was carried out, with its result as JSON if it has such a form."""
        self._end(State.EXECUTED, result=recordable(result))

    def failed(self, error: BaseException | str) -> None:
        """Record that the action failed."""
        told = _shown(error, str)
        text = told if isinstance(error, str) else f"{type(error).__name__}: {told}"
        self._end(State.FAILED, error=text)

    def _end(self, state: State, *, result: Any = None, error: str = "") -> None:
        def job(writer: Writer) -> Record:
            outcome = Outcome(
                state=state, at=writer.now, result=result, error=error[:LARGEST_RESULT], by=self.request.agent
            )
            return acts.end(writer, self.request.id, outcome, token=self._token)

        self._told = True
        self._ledger.write(job)
        self.ended = True

    def __enter__(self) -> Self:
        self._pid = os.getpid()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.ended or self._told:
            return  # an outcome that could not be recorded is no reason to record another
        if os.getpid() != self._pid:
            return  # the process that we were forked off from is still at it
        if error is None:
            self.executed()
        else:
            self.failed(error)


def never_ran(grant: Grant) -> None:
    """Record that whoever was to run the action was cancelled before that."""
    grant.failed("cancelled before it ran")


def recordable(result: Any) -> Any:
    """Return a result as JSON, as text where it has no JSON form, as size and digest where it is large."""
    try:
        data = canonical(result)
    except Exception:  # NotJson, or what the result's own code raises; what was carried out stays that
        result = _shown(result, repr)
        data = result.encode()
    if len(data) <= LARGEST_RESULT:
        return result
    return {"size": len(data), "digest": digest_bytes(data)}


def _shown(value: object, show: Callable[[object], str]) -> str:
    """Return the text that `show` makes of a value, in characters that can be recorded."""
    try:
        return show(value).encode("utf-8", "backslashreplace").decode()
    except Exception:  # anything at all: the value's own code runs here
        return f"<unprintable {type(value).__name__}>"


def settled(outcome: Literal["executed", "failed"], by: str, comment: str, at: datetime) -> Outcome:
    """Return how a run ended as somebody says who looked; `ValueError` if that says nothing."""
    if outcome not in ("executed", "failed"):
        raise ValueError(f"a run ends as executed or failed, not as {outcome!r}")
    if outcome == "failed":
        return Outcome(state=State.FAILED, at=at, error=comment[:LARGEST_RESULT], by=by)
    return Outcome(state=State.EXECUTED, at=at, result=recordable(comment) if comment else None, by=by)


class Leases(Threaded):
    """Renews the leases of the grants that were taken in this process, from one thread."""

    def __init__(self, ledger: Ledger, lease: timedelta, *, tell: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._lease = lease
        self._tell = tell
        self.begin_anew()
        anew_in_forks(self)

    def begin_anew(self) -> None:
        """See `Threaded`. The other process renews what it took: a fork says nothing of who runs it."""
        self._grants: weakref.WeakSet[Grant] = weakref.WeakSet()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def hold(self, grant: Grant) -> None:
        """Renew a grant's lease until it has ended or nobody holds it any more."""
        with self._lock:
            self._grants.add(grant)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hitl-leases", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop renewing."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._lease.total_seconds() / 3):
            with self._lock:
                held = [grant for grant in self._grants if not grant.ended]
            try:
                self._ledger.write_all([self._renewal(grant.request.id) for grant in held])
            except LedgerUnavailable as error:
                self._tell(f"leases could not be renewed and will be tried again: {error}")

    def _renewal(self, id: str) -> Callable[[Writer], None]:
        def renew(writer: Writer) -> None:
            if writer.record(id).state is State.EXECUTING:
                writer.lease(id, writer.now + self._lease)

        return renew
