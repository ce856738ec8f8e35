"""Waiting, blocked or on an event loop: the same either way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

import hitl_vault as hv
from tests.house import House, eventually

Waits: TypeAlias = Callable[..., Any]


def blocked(gate: hv.Gate, id: str, **options: Any) -> Any:
    return gate.wait(id, **options)


def on_a_loop(gate: hv.Gate, id: str, **options: Any) -> Any:
    return asyncio.run(gate.wait_async(id, **options))


@pytest.fixture(params=[blocked, on_a_loop])
def waits(request: pytest.FixtureRequest) -> Waits:
    """Either way to wait."""
    way: Waits = request.param
    return way


def test_the_record_is_read_once_and_then_brought_up(
    house: House, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, phone = house.gate(keeper=False), house.gate("ana's phone", keeper=False)
    request = gate.ask("refund")
    read, reads = gate.ledger.record, []
    monkeypatch.setattr(gate.ledger, "record", lambda id: reads.append(id) or read(id))
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.append(waits(gate, request.id, timeout=20)))
    waiting.start()
    eventually(lambda: reads)
    for text in ("Which one?", "And when?"):  # each wakes the wait, and ends it not
        phone.question(request.id, text, by="ana")
    phone.decide(request.id, "approve", by="ana", comment="that one")
    waiting.join()
    assert (found[0].comment, found[0]) == ("that one", phone.get(request.id).decision)
    assert reads == [request.id]


def test_what_is_decided_is_told_also_without_time_to_wait(house: House, waits: Waits) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("refund")
    with pytest.raises(hv.WaitTimeout):
        waits(gate, request.id, timeout=0)
    gate.decide(request.id, "reject", by="ana")
    assert waits(gate, request.id, timeout=0).state == "rejected"


def test_running_out_of_time_in_a_reminder_is_not_the_wait_running_out_of_time(
    house: House, waits: Waits
) -> None:
    house.gate()
    policy = "format: 1\nrules:\n- name: r\n  when: true\n  verdict: ask\n  timeout: 1m\n  remind: [59s]\n"
    (house.root / ".hitl" / "policy.yaml").write_text(policy)
    gate = house.gate()
    request = gate.ask("refund")
    eventually(lambda: gate.get(request.id).reminded)

    def slow(record: hv.Record) -> None:
        raise TimeoutError("the chat does not answer")

    with pytest.raises(TimeoutError, match="the chat"):
        waits(gate, request.id, timeout=5, on_reminder=slow)


def test_a_deadline_ends_a_wait_though_no_keeper_is_at_work(house: House, waits: Waits) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("refund", timeout="0.2s")
    assert waits(gate, request.id, timeout=8).state == "expired"
    assert gate.get(request.id).state == "expired"


def test_the_end_of_a_wait_that_comes_before_the_deadline_leaves_the_request_pending(
    house: House, waits: Waits
) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("refund", timeout="1h")
    with pytest.raises(hv.WaitTimeout):
        waits(gate, request.id, timeout=0.2)
    assert gate.get(request.id).state == "pending"
