"""What a guarded call shows to the approver: all that it is called with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

import hitl_vault as hv
from tests.house import House


@pytest.fixture
def gate(house: House) -> hv.Gate:
    """A gate on which ana approves whatever is asked."""
    return answering(house, lambda: None)


def answering(house: House, meanwhile: Callable[[], object]) -> hv.Gate:
    """Return a gate on which ana approves, and something happens before that."""
    gate = house.gate(keeper=False)

    def answer(entries: list[hv.Entry]) -> None:
        for entry in entries:
            if entry.kind == "asked":
                meanwhile()
                gate.decide(entry.request, "approve", by="ana")

    gate.ledger.subscribe(answer)
    return gate


def shown(gate: hv.Gate) -> dict[str, Any]:
    """Return the context of the one request."""
    (row,) = gate.ledger.rows()
    return dict(gate.get(row.id).request.context)


def buy(shares: int, cls: str) -> str:
    return f"{shares} {cls}"


def mark(subject: str, *, self: str = "no one") -> str:
    return f"{subject} {self}"


def praise(self: str, cls: str) -> str:
    return f"{self} {cls}"


@pytest.mark.parametrize(
    ("function", "arguments", "context"),
    [
        (buy, {"shares": 3, "cls": "B"}, {"shares": 3, "cls": "B"}),
        (mark, {"subject": "a"}, {"subject": "a", "self": "no one"}),
        (praise, {"self": "a", "cls": "b"}, {"self": "a", "cls": "b"}),
        (lambda self: self, {"self": "a"}, {"self": "a"}),
    ],
)
def test_a_plain_function_hides_no_argument_whatever_it_is_called(
    gate: hv.Gate, function: Callable[..., object], arguments: dict[str, Any], context: dict[str, Any]
) -> None:
    assert gate.guard(action="act")(function)(**arguments) == function(**arguments)
    assert shown(gate) == context


def test_what_changes_after_the_asking_does_not_run_also_in_an_argument_called_cls(house: House) -> None:
    classes = ["B"]
    ran: list[object] = []

    @answering(house, lambda: classes.append("A")).guard
    def sell(shares: int, cls: list[str]) -> None:
        ran.append(cls)

    with pytest.raises(hv.DigestMismatch):
        sell(3, classes)
    assert ran == []


def guarded_class(gate: hv.Gate) -> type[Any]:
    """Return a class with guarded methods of each kind."""

    class Till:
        @gate.guard
        def pay(self, eur: int, cls: str = "") -> object:
            return self

        @classmethod
        @gate.guard
        def audit(cls, year: int, self: str = "") -> object:
            return cls

        @staticmethod
        @gate.guard
        def move(self: str, to: str) -> object:  # noqa: PLW0211
            return self

    return Till


@pytest.mark.parametrize("derived", [False, True])
def test_methods_leave_out_their_object_and_nothing_else(gate: hv.Gate, derived: bool) -> None:
    till = guarded_class(gate)
    till = type("Derived", (till,), {}) if derived else till
    one = till()
    assert one.pay(9, cls="B") is one
    assert shown(gate) == {"eur": 9, "cls": "B"}


def test_methods_of_a_class_leave_out_that_class_and_nothing_else(gate: hv.Gate) -> None:
    till = guarded_class(gate)
    assert till.audit(2026, self="me") is till
    assert shown(gate) == {"year": 2026, "self": "me"}


def test_static_methods_have_no_object_to_leave_out(gate: hv.Gate) -> None:
    assert guarded_class(gate).move("a", "b") == "a"
    assert shown(gate) == {"self": "a", "to": "b"}


def test_a_bound_method_has_its_object_already(gate: hv.Gate) -> None:
    class Till:
        def sort(self, cls: str) -> str:
            return cls

    assert gate.guard(action="sort")(Till().sort)("B") == "B"
    assert shown(gate) == {"cls": "B"}


def test_what_may_be_said_of_each_call_reaches_the_request(gate: hv.Gate) -> None:
    @gate.guard(action="buy", timeout="90s", run="r-1", risk="high", schema={"type": "object"})
    def purchase(shares: int) -> None: ...

    purchase(3)
    (row,) = gate.ledger.rows()
    request = gate.get(row.id).request
    assert request.expires == request.created + hv.times.duration("90s")
    assert (request.run, request.risk.level, request.schema) == ("r-1", "high", {"type": "object"})


@pytest.mark.parametrize("option", ["timout", "agent", "Key", "gesture"])
def test_an_option_that_does_not_exist_is_told_where_it_is_written(gate: hv.Gate, option: str) -> None:
    options: dict[str, Any] = {option: "1h"}
    with pytest.raises(TypeError, match=f"no such option: {option}"):
        gate.guard(action="buy", **options)
    with pytest.raises(TypeError, match=f"no such option: {option}"):
        gate.guard(buy, **options)


class Unprintable(Exception):
    """What neither `repr` nor `str` can make a text of."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")

    __str__ = __repr__


def outcome(gate: hv.Gate) -> hv.Outcome:
    """Return how the one request ended."""
    (row,) = gate.ledger.rows()
    ended = gate.get(row.id).outcome
    assert ended is not None
    return ended


@pytest.mark.parametrize("result", [Unprintable(), [Unprintable()], {Unprintable(): 1}])
def test_what_ran_is_executed_also_where_its_result_has_no_text(gate: hv.Gate, result: object) -> None:
    assert gate.guard(action="act")(lambda: result)() is result
    ended = outcome(gate)
    assert (ended.state, ended.result) == (hv.State.EXECUTED, f"<unprintable {type(result).__name__}>")


def test_what_ran_is_executed_where_a_coroutine_returns_what_has_no_text(gate: hv.Gate) -> None:
    @gate.guard(action="act")
    async def act() -> object:
        return Unprintable()

    asyncio.run(act())
    ended = outcome(gate)
    assert (ended.state, ended.result) == (hv.State.EXECUTED, "<unprintable Unprintable>")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unprintable(), "Unprintable: <unprintable Unprintable>"),
        (ValueError("a\udcff"), "ValueError: a\\udcff"),
    ],
)
def test_what_failed_has_failed_also_where_its_error_has_no_text(
    gate: hv.Gate, error: Exception, told: str
) -> None:
    @gate.guard(action="act")
    def act() -> None:
        raise error

    with pytest.raises(type(error)):
        act()
    ended = outcome(gate)
    assert (ended.state, ended.error) == (hv.State.FAILED, told)


async def later(ran: list[str]) -> None:
    ran.append("it")


def each(ran: list[str]) -> Iterator[None]:
    yield ran.append("it")


async def each_later(ran: list[str]) -> AsyncIterator[None]:
    yield ran.append("it")


def started(ran: list[str]) -> asyncio.Task[None]:
    return asyncio.ensure_future(later(ran))


@pytest.mark.parametrize("make", [later, each, each_later, started])
def test_what_only_runs_later_has_failed_and_does_not_run(
    gate: hv.Gate, make: Callable[[list[str]], object]
) -> None:
    ran: list[str] = []

    async def call() -> None:
        with pytest.raises(TypeError, match="and has not run"):
            gate.guard(action="act")(lambda: make(ran))()
        await asyncio.sleep(0.01)

    asyncio.run(call())
    ended = outcome(gate)
    assert (ended.state, ran) == (hv.State.FAILED, [])
    assert "has not run" in ended.error
