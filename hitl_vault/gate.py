"""The entry point for agents: ask, wait, decide, cancel, claim."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack

from hitl_vault import acts, config
from hitl_vault.acceptance import follow
from hitl_vault.acts import editing
from hitl_vault.acts.standing import Remembering
from hitl_vault.acts.thread import Conversing
from hitl_vault.acts.voting import Voting
from hitl_vault.domain.decision import Gesture, Verdict, Vote
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import plain_name
from hitl_vault.domain.times import Duration, duration
from hitl_vault.errors import CodeInvalid, ConfigError, DigestMismatch, HitlVaultError
from hitl_vault.guard import Guarding
from hitl_vault.ledger.protocol import Ledger, Writer
from hitl_vault.ledger.sqlite import SqliteLedger
from hitl_vault.presence import active_keeper
from hitl_vault.rules import Rules
from hitl_vault.trust.evidence import Evidence
from hitl_vault.verbs.askers import Askers
from hitl_vault.verbs.asking import AskOptions, Step
from hitl_vault.verbs.checking import Checking
from hitl_vault.verbs.claiming import Claiming
from hitl_vault.verbs.denial import all_or_error, not_approved, unless_blocked
from hitl_vault.verbs.grant import Grant, Leases, settled
from hitl_vault.verbs.looking import Looking
from hitl_vault.verbs.signing import Signing
from hitl_vault.verbs.waiting import Waiters, Waiting

T = TypeVar("T")


def open_gate(
    vault: str | Path | None = None,
    *,
    agent: str = "agent",
    state_dir: str | Path | None = None,
    keeper: bool = True,
    clock: Callable[[], datetime] | None = None,
) -> Gate:
    """Open the gate of a vault for one agent.

    The vault is found as the command line finds it: the argument, `HITL_VAULT`, or here, in `./vault` or
    upward the first folder that has `.hitl/` (one that was opened before is preferred). Keys and claims
    belong to `agent`: programs that leave the name out share them. With `keeper` the gate stands by as the
    vault's keeper, so that a lone script needs no other process. Raises `VaultNotFound` or `ConfigError`.
    """
    found = config.load(vault, state_dir=state_dir)
    config.make_private(found.state)
    options = {} if clock is None else {"clock": clock}
    ledger = SqliteLedger(found.ledger, vault_id=found.settings.id, **options)
    try:
        return Gate(_followed(found, ledger, state_dir), ledger, agent=agent, keeper=keeper)
    except BaseException:  # an interrupt leaves it open no more than an error
        ledger.close()
        raise


def _followed(found: config.Config, ledger: Ledger, state_dir: str | Path | None) -> config.Config:
    """Return the settings that count, which are those that were accepted."""
    try:
        config.settle(found, state_dir=state_dir)
        return follow(found, ledger)
    except OSError as error:
        if isinstance(error, HitlVaultError):
            raise
        raise ConfigError(f"{found.state}: the state directory cannot be written: {error}") from error


_open: weakref.WeakSet[Gate] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for gate in list(_open):
        try:
            gate.close()
        except Exception as error:
            _warn(f"the gate of {gate.agent} could not be closed: {type(error).__name__}: {error}")


class Gate(Guarding, Waiting, Signing, Checking, Askers, Looking, Conversing, Remembering):
    """Asks on behalf of one agent. Safe to use from any thread; close it, or use it as a context manager.

    A process that is forked off may go on using it, without the keeper, and keeps alive the grants it takes.
    """

    def __init__(self, config: config.Config, ledger: Ledger, *, agent: str, keeper: bool) -> None:
        if not agent.strip():
            raise ConfigError("agent: empty; name who asks, such as open_gate(agent='crm-bot')")
        self.agent = agent
        self.config = config
        self.ledger = ledger
        self._waiters = Waiters(ledger)
        self._leases = Leases(ledger, config.settings.lease, tell=_warn)
        self._changed = self._closed = False
        self._closing = threading.Lock()
        self._pid = os.getpid()
        self.rules = Rules(config)
        self._keeper = self._start_keeper() if keeper else None
        _open.add(self)

    def _start_keeper(self) -> Any:
        from hitl_vault.keeper import Keeper  # heavy: the watcher and the templates

        keeper = Keeper(self.config, self.ledger)
        keeper.start()
        return keeper

    def ask(
        self, action: str, context: Mapping[str, Any] | None = None, **options: Unpack[AskOptions]
    ) -> Request:
        """Ask for approval; durable when it returns. See `AskOptions` for what may be said.

        With a `key`, asking again returns the earlier request, also after a restart; the same key with
        another action or context is a `Conflict`. What the policy allows is approved when it returns; what
        it blocks is recorded and raises `Blocked`. Raises `ValueError` for a context that is not JSON.
        """
        step = Step(self.agent, self.rules, self.ledger, self.config.root)
        return unless_blocked(self._write(step.job(action=action, context=context, **options)))

    def ask_many(self, askings: Iterable[Mapping[str, Any]]) -> list[Request]:
        """Ask several things in one durable step. Each asking is a mapping of `ask`'s arguments.

        If one of them is nothing that `ask` takes, such as an action without a name, nothing is recorded.
        A `Conflict`, or what the policy blocks, keeps no other from being recorded: the first such error is
        raised then, and has the requests of the others in `recorded`.
        """
        step = Step(self.agent, self.rules, self.ledger, self.config.root)
        jobs = [step.job(**given) for given in askings]
        self._changed = True
        return all_or_error(self.ledger.write_all(jobs))

    def decide(
        self,
        id: str,
        verdict: str | Verdict,
        *,
        by: str | None = None,
        comment: str = "",
        edits: Mapping[str, Any] | None = None,
        remember: Duration | None = None,
        code: str = "",
        signature: str = "",
        gesture: Gesture = Gesture.API,
        digest: str | None = None,
    ) -> Record:
        """Vote `"approve"` or `"reject"` as `by` (else `HITL_APPROVER`) and return the record.

        `edits` are values of the context to change first, by path (`{"amount": 800}`), where the
        requirement lets approvers do so. `remember` makes a standing rule of the approval, for so long, where
        the policy offers that. `code` or `signature` are the proof that the trust modes of those
        names want. `digest` is that of the request as it was shown; another one is a `DigestMismatch`.
        Raises `AlreadyDecided`, `Expired`, `Cancelled`, or `NotAllowed` if the vote does not count.
        """
        if digest is not None and digest != self.get(id).request.digest:
            raise DigestMismatch(f"{id} is not what was shown; look at it again")
        name = config.approver(by) if signature else self.config.approver(by)
        cast = Vote(
            verdict=Verdict(verdict),
            gesture=gesture,
            at=self.ledger.now(),
            by=name,
            comment=comment,
            edits=editing.edits_of(self.ledger.record(id), edits, self.rules) if edits else {},
            remember=None if remember is None else duration(remember),
        )
        voting = Voting(self.ledger, self.config.state)
        record = self._write(voting.job(id, cast, Evidence(code=code, signature=signature)))
        if isinstance(record, CodeInvalid):
            raise record
        if record.state in (State.EXPIRED, State.CANCELLED):
            raise not_approved(record)
        return record

    def cancel(self, id: str, *, reason: str = "", by: str | None = None) -> Record:
        """Withdraw a request that is pending, or approved and not yet claimed."""
        return self._write(lambda writer: acts.cancel(writer, id, by=by or self.agent, reason=reason))

    def claim(self, id: str, context: Mapping[str, Any], *, action: str) -> Grant:
        """Take the right to run `action` once, with exactly the context that was approved.

        `action` and `context` are what is about to run, not what the request says.
        Raises `AlreadyClaimed`, `DigestMismatch` (for a file too), `NotApproved`, `NotAllowed` (a signature
        or a code holds no more, as its key was revoked) or `InvalidTransition` (still pending).
        """
        claiming = Claiming(self.ledger, self.config.state)
        lease = self.config.settings.lease
        record = self._write(claiming.job(id, agent=self.agent, action=action, context=context, lease=lease))
        if record.state is not State.EXECUTING:
            raise not_approved(record)
        grant = Grant(self.ledger, record)
        self._leases.hold(grant)
        return grant

    def settle(
        self, id: str, outcome: Literal["executed", "failed"], *, by: str | None = None, comment: str = ""
    ) -> Record:
        """Say, as `by` (else `HITL_APPROVER`) who looked, how a run ended whose executor vanished.

        The comment is kept as the run's result, or as its error. Raises `InvalidTransition` for a run that is
        not `unknown`, `ConfigError` where nobody says who looked.
        """
        name = plain_name(self.config.approver(by))
        if not name:
            raise ConfigError("who looked? Give a name, or set HITL_APPROVER")
        ended = settled(outcome, name, comment, self.ledger.now())
        return self._write(lambda writer: acts.end(writer, id, ended, token=None))

    def close(self) -> None:
        """Let go of the vault. Notes of what this gate changed are drawn first if nobody else does it.

        A gate that is still open when the program ends is closed then. In a process that was forked
        off, closing leaves everything to the process that opened the gate. Closing again goes on where
        an interrupt ended it.
        """
        if os.getpid() != self._pid:
            _open.discard(self)
            return
        if self._closed or not self._closing.acquire(blocking=False):
            return
        try:
            self._close()
        finally:
            self._closing.release()

    def _close(self) -> None:
        if self._keeper is not None:
            self._keeper.stop()
        self._leases.close()
        try:
            self._draw_changes()
        finally:
            self._waiters.close()
            self.ledger.close()
            self._closed = True
            _open.discard(self)

    def _draw_changes(self) -> None:
        try:
            if self._changed and (self._keeper is None or not self._keeper.led):
                self.draw()
        except (HitlVaultError, OSError) as error:
            # The record is safe; the next keeper draws what is missing.
            _warn(f"notes could not be drawn: {error}")

    def draw(self) -> bool:
        """Draw every note that is behind the ledger now; False if another keeper is doing that."""
        if active_keeper(self.config.state):
            return False
        from hitl_vault.keeper import Keeper  # heavy, as above

        return Keeper(self.config, self.ledger).catch_up()

    def _write(self, job: Callable[[Writer], T]) -> T:
        self._changed = True
        return self.ledger.write(job)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _warn(sentence: str) -> None:
    import logging  # slow to load, and there is seldom anything to say

    logging.getLogger("hitl_vault").warning(sentence)
