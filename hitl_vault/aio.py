"""The gate's verbs, awaited. Everything is the gate's own; only the waiting differs."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, Unpack, overload

from hitl_vault.domain.decision import Decision, Verdict
from hitl_vault.domain.entry import Entry
from hitl_vault.domain.policy import Ruling
from hitl_vault.domain.question import Question
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.times import Duration
from hitl_vault.gate import Gate, open_gate
from hitl_vault.verbs.asking import AskOptions
from hitl_vault.verbs.grant import Grant
from hitl_vault.verbs.waiting import OnReminder


class AsyncGate:
    """A gate for coroutines: `async with open_async_gate(...) as gate`. See `Gate` for each verb."""

    def __init__(self, open: Callable[[], Gate]) -> None:
        self._open = open
        self._gate: Gate | None = None

    @property
    def gate(self) -> Gate:
        """The gate underneath."""
        if self._gate is None:
            raise RuntimeError("the gate is not open; use `async with`")
        return self._gate

    async def ask(
        self, action: str, context: Mapping[str, Any] | None = None, **options: Unpack[AskOptions]
    ) -> Request:
        """Ask for approval; durable when it returns."""
        return await to_thread(self.gate.ask, action, context, **options)

    async def check(self, action: str, context: Mapping[str, Any] | None = None, **options: Any) -> Ruling:
        """Return what the policy says of an action."""
        return await to_thread(self.gate.check, action, context, **options)

    async def guardrail(
        self, action: str, context: Mapping[str, Any] | None = None, grant: Grant | None = None
    ) -> Ruling:
        """Let an executor go on only with what may run."""
        return await to_thread(self.gate.guardrail, action, context, grant)

    async def ask_many(self, askings: Iterable[Mapping[str, Any]]) -> list[Request]:
        """Ask several things in one durable step."""
        return await to_thread(self.gate.ask_many, askings)

    async def ask_code_execution(self, code: str, **options: Any) -> Request:
        """Ask whether code may run."""
        return await to_thread(self.gate.ask_code_execution, code, **options)

    async def ask_deployment(
        self, service: str, version: str, environment: str, **options: Unpack[AskOptions]
    ) -> Request:
        """Ask whether a version of a service may be deployed."""
        return await to_thread(self.gate.ask_deployment, service, version, environment, **options)

    async def ask_billing(
        self, amount: float, currency: str, recipient: str, **options: Unpack[AskOptions]
    ) -> Request:
        """Ask whether an amount may be charged or paid."""
        return await to_thread(self.gate.ask_billing, amount, currency, recipient, **options)

    async def ask_file_deletion(self, paths: Sequence[str], **options: Unpack[AskOptions]) -> Request:
        """Ask whether files may be deleted."""
        return await to_thread(self.gate.ask_file_deletion, paths, **options)

    @overload
    async def wait(
        self,
        id: str,
        timeout: Duration | None = None,
        *,
        questions: Literal[False] = False,
        on_reminder: OnReminder | None = None,
    ) -> Decision: ...

    @overload
    async def wait(
        self,
        id: str,
        timeout: Duration | None = None,
        *,
        questions: bool,
        on_reminder: OnReminder | None = None,
    ) -> Decision | Question: ...

    async def wait(
        self,
        id: str,
        timeout: Duration | None = None,
        *,
        questions: bool = False,
        on_reminder: OnReminder | None = None,
    ) -> Decision | Question:
        """Wait until a request is decided; all waits of a process share one thread."""
        return await self.gate.wait_async(id, timeout, questions=questions, on_reminder=on_reminder)

    async def decide(
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
    ) -> Record:
        """Vote, with the proof that the trust mode wants."""
        more: dict[str, Any] = {"edits": edits, "remember": remember, "code": code, "signature": signature}
        return await to_thread(self.gate.decide, id, verdict, by=by, comment=comment, **more)

    async def question(self, id: str, text: str, *, by: str | None = None) -> Record:
        """Ask the agent something about its request."""
        return await to_thread(self.gate.question, id, text, by=by)

    async def answer(self, id: str, text: str) -> Record:
        """Answer the oldest open question about a request."""
        return await to_thread(self.gate.answer, id, text)

    async def cancel(self, id: str, *, reason: str = "", by: str | None = None) -> Record:
        """Withdraw a request."""
        return await to_thread(self.gate.cancel, id, reason=reason, by=by)

    async def claim(self, id: str, context: Mapping[str, Any], *, action: str | None = None) -> Grant:
        """Take the right to run, once."""
        return await to_thread(self.gate.claim, id, context, action=action)

    async def settle(
        self, id: str, outcome: Literal["executed", "failed"], *, by: str, comment: str = ""
    ) -> Record:
        """Say how a run ended whose executor vanished."""
        return await to_thread(self.gate.settle, id, outcome, by=by, comment=comment)

    async def get(self, id: str) -> Record:
        """Return the record of a request."""
        return await to_thread(self.gate.get, id)

    async def pending(self) -> list[Record]:
        """Return the requests that await a decision, newest first."""
        return await to_thread(lambda: list(self.gate.pending()))

    async def history(self, id: str) -> list[Entry]:
        """Return every entry of a request, oldest first."""
        return await to_thread(self.gate.history, id)

    @property
    def guard(self) -> Any:
        """Decorate a function so that each call asks first: `Gate.guard`, best on coroutine functions."""
        return self.gate.guard

    @asynccontextmanager
    async def approval(
        self, action: str, context: Mapping[str, Any] | None = None, **options: Unpack[AskOptions]
    ) -> AsyncIterator[Grant]:
        """Ask, wait and claim; the block runs with the grant and ends as executed or failed."""
        request = await self.ask(action, context, **options)
        decision = await self.wait(request.id)
        grant = await self.claim(request.id, decision.context, action=action)
        try:
            yield grant
        except BaseException as error:
            grant.__exit__(type(error), error, error.__traceback__)
            raise
        await to_thread(grant.__exit__, None, None, None)

    async def __aenter__(self) -> Self:
        self._gate = await to_thread(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        gate, self._gate = self.gate, None
        await to_thread(gate.close)


def open_async_gate(vault: str | Path | None = None, **options: Any) -> AsyncGate:
    """Return a gate for `async with`. Takes what `open_gate` takes; the vault is opened on entering."""
    return AsyncGate(lambda: open_gate(vault, **options))
