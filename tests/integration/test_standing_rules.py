"""An approval is remembered: requests like it are approved by a rule that everybody can see and end."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import hitl_vault as hv
from hitl_vault.acts.standing import check_wish
from hitl_vault.domain.decision import Gesture, Verdict, Vote
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.templates import Templates
from tests.faults.puppet import Puppet
from tests.house import House, eventually

CONTEXT = {"to": "ACME", "amount": 50, "memo": "May", "deep": {"iban": "DE00", "ref": 1}}
POLICY = """
format: 1
defaults:
  remember: {longest: 7d, up_to: low, at_most: [amount], free: [memo, deep.ref]}
rules:
  - name: two
    when: 'action == "wire"'
    verdict: ask
    quorum: 2
  - name: never
    when: 'action == "erase"'
    verdict: ask
    remember: never
"""


@pytest.fixture
def house(house: House) -> House:
    (house.root / ".hitl" / "policy.yaml").write_text(POLICY)
    return house


def rule_note(house: House, request: hv.Request) -> Path:
    """Return the note of the rule that the approval of a request made, once it is there."""
    path = house.root / "Standing_Rules" / f"{request.id}.md"
    eventually(path.exists)
    return path


def granted(house: House, gate: hv.Gate, action: str = "notify", **more: Any) -> hv.Request:
    """Ask, approve with a rule for two days, and return the request once the rule's note is there."""
    request = gate.ask(action, CONTEXT | more)
    gate.decide(request.id, "approve", by="ana", remember="2d")
    rule_note(house, request)
    return request


def is_answered(gate: hv.Gate, action: str = "notify", **more: Any) -> bool:
    """Ask something like it, and tell whether a rule answered at once."""
    return gate.get(gate.ask(action, CONTEXT | more).id).state == "approved"


def test_beneath_the_box_stands_what_the_same_is(house: House) -> None:
    context = {"to": "t@x.org", "the amount\nRisk": 1, "amount": 10, "memo": "hi", "deep": {"ref": 1}}
    note = house.note(house.gate().ask("notify", context)).read_text()
    beneath = note.split("- [ ] Reject\n")[1].split("## Context")[0]
    assert beneath.strip().splitlines()[3:-1] == [
        "Action    notify",
        "Asked by  crm-bot",
        r'Equal     "the amount\nRisk", to, deep',
        "At most   amount 10",
        "Anything  memo, deep.ref",
        "Risk      at most low",
    ]


@pytest.mark.parametrize(
    ("old", "new", "span"),
    [
        ('remember: ""', "remember: 2d", timedelta(days=2)),
        ("- [ ] Yes, and the same for 7d", "- [x] Yes, and the same for 7d", timedelta(days=7)),
    ],
)
def test_a_wish_in_the_note_makes_a_rule_that_answers_the_next_request(
    house: House, old: str, new: str, span: timedelta
) -> None:
    gate = house.gate()
    request = gate.ask("notify", CONTEXT)
    house.edit(
        request, (old, new), ('status: "pending"', "status: approved"), ('approver: ""', "approver: ana")
    )
    assert gate.wait(request.id, timeout=5).by == ("ana",)
    rule = gate.get(request.id).standing
    assert rule
    assert (rule.by, rule.ends - rule.granted) == (("ana",), span)
    note = rule_note(house, request).read_text()
    for text in ('status: "active"', f"approval of `{request.id}`", '"amount": 50', "deep.ref", "Granted by"):
        assert text in note
    assert "[[" not in note  # it would lead to the rule's own note, which has the name of the request's
    second = gate.ask("notify", CONTEXT)
    decision = gate.wait(second.id, timeout=5)
    assert (decision.state, decision.rule, decision.by) == ("approved", request.id, ())
    assert f"standing rule {request.id}, made by ana" in decision.ground
    assert "standing rule" in house.note(second, "Approved").read_text()
    eventually(lambda: 'uses: "1"' in rule_note(house, request).read_text())
    gate.claim(second.id, CONTEXT, action=second.action)
    gate.ledger.rebuild()
    gate.ledger.verify()
    assert (gate.ledger.standing(), gate.ledger.uses(request.id)) == ([request.id], 1)


@pytest.mark.parametrize(
    ("changed", "answered"),
    [
        ({}, True),
        ({"amount": 49.5}, True),
        ({"amount": 0}, True),
        ({"memo": {"any": "thing"}}, True),
        ({"deep": {"iban": "DE00", "ref": 99}}, True),
        ({"amount": 50.01}, False),
        ({"amount": -1}, False),
        ({"amount": "50"}, False),
        ({"amount": True}, False),
        ({"amount": None}, False),
        ({"to": "EVIL"}, False),
        ({"deep": {"iban": "DE01", "ref": 1}}, False),
        ({"deep": {"iban": "DE00", "ref": 1, "more": 1}}, False),
        ({"more": 1}, False),
        ({"bulk": True}, False),
    ],
)
def test_a_rule_is_never_wider_than_what_was_approved(
    house: House, changed: dict[str, Any], answered: bool
) -> None:
    gate = house.gate()
    granted(house, gate)
    assert is_answered(gate, **changed) is answered


