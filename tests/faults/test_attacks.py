"""What somebody tries who knows the product well: agents that lie, moments that are hard to hit."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

import hitl_vault as hv
from hitl_vault import acts
from hitl_vault.domain.decision import Outcome
from tests.conftest import Clock
from tests.faults.puppet import Puppet
from tests.house import House, eventually

CONTEXT = {"order": "A-17", "eur": 900}


def approved(gate: hv.Gate) -> hv.Request:
    request = gate.ask("refund", CONTEXT)
    gate.decide(request.id, "approve", by="ana")
    return request


def test_a_grant_reports_no_outcome_but_its_own(house: House) -> None:
    gate = house.gate(keeper=False)
    mine, theirs = approved(gate), approved(gate)
    token = gate.get(gate.claim(mine.id, CONTEXT, action=mine.action).request.id).claim.token  # type: ignore[union-attr]
    gate.claim(theirs.id, CONTEXT, action=theirs.action)
    outcome = Outcome(state=hv.State.FAILED, at=gate.ledger.now())
    with pytest.raises(hv.AlreadyClaimed):
        gate.ledger.write(lambda writer: acts.end(writer, theirs.id, outcome, token=token))
    assert gate.get(theirs.id).state == "executing"


def test_a_decision_that_falls_between_looking_and_waiting_is_heard(house: House) -> None:
    """The reminder is given at just that moment: the record has been read, the wait not begun."""
    gate = house.gate()
    asking = acts.Asking(
        action="refund",
        context=CONTEXT,
        agent=gate.agent,
        timeout=timedelta(seconds=60),
        requirement=hv.Requirement(remind=(timedelta(seconds=59.9),)),
    )
    request = gate.ledger.write(lambda writer: acts.ask(writer, asking)).request
    eventually(lambda: gate.get(request.id).reminded)

    def answer(record: hv.Record) -> None:
        gate.decide(request.id, "approve", by="ana")

    began = time.monotonic()
    assert gate.wait(request.id, timeout=5, on_reminder=answer).approved
    assert time.monotonic() < began + 2


def test_a_loop_that_was_closed_under_its_waits_keeps_nobody_else_waiting(house: House) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("refund", CONTEXT)
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(gate.wait_async(request.id))
    loop.run_until_complete(asyncio.sleep(0.2))
    loop.close()
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(gate.wait, request.id, 5)
        eventually(lambda: len(gate._waiters._wakes[request.id]) == 2)
        gate.decide(request.id, "approve", by="ana")
        assert other.result(2).approved
    waiting._log_destroy_pending = False  # type: ignore[attr-defined]


def test_no_agent_takes_the_place_of_an_adopted_note_by_choosing_its_key(house: House) -> None:
    """The note would count as a copy of the agent's own request, and its answer as one to that."""
    gate = house.gate(agent="unknown")
    note = b"---\ntype: approval_request\naction: send_email\nto: ana@example.com\n---\n\nHello Ana\n"
    with pytest.raises(ValueError, match="adopted"):
        gate.ask("refund", CONTEXT, key=f"note:EMAIL.md:{hashlib.sha256(note).hexdigest()}")
    (house.root / "Pending_Approval" / "EMAIL.md").write_bytes(note)
    eventually(lambda: [record.request.action for record in gate.pending()] == ["send_email"])


def test_of_two_keepers_one_leads(house: House) -> None:
    keepers = [house.gate()._keeper, house.gate()._keeper]
    eventually(lambda: any(keeper.active for keeper in keepers if keeper))
    time.sleep(1.2)  # longer than a keeper that stands by waits until it tries again
    assert [keeper.active for keeper in keepers if keeper].count(True) == 1


def test_a_note_that_could_not_be_drawn_before_a_crash_is_drawn_after_it(work: Path) -> None:
    """Also that of a request that is over, which nothing else looks for, while later ones were drawn."""
    puppet = Puppet(work)
    request = approved(puppet.gate)
    puppet.settle(rescan=False)
    grant = puppet.gate.claim(request.id, CONTEXT, action=request.action)
    done, away = puppet.root / "Done", puppet.root / "away"
    done.rename(away)
    done.write_text("no folder")
    grant.executed()
    puppet.look()
    puppet.gate.ask("refund", CONTEXT)
    puppet.look()
    puppet.loop._syncer.stop()  # which finishes what it has
    puppet.look()
    puppet.crash()
    done.unlink()
    away.rename(done)
    puppet.begin()
    puppet.settle(rescan=False)
    assert (done / f"{request.id}.md").exists()
    puppet.stop()


