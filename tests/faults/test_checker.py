"""The checker of histories lets pass what can be, and names what cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults.checker import RULES, one_request_for_a_key, wrong
from tests.faults.history import Operation, Recorder, read

R = "r1"


def op(
    process: str, verb: str, begin: int, end: int | None, state: str = "", request: str = R, **more: Any
) -> Operation:
    return Operation(process=process, verb=verb, request=request, begin=begin, end=end, state=state, **more)


def asked(process: str = "a", begin: int = 0, end: int = 10, key: str = "k", request: str = R) -> Operation:
    return op(process, "ask", begin, end, "pending", request, key=key, at_least=True)


def at_last(state: str, key: str = "k", **more: Any) -> Operation:
    return op("z", "last read", 900, 910, state, key=key, **more)


APPROVED = [asked(), op("p", "approve", 20, 30, "approved", decision="d1")]
GRANTED = [*APPROVED, op("a", "claim", 40, 50, "executing", decision="d1")]
RUN = [*GRANTED, op("a", "run", 51, 52), op("a", "executed", 53, 60, "executed")]
DONE = at_last("executed", decision="d1")

GOOD: dict[str, list[Operation]] = {
    "nothing at all": [],
    "a whole life": [*RUN, DONE],
    "asked by two under one key": [asked(), asked("b", 3, 14), at_last("pending")],
    "read while it is being decided": [
        *APPROVED,
        op("q", "read", 21, 25, "approved"),
        op("s", "read", 22, 24, "pending"),
        at_last("approved"),
    ],
    "a note that is behind": [*RUN, op("q", "see", 70, 80, "approved", at_least=True), DONE],
    "a wait that ends after the claim": [*RUN, op("b", "wait", 5, 99, "approved", at_least=True), DONE],
    "refused because another was granted": [
        *RUN,
        op("b", "claim", 41, 55, "executing", at_least=True, error="AlreadyClaimed"),
        DONE,
    ],
    "refused because one was granted who was killed before it heard of it": [
        *APPROVED,
        op("a", "claim", 40, None),
        op("b", "claim", 41, 55, "executing", at_least=True, error="AlreadyClaimed"),
        at_last("unknown"),
    ],
    "decided by one who was killed before they heard of it": [
        asked(),
        op("p", "approve", 20, None),
        at_last("approved"),
    ],
    "an asking that nobody heard of": [op("a", "ask", 0, None, request="", key="k")],
    "asked by one who was killed, and by another": [
        op("a", "ask", 0, None, request="", key="k"),
        asked("b", 20, 30),
        at_last("pending"),
    ],
    "an approval that was withdrawn": [
        *APPROVED,
        op("a", "cancel", 40, 50, "cancelled"),
        at_last("cancelled"),
    ],
    "refused as it was rejected": [
        asked(),
        op("p", "reject", 20, 30, "rejected"),
        op("a", "claim", 40, 50, "rejected", error="Rejected"),
        at_last("rejected"),
    ],
    "two decisions of two requests": [
        *APPROVED,
        asked(key="other", request="r2"),
        op("p", "reject", 20, 30, "rejected", "r2"),
        at_last("approved"),
        op("z", "last read", 900, 910, "rejected", "r2", key="other"),
    ],
}

BAD: dict[str, tuple[str, list[Operation]]] = {
    "approved here and rejected there": (
        "single_decision",
        [
            *APPROVED,
            op("q", "reject", 20, 30),
            op("s", "read", 21, 29, "rejected"),
            at_last("approved", decision="d1"),
        ],
    ),
    "executed here and cancelled there": (
        "single_decision",
        [*RUN, op("b", "cancel", 54, 61, "cancelled"), DONE],
    ),
    "approved twice": ("single_decision", [*APPROVED, at_last("approved", decision="d2")]),
    "two grants": ("single_grant", [*RUN, op("b", "claim", 41, 51, "executing"), DONE]),
    "two runs of one grant": ("single_grant", [*RUN, op("a", "run", 55, 56), DONE]),
    "two runs, of one of which the end is unknown": ("single_grant", [*RUN, op("a", "run", 55, None), DONE]),
    "pending after it was approved": (
        "no_stale_read",
        [*APPROVED, op("q", "read", 31, 40, "pending"), at_last("approved")],
    ),
    "pending in a list after it was approved": (
        "no_stale_read",
        [*APPROVED, op("q", "list", 31, 40, "pending"), at_last("approved")],
    ),
    "approved after it was claimed": (
        "no_stale_read",
        [*GRANTED, op("q", "read", 51, 60, "approved"), at_last("executing")],
    ),
    "executing after it was executed": ("no_stale_read", [*RUN, op("q", "read", 61, 70, "executing"), DONE]),
    "two readers who disagree on what comes first": (
        "no_stale_read",
        [
            asked(),
            op("p", "approve", 20, None),
            op("q", "read", 21, 25, "approved"),
            op("s", "read", 26, 28, "pending"),
            at_last("approved"),
        ],
    ),
    "a note that was decided before the record was": (
        "no_stale_read",
        [
            asked(),
            op("p", "approve", 15, None),
            op("q", "see", 20, 22, "approved", at_least=True),
            op("s", "read", 23, 25, "pending"),
            at_last("approved"),
        ],
    ),
    "a wait that runs out after the decision": (
        "no_stale_read",
        [*APPROVED, op("a", "wait", 31, 99, "pending", error="WaitTimeout"), at_last("approved")],
    ),
    "a claim that finds it pending after the approval": (
        "no_stale_read",
        [*APPROVED, op("a", "claim", 31, 40, "pending", error="InvalidTransition"), at_last("approved")],
    ),
    "not found after it was asked": (
        "no_stale_read",
        [asked(), op("q", "read", 11, 12, error="RequestNotFound"), at_last("pending")],
    ),
    "pending in the end though it was approved": ("no_stale_read", [*APPROVED, at_last("pending")]),
    "approved by nobody": ("caused", [asked(), at_last("approved")]),
    "approved before anybody began to": (
        "caused",
        [asked(), op("q", "read", 11, 19, "approved"), op("p", "approve", 20, 30), at_last("approved")],
    ),
    "rejected where everybody approved": (
        "caused",
        [asked(), op("p", "approve", 20, 30), at_last("rejected")],
    ),
    "cancelled by nobody": ("caused", [asked(), at_last("cancelled")]),
    "executed though nobody reported so": (
        "caused",
        [*GRANTED, op("a", "run", 51, 52), op("a", "failed", 53, None), at_last("executed")],
    ),
    "executing though nobody claimed": ("caused", [*APPROVED, at_last("executing")]),
    "granted without an approval": (
        "caused",
        [asked(), op("a", "claim", 40, 50, "executing"), at_last("executing")],
    ),
    "a run without a grant": (
        "no_run_without_approval",
        [*APPROVED, op("a", "run", 51, 52), at_last("approved")],
    ),
    "a run before the grant": (
        "no_run_without_approval",
        [*GRANTED, op("a", "run", 45, 49), at_last("executing")],
    ),
    "a run by somebody else": (
        "no_run_without_approval",
        [*GRANTED, op("b", "run", 51, 52), at_last("executing")],
    ),
    "a run after a refused claim": (
        "no_run_without_approval",
        [
            asked(),
            op("p", "reject", 20, 30, "rejected"),
            op("a", "claim", 40, 50, "rejected", error="Rejected"),
            op("a", "run", 51, 52),
            at_last("rejected"),
        ],
    ),
    "refused though nobody else claimed": (
        "no_run_without_approval",
        [
            *APPROVED,
            op("a", "claim", 40, 50, "executing", at_least=True, error="AlreadyClaimed"),
            at_last("approved"),
        ],
    ),
    "an asking that is not there in the end": ("nothing_lost", [asked()]),
    "an asking that cannot be found in the end": (
        "nothing_lost",
        [asked(), op("z", "last read", 900, 910, error="LedgerUnavailable")],
    ),
    "an asking that became another": ("nothing_lost", [asked(), at_last("pending", key="other")]),
    "two requests under one key": (
        "one_request_for_a_key",
        [
            asked(),
            asked("b", 3, 14, request="r2"),
            at_last("pending"),
            op("z", "last read", 900, 910, "pending", "r2", key="k"),
        ],
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_history_that_can_be_is_let_pass(name: str) -> None:
    assert wrong(GOOD[name]) == []


@pytest.mark.parametrize("name", BAD)
def test_a_history_that_cannot_be_is_refused_for_the_right_reason(name: str) -> None:
    rule, history = BAD[name]
    assert f": {rule}: " in "".join(wrong(history))


@pytest.mark.parametrize("name", BAD)
def test_the_order_in_which_operations_are_listed_does_not_matter(name: str) -> None:
    rule, history = BAD[name]
    assert f": {rule}: " in "".join(wrong(history[::-1]))


def test_every_rule_is_needed_by_some_history() -> None:
    rules = {rule.__name__ for rule in RULES} | {one_request_for_a_key.__name__}
    assert {rule for rule, _ in BAD.values()} == rules


def test_what_is_written_down_is_read_back_and_what_was_cut_short_has_no_end(tmp_path: Path) -> None:
    record = Recorder(tmp_path, "a-1")
    record.do("ask", "", lambda: {"request": R, "state": "pending", "at_least": True}, key="k")
    with pytest.raises(KeyboardInterrupt):
        record.do("claim", R, _killed)
    first, second = read(tmp_path)
    assert (first.request, first.key, first.state, first.at_least) == (R, "k", "pending", True)
    assert first.end is not None
    assert first.begin <= first.end <= second.begin
    assert (second.verb, second.end) == ("claim", None)


def _killed() -> dict[str, Any]:
    raise KeyboardInterrupt


def test_a_line_that_was_cut_short_is_no_answer(tmp_path: Path) -> None:
    begun = json.dumps({"op": 1, "process": "a", "verb": "run", "request": R, "begin": 1})
    (tmp_path / "a.jsonl").write_text(f'{begun}\n{{"op": 1, "end"')
    assert [one.end for one in read(tmp_path)] == [None]