def test_a_rule_is_for_one_agent_one_action_and_the_risk_that_the_policy_permits(house: House) -> None:
    gate = house.gate()
    granted(house, gate)
    assert not is_answered(gate, "notify2")
    assert not is_answered(house.gate("other-bot"))
    risky = gate.ask("notify", CONTEXT, risk="medium")
    assert gate.get(risky.id).state == "pending"
    assert gate.ask("notify", CONTEXT, files={"f": house.root / ".hitl" / "vault.yaml"})
    assert gate.ledger.uses(gate.standing_rules()[0].id) == 0


def test_a_missing_member_is_not_what_was_approved(house: House) -> None:
    gate = house.gate()
    granted(house, gate)
    request = gate.ask("notify", {k: v for k, v in CONTEXT.items() if k != "amount"})
    assert gate.get(request.id).state == "pending"


def test_once_the_policy_changes_the_rule_answers_nothing(house: House) -> None:
    gate = house.gate()
    granted(house, gate)
    policy = house.root / ".hitl" / "policy.yaml"
    policy.write_text(POLICY.replace("longest: 7d", "longest: 6d"))
    assert not is_answered(gate)
    policy.write_text(POLICY)
    assert is_answered(gate)


@pytest.mark.parametrize("keeper", [True, False])
@pytest.mark.parametrize("how", ["deleted", "revoked", "off", "unreadable", "moved"])
def test_deleting_or_editing_the_note_ends_the_rule_at_once(house: House, how: str, keeper: bool) -> None:
    gate = house.gate()
    request = granted(house, gate)
    if not keeper:
        house.close()
        gate = house.gate(keeper=False)
    assert is_answered(gate)
    note = rule_note(house, request)
    if how == "deleted":
        note.unlink()
    elif how == "unreadable":
        note.write_text("---\nstatus: active\nstatus: active\n---\n")
    elif how == "moved":
        note.rename(house.root / "Done" / note.name)
    else:
        note.write_text(note.read_text().replace('status: "active"', f"status: {how}"))
    assert not is_answered(gate), "no keeper is needed for that"
    gate = house.gate()
    eventually(lambda: gate.get(request.id).standing.ended)  # type: ignore[union-attr]
    assert gate.standing_rules() == []
    if how in ("revoked", "off", "unreadable"):
        eventually(lambda: 'status: "ended"' in note.read_text())
        note.write_text(note.read_text().replace('status: "ended"', "status: active"))
        eventually(lambda: 'status: "ended"' in note.read_text())
    assert not is_answered(gate)
    eventually(lambda: house.says(request, "ended", "Approved"))
    gate.ledger.verify()


def test_a_rule_ends_with_its_time(house: House) -> None:
    at = datetime.now(UTC)
    gate = house.gate(clock=lambda: at)
    request = granted(house, gate)
    at += timedelta(days=2) - timedelta(seconds=1)
    assert is_answered(gate)
    at += timedelta(seconds=1)
    assert not is_answered(gate)
    eventually(lambda: gate.get(request.id).standing.why == "its time is over")  # type: ignore[union-attr]
    eventually(lambda: 'status: "ended"' in rule_note(house, request).read_text())


def test_the_command_and_programs_end_a_rule_too(house: House) -> None:
    gate = house.gate()
    request = granted(house, gate)
    record = gate.revoke(request.id, by="ben", why="enough")
    assert record.standing
    assert record.standing.why == "enough"
    assert gate.revoke(request.id, by="ben").seq == record.seq
    assert not is_answered(gate)
    plain = gate.ask("notify", CONTEXT)
    with pytest.raises(hv.InvalidTransition, match="no standing rule"):
        gate.revoke(plain.id)


@pytest.mark.founded(approver="ana")
def test_who_ends_a_rule_without_a_name_is_who_the_settings_name(house: House) -> None:
    gate = house.gate()
    request = granted(house, gate)
    gate.revoke(request.id)
    *_, last = gate.history(request.id)
    assert (last.kind, last.body["by"]) == (hv.Kind.REVOKED, "ana")


