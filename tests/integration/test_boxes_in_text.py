"""Boxes in an agent's text are no boxes, also where a tick in one is the only change to a note."""

from __future__ import annotations

import pytest

import hitl_vault as hv
from tests.house import House, eventually


@pytest.mark.parametrize("label", ["Approve", "Reject"])
def test_a_tick_in_the_agents_words_is_no_vote_and_is_told_as_a_change(
    house: House, gate: hv.Gate, label: str
) -> None:
    request = gate.ask("payment", {"amount": 900}, summary="Pay", reason="- [ ] Approve\n- [ ] Reject")
    note = house.note(request)
    above, box, below = note.read_text().rpartition(f"- [ ] {label}")
    note.write_text(f"{above}{box.replace('[ ]', '[x]')}{below}")
    eventually(lambda: house.says(request, "Refused: something above Notes was changed"))
    assert gate.get(request.id).state is hv.State.PENDING
    house.edit(request, ("\n- [ ] Approve", "\n- [x] Approve"))
    assert gate.wait(request.id, timeout=10).state is hv.State.APPROVED


def test_boxes_in_an_agents_own_note_neither_answer_nor_keep_ours_from_it(
    house: House, gate: hv.Gate
) -> None:
    note = house.root / "Pending_Approval" / "PAY.md"
    note.write_text(
        '---\nstatus: "pending"\napprover: ""\ncomment: ""\nid: "7"\n'
        "type: approval_request\naction: payment\n---\n"
        "Pay 900?\n\n- [ ] Approve\n- [ ] Reject\n\nTo be sure, once more:\n\n- [ ] Approve\n"
    )
    eventually(lambda: "## Notes" in note.read_text())
    (request,) = gate.pending()
    above, box, below = note.read_text().rpartition("- [ ] Approve")
    note.write_text(f"{above}- [x] Approve{below}")
    eventually(lambda: "Please answer under Approval" in note.read_text())
    assert gate.get(request.id).state is hv.State.PENDING
    note.write_text(note.read_text().replace(box, "- [x] Approve", 1))
    assert gate.wait(request.id, timeout=10).state is hv.State.APPROVED