@pytest.mark.parametrize("late", ["vote", "claim"])
def test_what_comes_after_the_deadline_counts_for_nothing_though_no_keeper_runs(
    house: House, clock: Clock, late: str
) -> None:
    """Nobody has recorded the expiry yet: whoever comes too late has to."""
    gate = house.gate(keeper=False, clock=clock)
    request = gate.ask("refund", CONTEXT, timeout="1h")
    if late == "claim":
        gate.decide(request.id, "approve", by="ana")
    clock.advance(timedelta(hours=1))
    with pytest.raises(hv.Expired):
        _ = (
            gate.decide(request.id, "approve", by="ana")
            if late == "vote"
            else gate.claim(request.id, CONTEXT, action=request.action)
        )
    assert gate.get(request.id).state == "expired"


def test_what_a_killed_keeper_left_half_done_is_undone_at_the_next_start(work: Path) -> None:
    puppet = Puppet(work)
    request = puppet.gate.ask("refund", CONTEXT)
    puppet.settle(rescan=False)
    note = puppet.root / "Pending_Approval" / f"{request.id}.md"
    taken = note.with_name(f".hitl-{'0' * 16}-{note.name}.taken")
    note.rename(taken)
    half = note.with_name(f".hitl-{'1' * 16}.tmp")
    half.write_text("half a no")
    puppet.crash()
    puppet.begin()
    assert note.exists()
    assert not taken.exists()
    assert not half.exists()
    puppet.stop()


def test_a_child_that_outlives_a_killed_keeper_does_not_keep_its_lock(house: House) -> None:
    """Such as a worker of a process pool, which waits for work that nobody sends any more."""
    process = house.script(
        """
        import os
        assert gate._keeper.wait_ready(5)
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        print(child, flush=True)
        time.sleep(60)
        """
    )
    child = int(process.line())
    process.kill()
    try:
        house.note(house.gate().ask("refund", CONTEXT))
    finally:
        os.kill(child, signal.SIGKILL)


def test_an_outcome_that_a_coroutine_could_not_record_is_not_recorded_as_another(house: House) -> None:
    """What has been paid must not be on record as failed: somebody would pay again."""

    async def pay() -> None:
        async with house.async_gate(keeper=False) as gate:
            async with asyncio.timeout(5):
                asking = asyncio.create_task(run(gate))
                await asyncio.to_thread(eventually, lambda: list(gate.gate.pending()))
                await gate.decide(next(iter(await gate.pending())).id, "approve", by="ana")
                with pytest.raises(hv.LedgerUnavailable):
                    await asking

    async def run(gate: hv.AsyncGate) -> None:
        async with gate.approval("refund", CONTEXT) as grant:
            ledger, grant._ledger = grant._ledger, Unavailable()  # type: ignore[assignment]
            try:
                grant.executed("paid")
            finally:
                grant._ledger = ledger

    asyncio.run(pay())
    assert [row.state for row in house.gate(keeper=False).ledger.rows()] == ["executing"]


class Unavailable:
    """A ledger on a disk that is full."""

    def write(self, job: object) -> None:
        raise hv.LedgerUnavailable("no space left on device")


def test_an_error_after_the_outcome_in_a_coroutine_is_the_error_that_is_raised(house: House) -> None:
    async def pay() -> None:
        async with house.async_gate() as gate:
            request = await gate.ask("refund", CONTEXT, key="k")
            await gate.decide(request.id, "approve", by="ana")
            async with gate.approval("refund", CONTEXT, key="k") as grant:
                grant.executed("paid")
                raise KeyError("the receipt")

    with pytest.raises(KeyError, match="the receipt"):
        asyncio.run(pay())


def test_what_has_not_run_when_a_call_returns_is_not_recorded_as_executed(house: House) -> None:
    gate = house.gate(keeper=False)

    class Pay:
        __name__ = "pay"

        async def __call__(self, eur: int) -> None:
            raise AssertionError("never awaited")

    request = gate.ask("pay", {"eur": 9}, key="k")
    gate.decide(request.id, "approve", by="ana")
    with pytest.raises(TypeError, match="coroutine"):
        gate.guard(action="pay", key="k")(Pay())(9)
    assert gate.get(request.id).state == "failed"

    def rows(eur: int) -> Iterator[int]:
        yield eur

    with pytest.raises(TypeError, match="generator"):
        gate.guard(action="pay")(rows)


def test_closing_a_gate_ends_the_waits_on_it(house: House) -> None:
    """Else a thread that waits without a time limit keeps its program from ending."""
    gate = house.gate(keeper=False)
    request = gate.ask("refund", CONTEXT)

    async def both() -> tuple[object, object]:
        waits = asyncio.to_thread(gate.wait, request.id), gate.wait_async(request.id)
        tasks = [asyncio.create_task(wait) for wait in waits]
        await asyncio.to_thread(eventually, lambda: len(gate._waiters._wakes.get(request.id, ())) == 2)
        await asyncio.to_thread(gate.close)
        first, second = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        return first, second

    assert [type(error) for error in asyncio.run(both())] == [hv.LedgerUnavailable] * 2
