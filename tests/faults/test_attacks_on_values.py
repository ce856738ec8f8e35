"""What agents try with the values of a note that an approver may change."""

from __future__ import annotations

import time

import pytest

import hitl_vault as hv
from tests.house import House, ask, eventually

NAMED = ('approver: ""', "approver: ana")
TICKED = ("- [ ] Approve", "- [x] Approve")
MORE = ('"amount": 5,', '"amount": 9000,')
TOLD = "Changed: amount: 5 → 9000"

pytestmark = pytest.mark.founded(mode="attributed", approvers='["ana"]', flag_after="20s")


def offered(gate: hv.Gate) -> hv.Request:
    """Ask for what has two values that an approver may change."""
    context = {"amount": 5, "to": "ACME"}
    return ask(
        gate, context=context, edits=("amount", "to"), mode=hv.Mode.ATTRIBUTED, approvers=("ana",), quorum=1
    )


def change(house: House, request: hv.Request, *more: tuple[str, str]) -> None:
    """Change the amount in the block of values, and whatever else."""
    text = house.note(request).read_text()
    block = text.partition("```json edit\n")[2].partition("```")[0]
    house.edit(request, (block, block.replace(*MORE)), *more)


def test_a_value_changed_without_an_answer_is_told_in_the_note(house: House, gate: hv.Gate) -> None:
    request = offered(gate)
    change(house, request)
    eventually(lambda: house.says(request, TOLD))
    house.edit(request, TICKED, NAMED)  # whoever sees that may mean it
    assert gate.wait(request.id, timeout=5).context["amount"] == 9000


def test_no_answer_counts_in_a_note_that_does_not_tell_it_any_more(house: House, gate: hv.Gate) -> None:
    request = offered(gate)
    before = house.note(request).read_text()
    change(house, request)
    eventually(lambda: house.says(request, TOLD))
    block = before.partition("```json edit\n")[2]
    quiet = before.replace(block, block.replace(*MORE, 1))
    house.path(request).write_text(quiet.replace(*TICKED).replace(*NAMED))
    eventually(lambda: house.says(request, "Refused: something above Notes was changed"))
    assert (gate.get(request.id).state, gate.get(request.id).votes) == ("pending", ())
    assert not house.says(request, "9000,")


@pytest.mark.parametrize(
    "more",
    [TICKED, ('status: "pending"', "status: hmm"), ('status: "pending"', "status: needs_info")],
    ids=["nobody is named", "an unknown word", "no question"],
)
def test_it_is_told_beside_whatever_else_an_answer_lacks(
    house: House, gate: hv.Gate, more: tuple[str, str]
) -> None:
    request = offered(gate)
    change(house, request, more)
    eventually(lambda: house.says(request, TOLD))
    assert gate.get(request.id).votes == ()


def test_values_put_back_are_told_no_more(house: House, gate: hv.Gate) -> None:
    request = offered(gate)
    change(house, request)
    eventually(lambda: house.says(request, TOLD))
    house.edit(request, ('"amount": 9000,', '"amount": 5,'))
    eventually(lambda: not house.says(request, "9000"))
    house.edit(request, TICKED, NAMED)
    assert gate.wait(request.id, timeout=5).changed == ()


def test_what_is_changed_and_answered_in_one_save_is_the_answer(house: House, gate: hv.Gate) -> None:
    request = offered(gate)
    change(house, request, TICKED, NAMED)
    assert gate.wait(request.id, timeout=5).context["amount"] == 9000
    assert [entry.kind for entry in gate.history(request.id)] == ["asked", "voted", "approved"]


def test_once_told_it_is_quiet(house: House, gate: hv.Gate) -> None:
    request = offered(gate)
    change(house, request)
    eventually(lambda: house.says(request, TOLD))
    time.sleep(0.4)
    assert [entry.kind for entry in gate.history(request.id)] == ["asked", "flagged"]