def test_a_note_that_was_changed_widens_nothing_and_is_put_right(house: House) -> None:
    gate = house.gate()
    request = granted(house, gate)
    note = rule_note(house, request)
    before = note.read_text()
    note.write_text(before.replace('"amount": 50', '"amount": 5000').replace("ACME", "EVIL"))
    assert not is_answered(gate, amount=51)
    assert not is_answered(gate, to="EVIL")
    eventually(lambda: "ACME" in note.read_text())
    assert any("EVIL" in path.read_text() for path in house.aside())
    assert is_answered(gate)
    note.write_text(note.read_text() + "My remark.\n")
    time.sleep(0.3)
    assert is_answered(gate)
    eventually(lambda: 'uses: "2"' in note.read_text())
    assert note.read_text().endswith("My remark.\n")


def test_a_planted_rule_is_put_away_and_answers_nothing(house: House) -> None:
    gate = house.gate()
    request = granted(house, gate)
    text = rule_note(house, request).read_text()
    folder = house.root / "Standing_Rules"
    other = gate.ask("notify", CONTEXT | {"amount": 900})
    planted = [folder / f"{other.id}.md", folder / "always.md", folder / "sub" / f"{request.id}.md"]
    (folder / "sub").mkdir()
    for path in planted:
        path.write_text(text.replace(request.id, other.id))
    for path in planted:
        eventually(lambda path=path: not path.exists())
    assert len({path.name.split(" ")[0] for path in house.aside()}) == 3
    assert gate.get(other.id).state == "pending"
    assert not is_answered(gate, amount=900)
    assert is_answered(gate)


def test_a_conflict_copy_that_ends_the_rule_ends_it(house: House) -> None:
    gate = house.gate()
    request = granted(house, gate)
    note = rule_note(house, request)
    copy = note.with_name(f"{request.id} (conflicted copy).md")
    copy.write_text(note.read_text().replace('status: "active"', "status: revoked"))
    eventually(lambda: gate.get(request.id).standing.ended)  # type: ignore[union-attr]
    eventually(lambda: not copy.exists())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"remember": "8d"}, "at most 7d"),
        ({"remember": "0s"}, "at most 7d"),
    ],
)
def test_more_than_the_policy_offers_is_refused(house: House, options: dict[str, Any], told: str) -> None:
    gate = house.gate()
    request = gate.ask("notify", CONTEXT)
    with pytest.raises(hv.NotAllowed, match=told):
        gate.decide(request.id, "approve", by="ana", **options)
    house.vote(request, "approved", remember=options["remember"])
    eventually(lambda: house.says(request, told))
    with pytest.raises(hv.NotAllowed, match="only an approval"):
        gate.decide(request.id, "reject", by="ana", remember="1d")
    assert gate.get(request.id).votes == ()


@pytest.mark.parametrize("action", ["erase", "delete_all"])
def test_nothing_is_offered_where_the_policy_says_never_or_the_risk_is_too_high(
    house: House, action: str
) -> None:
    gate = house.gate()
    request = gate.ask(action, CONTEXT)
    assert "and the same for" not in house.note(request).read_text()
    with pytest.raises(hv.NotAllowed, match="offers no standing rule"):
        gate.decide(request.id, "approve", by="ana", remember="1d")
    house.edit(request, ('comment: ""', 'comment: ""\nremember: 1d'), ("- [ ] Approve", "- [x] Approve"))
    eventually(lambda: house.says(request, "offers no standing rule"))


@pytest.mark.parametrize("mode", ["code", "signed"])
def test_where_no_proof_covers_a_rule_none_is_offered_or_made(home: House, mode: str) -> None:
    home.found(mode=mode, approvers='["ana"]')
    (home.root / ".hitl" / "policy.yaml").write_text(POLICY)
    gate = home.gate(keeper=False)
    request = gate.ask("notify", CONTEXT)
    with pytest.raises(hv.NotAllowed):
        gate.decide(request.id, "approve", by="ana", remember="1d")
    wish = Vote(verdict=Verdict.APPROVE, gesture=Gesture.TICK, at=request.created, remember=timedelta(days=1))
    with pytest.raises(hv.NotAllowed, match="cannot be made with a code or a signature; answer without it"):
        check_wish(gate.get(request.id), wish)
    assert gate.ledger.standing() == []
    note = Drawer(Templates()).draw(gate.get(request.id)).decode()
    assert (note.count("- [ ] Approve"), note.count("the same for"), note.count("\nremember:")) == (1, 0, 0)


@pytest.mark.parametrize(("wishes", "days"), [(("2d", "5d"), 2), (("2d", None), None), ((None, "2d"), None)])
def test_a_quorum_makes_a_rule_only_if_all_wish_it_and_for_the_shortest_time(
    house: House, wishes: tuple[str | None, ...], days: int | None
) -> None:
    gate = house.gate()
    request = gate.ask("wire", CONTEXT | {"amount": 5})
    for name, wish in zip(("ana", "ben"), wishes, strict=True):
        gate.decide(request.id, "approve", by=name, remember=wish)
    rule = gate.get(request.id).standing
    assert (rule and (rule.ends - rule.granted).days) == days


