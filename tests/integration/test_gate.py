"""What agents call: ask, wait, decide, cancel, claim, guard, and the same verbs awaited."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hitl_vault as hv
from tests.house import House, eventually

CONTEXT = {"order": "A-17", "eur": 900}


@pytest.fixture
def gate(house: House) -> hv.Gate:
    """A gate without a keeper: nothing here needs the vault."""
    return house.gate(keeper=False)


@pytest.fixture
def approving(house: House) -> hv.Gate:
    """A gate on which ana approves whatever is asked."""
    return answering(house, "approve")


def answering(house: House, verdict: str) -> hv.Gate:
    gate = house.gate(keeper=False)
    other = house.gate("ana's phone", keeper=False)

    def answer(entries: list[hv.Entry]) -> None:
        for entry in entries:
            if entry.kind == "asked":
                other.decide(entry.request, verdict, by="ana", comment="so be it")

    gate.ledger.subscribe(answer)
    return gate


def test_a_decision_says_who_what_and_why(gate: hv.Gate) -> None:
    request = gate.ask("refund", CONTEXT)
    gate.decide(request.id, "approve", by="ana", comment="ok")
    decision = gate.wait(request.id)
    assert (decision.approved, decision.by, decision.comment) == (True, ("ana",), "ok")
    assert decision.context == CONTEXT


def test_a_wait_that_ends_first_leaves_the_request_pending(gate: hv.Gate) -> None:
    request = gate.ask("refund", CONTEXT)
    with pytest.raises(hv.WaitTimeout):
        gate.wait(request.id, timeout=0.05)
    assert [record.id for record in gate.pending()] == [request.id]


def test_the_same_decision_again_is_accepted_and_another_is_refused(gate: hv.Gate) -> None:
    request = gate.ask("refund", CONTEXT)
    gate.decide(request.id, "approve", by="ana")
    assert gate.decide(request.id, "approve", by="ben").state == "approved"
    with pytest.raises(hv.AlreadyDecided) as caught:
        gate.decide(request.id, "reject", by="ben")
    assert (caught.value.id, caught.value.state) == (request.id, hv.State.APPROVED)
    assert [entry.kind for entry in gate.history(request.id)] == ["asked", "voted", "approved"]


@pytest.mark.parametrize("word", ["approved", "APPROVE", "", None])
def test_a_word_that_is_no_verdict_is_told_with_those_that_are(gate: hv.Gate, word: Any) -> None:
    request = gate.ask("refund", CONTEXT)
    for verb in (gate.decide, gate.statement):
        with pytest.raises(ValueError, match=f"^{word!r} is no verdict; write approve or reject$"):
            verb(request.id, word, by="ana")
    assert gate.get(request.id).state is hv.State.PENDING


def test_a_vote_that_says_nothing_of_what_was_shown_reads_no_record(
    gate: hv.Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, read = gate.ask("refund", CONTEXT), gate.ledger.record
    seen: list[str] = []
    monkeypatch.setattr(gate.ledger, "record", lambda id: seen.append(id) or read(id))
    with pytest.raises(hv.DigestMismatch):
        gate.decide(request.id, "approve", by="ana", digest="0" * 64)
    assert seen.pop() == request.id
    gate.decide(request.id, "approve", by="ana")
    assert seen == []


def test_the_agent_may_not_answer_itself(gate: hv.Gate) -> None:
    request = gate.ask("refund", CONTEXT)
    with pytest.raises(hv.SelfApproval):
        gate.decide(request.id, "approve", by="crm-bot")


def test_a_cancelled_request_cannot_be_approved_or_claimed(gate: hv.Gate) -> None:
    request = gate.ask("refund", CONTEXT)
    gate.cancel(request.id, reason="the customer called")
    assert gate.wait(request.id).comment == "the customer called"
    with pytest.raises(hv.Cancelled):
        gate.decide(request.id, "approve", by="ana")
    with pytest.raises(hv.Cancelled):
        gate.claim(request.id, CONTEXT, action=request.action)


def test_a_claim_is_good_once(gate: hv.Gate) -> None:
    request = gate.ask("refund", CONTEXT)
    with pytest.raises(hv.InvalidTransition):
        gate.claim(request.id, CONTEXT, action=request.action)
    gate.decide(request.id, "approve", by="ana")
    grant = gate.claim(request.id, CONTEXT, action=request.action)
    with pytest.raises(hv.AlreadyClaimed):
        gate.claim(request.id, CONTEXT, action=request.action)
    grant.executed({"ok": True})
    record = gate.get(request.id)
    assert (record.state, record.outcome and record.outcome.result) == ("executed", {"ok": True})


def test_a_rejected_request_cannot_be_claimed(gate: hv.Gate) -> None:
    request = gate.ask("refund", CONTEXT)
    gate.decide(request.id, "reject", by="ana", comment="too much")
    with pytest.raises(hv.Rejected, match="too much"):
        gate.claim(request.id, CONTEXT, action=request.action)


@pytest.mark.parametrize(
    ("agent", "action", "context"),
    [
        ("crm-bot", "refund", {"order": "A-17", "eur": 901}),
        ("crm-bot", "refund", {"order": "A-17"}),
        ("crm-bot", "refund", {"order": "A-17", "eur": "900"}),
        ("crm-bot", "refund", {"order": "A-17", "eur": float("nan")}),
        ("crm-bot", "payment", CONTEXT),
        ("other-bot", "refund", CONTEXT),
    ],
)
def test_what_is_approved_is_what_runs(
    house: House, gate: hv.Gate, agent: str, action: str, context: dict[str, object]
) -> None:
    request = gate.ask("refund", CONTEXT)
    gate.decide(request.id, "approve", by="ana")
    with pytest.raises(hv.DigestMismatch):
        house.gate(agent, keeper=False).claim(request.id, context, action=action)
    assert gate.claim(request.id, CONTEXT, action="refund").context == CONTEXT


@pytest.mark.parametrize(
    "context", [{"x": float("nan")}, {"x": {1, 2}}, {"x": 2**60}, {1: "x"}, {"x": "\ud800"}, {"x": object()}]
)
def test_a_context_that_is_not_json_is_refused_before_anything_is_recorded(
    gate: hv.Gate, context: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="refund"):
        gate.ask("refund", context)
    assert gate.ledger.last_seq() == 0


def test_many_can_be_asked_at_once(gate: hv.Gate) -> None:
    requests = gate.ask_many({"action": "refund", "context": {"n": n}} for n in range(64))
    assert len({request.id for request in requests}) == 64
    assert gate.ledger.counts()["pending"] == 64


def test_guard_asks_waits_claims_runs_and_records(approving: hv.Gate) -> None:
    @approving.guard(action="refund")
    def refund(order: str, *, eur: int = 5) -> str:
        """Refund an order."""
        return f"refunded {eur} on {order}"

    assert refund("A-17", eur=900) == "refunded 900 on A-17"
    (row,) = approving.ledger.rows()
    record = approving.get(row.id)
    assert record.request.context == {"order": "A-17", "eur": 900}
    assert record.request.summary == "Refund an order."
    assert record.outcome
    assert record.outcome.result == "refunded 900 on A-17"


def test_guard_does_not_run_what_is_rejected(house: House) -> None:
    ran = []

    @answering(house, "reject").guard
    def delete(path: str) -> None:
        ran.append(path)

    with pytest.raises(hv.NotApproved, match="so be it"):
        delete("/srv")
    assert ran == []


def test_guard_records_a_failure_and_lets_it_through(approving: hv.Gate) -> None:
    @approving.guard
    def charge(eur: int) -> None:
        raise ConnectionError("bank is down")

    with pytest.raises(ConnectionError):
        charge(5)
    (row,) = approving.ledger.rows()
    outcome = approving.get(row.id).outcome
    assert outcome
    assert outcome.error == "ConnectionError: bank is down"


def test_guard_notices_arguments_that_change_between_asking_and_running(house: House) -> None:
    gate = house.gate(keeper=False)
    basket = ["one"]
    ran = []

    def approve(entries: list[hv.Entry]) -> None:
        for entry in entries:
            if entry.kind == "asked":
                basket.append("smuggled")
                gate.decide(entry.request, "approve", by="ana")

    gate.ledger.subscribe(approve)

    @gate.guard
    def buy(items: list[str]) -> None:
        ran.append(items)

    with pytest.raises(hv.DigestMismatch):
        buy(basket)
    assert ran == []


def test_guard_names_the_argument_that_is_not_json(approving: hv.Gate) -> None:
    @approving.guard
    def send(message: object) -> None: ...

    with pytest.raises(ValueError, match="argument message is an object"):
        send(object())

    @approving.guard(context=lambda message: {"message": str(message)}, key=lambda message: "once")
    def send_text(message: object) -> str:
        return "sent"

    assert send_text("hello") == "sent"
    with pytest.raises(hv.AlreadyClaimed):
        send_text("hello")


def test_the_block_of_an_approval_ends_as_executed_or_failed(approving: hv.Gate) -> None:
    with approving.approval("deploy", {"version": "1.4"}, summary="Ship 1.4") as grant:
        assert grant.context["version"] == "1.4"
    assert approving.get(grant.request.id).state == "executed"
    with pytest.raises(RuntimeError), approving.approval("deploy", {"version": "1.5"}) as grant:
        raise RuntimeError("no space left")
    assert approving.get(grant.request.id).state == "failed"


def test_a_guarded_coroutine_stays_one(approving: hv.Gate) -> None:
    @approving.guard
    async def ship(version: str) -> str:
        await asyncio.sleep(0)
        return f"shipped {version}"

    assert inspect.iscoroutinefunction(ship)
    assert asyncio.run(ship("1.4")) == "shipped 1.4"


def test_the_verbs_can_be_awaited(house: House) -> None:
    async def main() -> None:
        async with house.async_gate(keeper=False) as gate:
            request = await gate.ask("deploy", {"version": "1"})
            waiting = asyncio.create_task(gate.wait(request.id))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            assert [record.id for record in await gate.pending()] == [request.id]
            await gate.decide(request.id, "approve", by="ana")
            assert (await waiting).approved
            (await gate.claim(request.id, {"version": "1"}, action=request.action)).executed()
            assert (await gate.get(request.id)).state == "executed"
            assert [entry.kind for entry in await gate.history(request.id)][-1] == "executed"
            other = await gate.ask("deploy")
            with pytest.raises(hv.WaitTimeout):
                await gate.wait(other.id, timeout=0.05)
            assert (await gate.cancel(other.id)).state == "cancelled"

    asyncio.run(main())


def test_the_block_of_an_awaited_approval_ends_as_executed_or_failed(house: House) -> None:
    answering(house, "approve")

    async def main() -> list[str]:
        async with house.async_gate(keeper=False) as gate:
            async with gate.approval("deploy", {"version": "1"}) as first:
                assert first.context == {"version": "1"}
            with pytest.raises(RuntimeError):
                async with gate.approval("deploy", {"version": "2"}) as second:
                    raise RuntimeError("no space left")
            return [(await gate.get(grant.request.id)).state for grant in (first, second)]

    assert asyncio.run(main()) == ["executed", "failed"]


def test_thousands_of_waits_share_one_thread(house: House) -> None:
    async def main() -> list[str]:
        async with house.async_gate(keeper=False) as gate:
            requests = await gate.ask_many({"action": "refund", "context": {"n": n}} for n in range(2000))
            waits = [asyncio.create_task(gate.wait(request.id)) for request in requests]
            await asyncio.sleep(1.0)
            assert not any(wait.done() for wait in waits)
            assert threading.active_count() < 20
            for request in requests:
                gate.gate.decide(request.id, "reject", by="ana")
            return [decision.state for decision in await asyncio.gather(*waits)]

    assert asyncio.run(main()) == ["rejected"] * 2000


def test_keys_and_claims_belong_to_the_name_of_an_agent_and_the_nameless_share_theirs(house: House) -> None:
    def opened(**named: str) -> hv.Gate:
        return hv.open_gate(house.root, state_dir=house.state, keeper=False, **named)  # type: ignore[arg-type]

    with opened() as one, opened() as two, opened(agent="crm-bot") as other:
        mine = one.ask("refund", CONTEXT, key="job-7")
        assert two.ask("refund", CONTEXT, key="job-7").id == mine.id
        assert other.ask("refund", CONTEXT, key="job-7").id != mine.id
        two.decide(mine.id, "approve", by="ana")
        with pytest.raises(hv.DigestMismatch):
            other.claim(mine.id, CONTEXT, action=mine.action)
        two.claim(mine.id, CONTEXT, action=mine.action).executed()


@pytest.mark.parametrize("name", ["action", "run", "key", "summary", "reason"])
@pytest.mark.parametrize(
    ("text", "told"), [("a\ud800", "holds half a character"), (5, ": expected text, not 5")]
)
def test_what_is_no_text_is_refused_by_its_name(house: House, name: str, text: Any, told: str) -> None:
    given: dict[str, Any] = {"action": "refund", name: text}
    with pytest.raises(ValueError, match=f"^{name}{' ' if told[0] == 'h' else ''}{told}"):
        house.gate(keeper=False).ask(**given)


def test_an_empty_key_is_no_key(house: House) -> None:
    gate = house.gate(keeper=False)
    first, second = (gate.ask("refund", CONTEXT, key="") for _ in range(2))
    assert first.id != second.id
    assert first.key is second.key is None


def test_an_agent_needs_a_name(house: House) -> None:
    with pytest.raises(hv.ConfigError, match=r"^agent: empty; .*agent='crm-bot'"):
        house.gate(" ")


def test_a_gate_that_cannot_be_opened_lets_go_of_the_ledger(house: House) -> None:
    held, ledger = Path("/proc/self/fd"), (house.kept() / "ledger.db").resolve()
    house.gate().close()
    with pytest.raises(hv.ConfigError) as refused:
        house.gate("")
    assert ledger.exists() and refused
    if held.is_dir():  # Linux tells
        assert ledger not in [file.resolve() for file in held.iterdir()]


def test_a_folder_that_is_no_vault_is_an_error_that_says_what_to_do(house: House) -> None:
    with pytest.raises(hv.VaultNotFound, match="hitl init"):
        hv.open_gate(house.work / "nothing")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("settel: 1s\n", "settle"),
        ("timeout: soon\n", "timeout"),
        ("mode: paranoid\n", "mode"),
        ("watch: sometimes\n", "watch"),
    ],
)
def test_a_mistake_in_the_settings_names_file_and_field(house: House, line: str, names: str) -> None:
    path = house.root / ".hitl" / "vault.yaml"
    kept = [x for x in path.read_text().splitlines(True) if not x.startswith(line.split(":", maxsplit=1)[0])]
    path.write_text("".join(kept) + line)
    with pytest.raises(hv.ConfigError, match=f"vault.yaml: .*{names}"):
        hv.open_gate(house.root)


@pytest.mark.parametrize("result", [{"a": 1}, "text", None, 3.5, [1, 2]])
def test_results_that_are_json_are_recorded_as_they_are(approving: hv.Gate, result: object) -> None:
    with approving.approval("x") as grant:
        grant.executed(result)
    assert approving.get(grant.request.id).outcome.result == result  # type: ignore[union-attr]


def test_a_result_that_is_not_json_or_large_is_recorded_all_the_same(approving: hv.Gate) -> None:
    with approving.approval("x") as grant:
        grant.executed({1, 2})
    assert approving.get(grant.request.id).outcome.result == "{1, 2}"  # type: ignore[union-attr]
    with approving.approval("x") as grant:
        grant.executed("y" * 1_000_000)
    assert approving.get(grant.request.id).outcome.result["size"] == 1_000_002  # type: ignore[union-attr]


def test_a_lone_script_needs_nothing_else_running(house: House) -> None:
    gate = house.gate()
    answer: Callable[[], object] = lambda: house.vote(request, "approved")  # noqa: E731
    request = gate.ask("refund", CONTEXT)
    threading.Timer(0.2, answer).start()
    began = time.monotonic()
    assert gate.wait(request.id, timeout=5).approved
    assert time.monotonic() - began < 5
    eventually(house.path(request, "Approved").exists)
