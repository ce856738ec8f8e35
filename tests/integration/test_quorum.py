"""Several people answer one request, in the note, from the command line and from programs."""

from __future__ import annotations

from functools import partial

import pytest

import hitl_vault as hv
from tests.house import House, eventually
from tests.house import ask as asked

CONTEXT = {"order": "A-17", "eur": 900}
ask = partial(asked, context=CONTEXT, quorum=2)


def votes(gate: hv.Gate, request: hv.Request) -> list[tuple[str, str]]:
    return [(vote.by, str(vote.verdict)) for vote in gate.get(request.id).votes]


def taken_up(house: House, gate: hv.Gate, request: hv.Request, *by: str) -> None:
    """Wait until the votes of these people are recorded and the note is given back."""
    eventually(lambda: sorted(name for name, _ in votes(gate, request)) == sorted(by))
    eventually(lambda: house.says(request, 'status: "pending"') and house.says(request, 'approver: ""'))


def test_each_vote_is_taken_up_into_the_note_and_the_fields_are_given_back(house: House) -> None:
    gate = house.gate()
    request = ask(gate)
    house.edit(
        request,
        ('approver: ""', "approver: ana"),
        ('comment: ""', "comment: looks right"),
        ("- [ ] Approve", "- [x] Approve"),
        end="From ana.\n",
    )
    taken_up(house, gate, request, "ana")
    note = house.note(request).read_text()
    at = hv.times.readable(gate.get(request.id).votes[0].at)[11:16]
    assert f"1 of 2: ana, {at} UTC" in note
    assert "ana: looks right" in note
    assert "- [ ] Approve" in note
    assert 'comment: ""' in note
    assert note.endswith("From ana.\n")
    house.vote(request, "approved", approver="ben", comment="me too")
    decision = gate.wait(request.id, timeout=5)
    assert (decision.state, decision.by) == ("approved", ("ana", "ben"))
    assert decision.comment == "ana: looks right\nben: me too"
    assert decision.notes == "From ana.\n"


def test_votes_by_note_command_and_program_add_up(house: House) -> None:
    gate = house.gate()
    request = ask(gate, quorum=3)
    house.note(request).rename(house.path(request, "Approved"))
    eventually(lambda: house.says(request, "each has to be named"))
    gate.decide(request.id, "approve", by="ana", gesture=hv.Gesture.CLI)
    eventually(lambda: house.says(request, "1 of 3: ana"))
    house.vote(request, "approved", approver="ben")
    taken_up(house, gate, request, "ana", "ben")
    gate.decide(request.id, "approve", by="carl")
    assert gate.wait(request.id, timeout=5).by == ("ana", "ben", "carl")
    assert house.note(request, "Approved")


@pytest.mark.parametrize("again", ["ana", "Ana ", '"ANA"', "a\u200bna"], ids=ascii)
def test_one_person_counts_once_however_the_name_is_spelled_and_is_told_so(house: House, again: str) -> None:
    gate = house.gate()
    request = ask(gate)
    house.vote(request, "approved", approver="ana")
    taken_up(house, gate, request, "ana")
    house.vote(request, "approved", approver=again)
    eventually(lambda: house.says(request, "Not counted twice"))
    assert votes(gate, request) == [("ana", "approve")]
    assert gate.get(request.id).state == "pending"
    assert gate.decide(request.id, "approve", by="ana").seq == gate.get(request.id).seq
    gate.decide(request.id, "approve", by="ben")
    assert gate.wait(request.id, timeout=5).by == ("ana", "ben")


def test_a_changed_vote_replaces_the_earlier_one(house: House) -> None:
    gate = house.gate()
    request = ask(gate, reject_quorum=2)
    house.vote(request, "approved", approver="ana")
    taken_up(house, gate, request, "ana")
    house.vote(request, "rejected", approver="ana")
    eventually(lambda: votes(gate, request) == [("ana", "reject")])
    eventually(lambda: house.says(request, "Approvals   0 of 2\n"))
    house.vote(request, "approved", approver="ben")
    eventually(lambda: house.says(request, "1 of 2: ben"))
    assert gate.get(request.id).state == "pending"
    gate.decide(request.id, "reject", by="carl")
    assert gate.wait(request.id, timeout=5).by == ("ana", "carl")


def test_one_rejection_ends_it_unless_more_are_wanted(house: House) -> None:
    gate = house.gate()
    request = ask(gate)
    house.vote(request, "approved", approver="ana")
    taken_up(house, gate, request, "ana")
    house.vote(request, "rejected", approver="ben", comment="too much")
    decision = gate.wait(request.id, timeout=5)
    assert (decision.state, decision.by, decision.comment) == ("rejected", ("ben",), "too much")


def test_a_vote_without_a_name_fills_no_quorum_and_the_note_says_why(house: House) -> None:
    house.close()
    settings = house.root / ".hitl" / "vault.yaml"
    settings.write_text(settings.read_text().replace('approver: ""', 'approver: "ana"'))
    gate = house.gate()
    request = ask(gate)
    house.vote(request, "approved")
    eventually(lambda: house.says(request, "it takes 2 people to approve"))
    assert votes(gate, request) == []
    house.edit(request, ("- [ ] Reject", "- [x] Reject"))
    assert gate.wait(request.id, timeout=5).by == ("ana",), "one rejection needs no name"


def test_a_comment_that_is_required_is_asked_for(house: House) -> None:
    gate = house.gate()
    request = ask(gate, quorum=1, comment_required=True)
    house.vote(request, "approved", approver="ana")
    eventually(lambda: house.says(request, "needs a comment"))
    with pytest.raises(hv.NotAllowed, match="needs a comment"):
        gate.decide(request.id, "approve", by="ana")
    house.vote(request, "approved", comment="seen")
    assert gate.wait(request.id, timeout=5).by == ("ana",)


def crash_between_commit_and_redraw(house: House, request: hv.Request) -> None:
    """Record the vote that stands in the note, and die before the note is drawn again."""
    process = house.script(
        f"""
        import os
        from hitl_vault.keeper.projector import Projector
        Projector.project = lambda *a, **k: os._exit(9)
        gate.wait({request.id!r})
        """,
    )
    process.process.wait()


@pytest.mark.parametrize("settle", ["0.05s", "0s"])
def test_a_note_that_still_says_approved_after_a_crash_is_not_counted_again(home: House, settle: str) -> None:
    home.found(settle=settle)
    gate = home.gate()
    request = ask(gate, reject_quorum=2)
    home.note(request)
    home.close()
    home.vote(request, "approved", approver="ana")
    crash_between_commit_and_redraw(home, request)
    gate = home.gate(keeper=False)
    assert votes(gate, request) == [("ana", "approve")]
    assert home.says(request, "status: approved")
    gate.decide(request.id, "reject", by="ana")
    gate = home.gate()
    taken_up(home, gate, request, "ana")
    assert votes(gate, request) == [("ana", "reject")]
    assert [str(entry.kind) for entry in gate.history(request.id)] == ["asked", "voted", "voted"]
    assert not home.says(request, "Not counted")