def test_a_crash_before_the_note_is_drawn_leaves_the_rule_off_until_it_is(house: House) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("notify", CONTEXT)
    gate.decide(request.id, "approve", by="ana", remember="2d")
    assert not is_answered(gate)
    gate = house.gate()
    rule_note(house, request)
    assert is_answered(gate)


def test_without_the_folder_no_rule_answers_and_the_keeper_ends_them(house: House) -> None:
    gate = house.gate()
    request = granted(house, gate)
    shutil.rmtree(house.root / "Standing_Rules")
    assert not is_answered(gate)
    eventually(lambda: gate.get(request.id).standing.ended)  # type: ignore[union-attr]


@pytest.mark.parametrize("how", ["deleted", "revoked"])
def test_a_rule_that_was_ended_stays_so_though_its_note_is_put_back(work: Path, how: str) -> None:
    """An agent puts it back a moment later: the keeper has seen it, and waits for nothing."""
    puppet = Puppet(work)
    (puppet.root / ".hitl" / "policy.yaml").write_text(POLICY)
    puppet.stop()
    puppet.begin()
    request = puppet.gate.ask("notify", CONTEXT)
    puppet.gate.decide(request.id, "approve", by="ana", remember="2d")
    puppet.look()
    note = puppet.root / "Standing_Rules" / f"{request.id}.md"
    before = note.read_bytes()
    assert puppet.gate.get(puppet.gate.ask("notify", CONTEXT).id).state == "approved"
    puppet.settle(rescan=False)
    before = note.read_bytes()
    if how == "deleted":
        note.unlink()
    else:
        note.write_bytes(before.replace(b'status: "active"', b"status: revoked"))
    puppet.hear(note)
    puppet.look()  # no time passes
    note.write_bytes(before)
    puppet.hear(note)
    puppet.settle(rescan=True)
    assert puppet.gate.standing_rules() == []
    assert puppet.gate.get(puppet.gate.ask("notify", CONTEXT).id).state == "pending"
    assert 'status: "ended"' in note.read_text()
    puppet.stop()


APPROVED = (('status: "pending"', "status: approved"), ('approver: ""', "approver: ana"))


def test_a_wish_without_an_answer_is_told_in_the_note(house: House) -> None:
    """A file does not say who wrote it: whoever answers then has seen what else the answer does."""
    gate = house.gate()
    request = gate.ask("notify", CONTEXT)
    house.edit(request, ('remember: ""', "remember: 7d"))
    eventually(lambda: house.says(request, "remember: 7d\n```"))
    assert house.says(request, "A standing rule is wished for here")
    house.edit(request, *APPROVED)  # whoever sees that may mean it
    gate.wait(request.id, timeout=5)
    assert gate.get(request.id).standing


def test_no_answer_counts_in_a_note_that_does_not_tell_of_the_wish(house: House) -> None:
    gate = house.gate()
    request = gate.ask("notify", CONTEXT)
    note = house.note(request).read_text()
    house.edit(request, ('remember: ""', "remember: 7d"))
    eventually(lambda: house.says(request, "A standing rule is wished for here"))
    for old, new in (*APPROVED, ('remember: ""', "remember: 7d")):
        note = note.replace(old, new)
    house.path(request).write_text(note)
    eventually(lambda: house.says(request, "Refused: something above Notes was changed"))
    assert (gate.get(request.id).state, gate.standing_rules()) == ("pending", [])


def test_a_wish_that_is_taken_out_is_told_no_more(house: House) -> None:
    gate = house.gate()
    request = gate.ask("notify", CONTEXT)
    house.edit(request, ('remember: ""', 'remember: "7d"'))
    eventually(lambda: house.says(request, "A standing rule is wished for here"))
    house.edit(request, ('remember: "7d"', 'remember: ""'))
    eventually(lambda: not house.says(request, "wished for"))
    house.edit(request, *APPROVED)
    gate.wait(request.id, timeout=5)
    assert gate.get(request.id).standing is None
    assert [entry.kind for entry in gate.history(request.id)][1:3] == ["flagged", "cleared"]


@pytest.mark.founded(mode="attributed", approvers='["ana"]', flag_after="20s")
def test_a_box_ticked_with_nobody_named_is_told_as_a_wish(house: House) -> None:
    gate = house.gate()
    request = gate.ask("notify", CONTEXT)
    house.edit(request, ("- [ ] Yes, and the same for 7d", "- [x] Yes, and the same for 7d"))
    eventually(lambda: house.says(request, "A standing rule is wished for here"))
    assert house.says(request, "nobody is named")
    house.edit(request, ('approver: ""', "approver: ana"))
    gate.wait(request.id, timeout=5)
    assert gate.get(request.id).standing
