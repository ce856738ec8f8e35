"""The gate's verbs, awaited. Everything is the gate's own; only the waiting differs."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial, wraps
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, Literal, ParamSpec, Self, TypeVar, Unpack, overload

from hitl_vault.domain.decision import Decision
from hitl_vault.domain.question import Question
from hitl_vault.domain.record import Record
from hitl_vault.domain.times import Duration
from hitl_vault.gate import Gate, open_gate
from hitl_vault.guard import Guard
from hitl_vault.verbs.asking import AskOptions
from hitl_vault.verbs.grant import Grant, never_ran
from hitl_vault.verbs.kept import kept
from hitl_vault.verbs.signing import KeyHolder
from hitl_vault.verbs.waiting import OnReminder

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class _Awaiting:
    """Stands for something whose methods take their time."""

    def _held(self) -> Any:
        """Return what does the work; each class that stands for something says what."""
        raise NotImplementedError


def _awaited(
    method: Callable[Concatenate[T, P], R], undo: Callable[[R], object] | None = None
) -> Callable[Concatenate[_Awaiting, P], Coroutine[Any, Any, R]]:
    """Return a method that is called in a thread, with the same arguments and description.

    With `undo` a cancellation waits for the thread, and what it returned is undone.
    """

    @wraps(method)
    async def call(self: _Awaiting, /, *args: P.args, **kwargs: P.kwargs) -> R:
        in_thread = partial(method, self._held(), *args, **kwargs)
        return await (to_thread(in_thread) if undo is None else kept(in_thread, undo))

    return call


class AsyncKeyHolder(_Awaiting):
    """A vault's keys for coroutines. See `KeyHolder` for each verb."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def _held(self) -> KeyHolder:
        return self._gate.keys

    list = _awaited(KeyHolder.list)
    rotate = _awaited(KeyHolder.rotate)
    add_signer = _awaited(KeyHolder.add_signer)
    revoke = _awaited(KeyHolder.revoke)
    share_secret = _awaited(KeyHolder.share_secret)
    deliver_codes_with = _awaited(KeyHolder.deliver_codes_with)


class AsyncGate(_Awaiting):
    """A gate for coroutines: `async with open_async_gate(...) as gate`. See `Gate` for each verb.

    Each takes what the gate's own takes. `gate` is for what needs no waiting: `gate.agent`, `gate.rules`.
    """

    def __init__(self, open: Callable[[], Gate]) -> None:
        self._open = open
        self._gate: Gate | None = None

    @property
    def gate(self) -> Gate:
        """The gate underneath."""
        if self._gate is None:
            raise RuntimeError("the gate is not open; use `async with`")
        return self._gate

    def _held(self) -> Gate:
        return self.gate

    ask = _awaited(Gate.ask)
    ask_many = _awaited(Gate.ask_many)
    ask_code_execution = _awaited(Gate.ask_code_execution)
    ask_deployment = _awaited(Gate.ask_deployment)
    ask_billing = _awaited(Gate.ask_billing)
    ask_file_deletion = _awaited(Gate.ask_file_deletion)
    check = _awaited(Gate.check)
    guardrail = _awaited(Gate.guardrail)
    decide = _awaited(Gate.decide)
    question = _awaited(Gate.question)
    answer = _awaited(Gate.answer)
    cancel = _awaited(Gate.cancel)
    claim = _awaited(Gate.claim, undo=never_ran)
    settle = _awaited(Gate.settle)
    sign = _awaited(Gate.sign)
    statement = _awaited(Gate.statement)
    standing_rules = _awaited(Gate.standing_rules)
    revoke = _awaited(Gate.revoke)
    get = _awaited(Gate.get)
    find = _awaited(Gate.find)
    history = _awaited(Gate.history)
    draw = _awaited(Gate.draw)

    async def pending(self) -> list[Record]:
        """Return the requests that await a decision, newest first."""
        return await to_thread(lambda: list(self.gate.pending()))

    @property
    def keys(self) -> AsyncKeyHolder:
        """The vault's keys."""
        return AsyncKeyHolder(self.gate)

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

    @property
    def guard(self) -> Guard:
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
        await kept(lambda: grant.__exit__(None, None, None))

    async def __aenter__(self) -> Self:
        self._gate = await kept(self._open, undo=Gate.close)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        gate, self._gate = self.gate, None
        await to_thread(gate.close)


def open_async_gate(
    vault: str | Path | None = None,
    *,
    agent: str = "agent",
    state_dir: str | Path | None = None,
    keeper: bool = True,
    clock: Callable[[], datetime] | None = None,
) -> AsyncGate:
    """Return a gate for `async with`. Takes what `open_gate` takes; the vault is opened on entering."""
    return AsyncGate(lambda: open_gate(vault, agent=agent, state_dir=state_dir, keeper=keeper, clock=clock))
