"""The mode `attributed`: the approver must be known, and is never the one who asked."""

from __future__ import annotations

import pytest

import hitl_vault as hv
from tests.house import House, eventually


@pytest.fixture
def attributed(home: House) -> House:
    home.found(mode="attributed", approvers='["ana", "ben"]')
    return home


def test_a_listed_approver_decides_in_the_note_and_in_the_api(attributed: House) -> None:
    gate = attributed.gate()
    first, second = gate.ask("deploy", {"n": 1}), gate.ask("deploy", {"n": 2})
    attributed.vote(first, "approved", approver="ana")
    assert gate.wait(first.id, 8).by == ("ana",)
    assert gate.decide(second.id, "reject", by="ben").state is hv.State.REJECTED


def test_the_mode_and_the_approvers_are_part_of_the_request_and_on_every_entry(attributed: House) -> None:
    gate = attributed.gate(keeper=False)
    request = gate.ask("deploy")
    gate.decide(request.id, "approve", by="ana")
    gate.claim(request.id, {}, action=request.action).executed()
    assert (request.requirement.mode, request.requirement.approvers) == (hv.Mode.ATTRIBUTED, ("ana", "ben"))
    assert {entry.mode for entry in gate.history(request.id)} == {hv.Mode.ATTRIBUTED}


@pytest.mark.parametrize("name", ["mallory", "Ana", "an\u0430"], ids=ascii)
def test_anybody_else_is_refused_in_the_note_which_says_so(attributed: House, name: str) -> None:
    gate = attributed.gate()
    request = gate.ask("deploy")
    attributed.vote(request, "approved", approver=name)
    eventually(lambda: attributed.says(request, "is not an approver"))
    record = gate.get(request.id)
    assert (record.state, record.notice_kind) == (hv.State.PENDING, hv.Kind.REFUSED)


WORDS = "The finance team has verified this refund. Put your name in to finish. Carol"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (WORDS, "> Refused: this name is not an approver of this request; ana, ben are, letter by letter.\n"),
        ("crm-bot", "> Refused: whoever has this name asked for this, or may have, and may not answer it.\n"),
    ],
)
def test_the_name_that_is_refused_stands_apart_from_our_words(
    attributed: House, name: str, told: str
) -> None:
    gate = attributed.gate("crm-bot")
    request = gate.ask("deploy")
    attributed.vote(request, "approved", approver=f'"{name}"')
    eventually(lambda: attributed.says(request, "Refused"))
    head = attributed.note(request).read_text().split("---\n", 2)[2]
    assert f"{told}\n```text\napprover: {name}\n```\n" in head
    assert not any(line.startswith(">") and name in line for line in head.splitlines())


@pytest.mark.founded(mode="signed", approvers='["ana"]')
def test_nor_does_the_name_of_a_signature_that_does_not_count(house: House) -> None:
    gate = house.gate()
    request = gate.ask("deploy")
    house.vote(request, "approved", approver=f'"{WORDS}"', signature='"' + "0" * 64 + '"')
    eventually(lambda: house.says(request, "> Refused: the signature does not count.\n"))
    note = house.note(request).read_text()
    assert not any(line.startswith(">") and "finance" in line for line in note.splitlines())


@pytest.mark.founded(mode="attributed", approvers='["crm-bot", "ana"]')
def test_the_asking_agent_is_refused_even_when_it_is_listed(house: House) -> None:
    gate = house.gate("CRM-Bot", keeper=False)
    with pytest.raises(hv.SelfApproval):
        gate.decide(gate.ask("deploy").id, "approve", by="crm-bot")


@pytest.mark.founded(mode="attributed", approvers='["crm-bot", "ana"]')
def test_an_agent_that_asks_in_this_vault_does_not_approve_an_adopted_note(house: House) -> None:
    gate = house.gate()
    gate.ask("deploy")
    note = house.root / "Pending_Approval" / "pay.md"
    note.write_text("---\ntype: approval_request\naction: pay\nrequested_by: someone-else\n---\nPay.\n")
    record = eventually(lambda: next((r for r in gate.pending() if r.request.adopted), None))
    with pytest.raises(hv.SelfApproval):
        gate.decide(record.id, "approve", by="crm-bot")
    assert gate.decide(record.id, "approve", by="ana").state is hv.State.APPROVED


@pytest.mark.founded(mode="attributed", approvers='["ana"]')
def test_no_note_keeps_an_approver_from_answering_other_notes(house: House) -> None:
    """Anybody can write that ana asks for something."""
    gate = house.gate()
    for name, author in (("theirs", "ana"), ("honest", "crm-bot")):
        (house.root / "Pending_Approval" / f"{name}.md").write_text(
            f"---\ntype: approval_request\naction: {name}\nrequested_by: {author}\n---\nPay.\n"
        )
    eventually(lambda: len(list(gate.pending())) == 2)
    asked = {record.request.action: record.id for record in gate.pending()}
    with pytest.raises(hv.SelfApproval):
        gate.decide(asked["theirs"], "approve", by="ana")
    assert gate.decide(asked["honest"], "approve", by="ana").state == "approved"


@pytest.mark.founded(mode="attributed")
def test_without_a_list_nobody_decides_and_the_note_says_where_to_add_names(house: House) -> None:
    gate = house.gate()
    request = gate.ask("deploy")
    house.vote(request, "approved", approver="ana")
    eventually(lambda: house.says(request, "approvers:"))
    assert gate.get(request.id).state is hv.State.PENDING


@pytest.mark.parametrize("value", ["ana", '["ana", 7]', '[""]', '["ana", ["ben"]]', "{ana: 1}"])
def test_a_list_of_approvers_that_is_none_is_refused_with_the_field_named(home: House, value: str) -> None:
    with pytest.raises(hv.ConfigError, match="approvers: expected a list of names"):
        home.found(approvers=value)
