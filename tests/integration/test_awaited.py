"""The gate for coroutines has every verb of the gate, with the same arguments."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

import hitl_vault as hv
from tests.house import House

NOT_AWAITED = {"close", "wait_async"}
"""What `async with` and `wait` do there."""


def public(kind: type[Any]) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def parameters(kind: type[Any], name: str) -> list[tuple[object, ...]]:
    """Return a verb's parameters after the object itself."""
    found = inspect.signature(getattr(kind, name)).parameters.values()
    return [(one.name, one.kind, one.default, one.annotation) for one in found][1:]


def test_there_is_every_verb_and_no_other() -> None:
    assert public(hv.AsyncGate) - {"gate"} == public(hv.Gate) - NOT_AWAITED
    assert public(hv.AsyncKeyHolder) == public(hv.KeyHolder)


@pytest.mark.parametrize("name", sorted(public(hv.Gate) - NOT_AWAITED - {"guard", "keys"}))
def test_each_verb_takes_the_same_and_is_awaited(name: str) -> None:
    assert parameters(hv.AsyncGate, name) == parameters(hv.Gate, name)
    assert inspect.iscoroutinefunction(getattr(hv.AsyncGate, name)) or name == "approval"


@pytest.mark.parametrize("name", sorted(public(hv.KeyHolder)))
def test_each_verb_of_the_keys_takes_the_same_and_is_awaited(name: str) -> None:
    assert parameters(hv.AsyncKeyHolder, name) == parameters(hv.KeyHolder, name)
    assert inspect.iscoroutinefunction(getattr(hv.AsyncKeyHolder, name))


def test_opening_takes_the_same() -> None:
    both = (inspect.signature(open).parameters for open in (hv.open_gate, hv.open_async_gate))
    assert len({tuple(parameters.values()) for parameters in both}) == 1


def test_the_verbs_do_what_the_gates_do(house: House) -> None:
    async def go() -> None:
        async with house.async_gate(keeper=False) as gate:
            request = await gate.ask("refund", {"eur": 9})
            assert await gate.find(request.id[-8:]) == request.id
            assert (await gate.statement(request.id, "approve", by="ana")).digest == request.digest
            with pytest.raises(hv.DigestMismatch):
                await gate.decide(request.id, "approve", by="ana", digest="another")
            await gate.decide(request.id, "approve", by="ana", digest=request.digest)
            assert await gate.standing_rules() == []
            assert await gate.draw()
            assert house.path(request, "Approved").exists()
            key = await gate.keys.rotate()
            assert await gate.keys.list() == [key]

    asyncio.run(go())


def test_a_gate_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        asyncio.run(hv.open_async_gate("nowhere").get("x"))
