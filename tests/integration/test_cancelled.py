"""Coroutines that are cancelled leave no run that nobody carries out, and no gate that nobody closes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

import hitl_vault as hv
from hitl_vault.verbs.grant import Leases
from tests.house import House, eventually


class Held:
    """Holds up a method in its thread, after its work is done, until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kind: type, method: str) -> None:
        self.done = threading.Event()
        self.go = threading.Event()
        work: Callable[..., Any] = getattr(kind, method)

        def held(*args: Any, **kwargs: Any) -> Any:
            try:
                return work(*args, **kwargs)
            finally:
                self.done.set()
                self.go.wait(10)

        monkeypatch.setattr(kind, method, held)

    async def cancelled(self, running: Coroutine[Any, Any, object], times: int = 1) -> None:
        """Cancel a coroutine while the method is held up."""
        task = asyncio.ensure_future(running)
        await asyncio.to_thread(self.done.wait, 10)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0.01)
        self.go.set()
        with pytest.raises(asyncio.CancelledError):
            await task


async def by_guard(gate: hv.Gate, id: str) -> None:
    """Run as a guarded coroutine function does; nothing may come of it."""

    @gate.guard(action="deploy", key="k")
    async def deploy() -> None:
        pytest.fail("it ran")

    await deploy()


async def by_awaited_gate(gate: hv.Gate, id: str) -> None:
    """Claim as a coroutine does."""
    awaited = hv.AsyncGate(lambda: gate)
    awaited._gate = gate
    await awaited.claim(id, {}, action="deploy")


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("running", [by_guard, by_awaited_gate])
def test_a_grant_that_came_too_late_for_its_coroutine_has_failed(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    running: Callable[[hv.Gate, str], Coroutine[Any, Any, None]],
    times: int,
) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("deploy", {}, key="k")
    gate.decide(request.id, "approve", by="ana")
    held = Held(monkeypatch, Leases, "hold")
    asyncio.run(held.cancelled(running(gate, request.id), times))
    ended = gate.get(request.id).outcome
    assert ended is not None
    assert (ended.state, ended.error) == (hv.State.FAILED, "cancelled before it ran")


def test_a_claim_that_is_refused_while_it_is_cancelled_is_cancelled(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("deploy", {})
    held = Held(monkeypatch, hv.Gate, "_write")
    asyncio.run(held.cancelled(by_awaited_gate(gate, request.id)))
    assert gate.get(request.id).state is hv.State.PENDING


def test_what_has_run_is_executed_though_its_coroutine_is_cancelled_then(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every thread is busy when the run has ended: its outcome has to wait for one."""
    gate = house.gate(keeper=False)
    request = gate.ask("deploy", {}, key="k")
    gate.decide(request.id, "approve", by="ana")
    free = threading.Event()
    ran = asyncio.Event()

    @gate.guard(action="deploy", key="k")
    async def deploy() -> None:
        for _ in range(40):
            asyncio.get_running_loop().run_in_executor(None, free.wait, 10)
        ran.set()

    async def go() -> None:
        task = asyncio.ensure_future(deploy())
        await ran.wait()
        task.cancel()
        await asyncio.sleep(0.05)
        free.set()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(go())
    assert gate.get(request.id).state is hv.State.EXECUTED


def test_a_gate_that_opened_too_late_for_its_coroutine_is_closed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    awaited = house.async_gate()
    held = Held(monkeypatch, hv.Gate, "_start_keeper")
    asyncio.run(held.cancelled(awaited.__aenter__()))
    eventually(lambda: not hv.active_keeper(house.kept()))
    with pytest.raises(RuntimeError, match="not open"):
        _ = awaited.gate
