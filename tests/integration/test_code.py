"""The mode `code`: only the one-time code sent for this answer counts, once, and five tries are all."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

import hitl_vault as hv
from hitl_vault import acts
from hitl_vault.trust.codes import issue
from hitl_vault.trust.keys import Keys
from tests.house import House, eventually
from tests.ssh_keys import make_key, public

pytestmark = pytest.mark.founded(mode="code", approvers='["ana", "ben"]')


def codes(gate: hv.Gate, request: hv.Request, name: str = "ana") -> dict[str, str]:
    """Return the codes of an approver from the outbox, once the ledger says that they are sent."""

    def sent() -> bool:
        issued = gate.get(request.id).codes.of(name)
        return issued is not None and issued.nonce in gate.get(request.id).codes.sent

    eventually(sent)
    text = (gate.config.state / "codes" / f"{request.id}.{name}.txt").read_text()
    return {verdict: re.findall(rf"Code to {verdict}: +(\S+)", text)[0] for verdict in ("approve", "reject")}


@pytest.mark.parametrize(
    ("verdict", "state"), [("approve", hv.State.APPROVED), ("reject", hv.State.REJECTED)]
)
def test_the_code_for_an_answer_decides(gate: hv.Gate, verdict: str, state: hv.State) -> None:
    request = gate.ask("deploy", {"n": 1})
    record = gate.decide(request.id, verdict, by="ben", code=codes(gate, request, "ben")[verdict])
    assert (record.state, record.decision and record.decision.by) == (state, ("ben",))


@pytest.mark.parametrize(("word", "verdict"), [("approved", "approve"), ("rejected", "reject")])
def test_the_code_typed_into_the_note_decides_and_does_not_stay_there(
    house: House, gate: hv.Gate, word: str, verdict: str
) -> None:
    request = gate.ask("deploy", {"n": 1})
    code = codes(gate, request)[verdict]
    house.vote(request, word, approver="ana", code=code.lower())
    decision = gate.wait(request.id, 8)
    assert (decision.approved, decision.by) == (verdict == "approve", ("ana",))
    folder = "Approved" if verdict == "approve" else "Rejected"
    assert code.lower() not in house.note(request, folder).read_text()


def test_an_answer_without_its_code_waits_for_it_and_keeps_what_was_written(
    house: House, gate: hv.Gate
) -> None:
    request = gate.ask("deploy")
    code = codes(gate, request)["approve"]
    house.vote(request, "approved", approver="ana", code=code[:5])
    eventually(lambda: house.says(request, "the answer needs your one-time code"))
    assert house.says(request, code[:5])
    assert gate.get(request.id).codes.wrong == 0, "a code that is still being typed is no wrong try"
    house.edit(request, (code[:5], code))
    assert gate.wait(request.id, 8).approved


def test_what_is_approved_by_code_can_be_claimed_until_its_key_is_revoked(gate: hv.Gate) -> None:
    requests = [gate.ask("deploy", {"n": n}) for n in (1, 2)]
    for request in requests:
        gate.decide(request.id, "approve", by="ana", code=codes(gate, request)["approve"])
    gate.claim(requests[0].id, {"n": 1}, action=requests[0].action).executed()
    gate.keys.rotate()
    gate.keys.revoke(gate.keys.list()[0].id)
    with pytest.raises(hv.CodeInvalid, match="revoked"):
        gate.claim(requests[1].id, {"n": 2}, action=requests[1].action)


def test_a_code_issued_before_a_rotation_is_still_good(gate: hv.Gate) -> None:
    request = gate.ask("deploy", {"n": 1})
    code = codes(gate, request)["approve"]
    gate.keys.rotate()
    assert gate.decide(request.id, "approve", by="ana", code=code).decision
    gate.claim(request.id, {"n": 1}, action=request.action).executed()


def wrong_tries(gate: hv.Gate, request: hv.Request) -> int:
    refused = [entry for entry in gate.history(request.id) if entry.kind is hv.Kind.REFUSED]
    assert len(refused) == gate.get(request.id).codes.wrong
    return len(refused)


def test_a_wrong_code_is_refused_and_recorded(gate: hv.Gate) -> None:
    request = gate.ask("deploy")
    good = codes(gate, request)["approve"]
    wrong = ("A" if good[0] != "A" else "B") + good[1:]
    with pytest.raises(hv.CodeInvalid, match="wrong try 1 of 5"):
        gate.decide(request.id, "approve", by="ana", code=wrong)
    assert wrong_tries(gate, request) == 1
    assert gate.decide(request.id, "approve", by="ana", code=good).decision


def test_codes_of_another_request_person_or_answer_do_not_count(gate: hv.Gate) -> None:
    first, second = gate.ask("deploy", {"n": 1}), gate.ask("deploy", {"n": 1})
    theirs, others = codes(gate, second, "ben"), codes(gate, first)
    own = codes(gate, second)
    for tries, code in enumerate([others["approve"], theirs["approve"], own["reject"]], 1):
        with pytest.raises(hv.CodeInvalid):
            gate.decide(second.id, "approve", by="ana", code=code)
        assert wrong_tries(gate, second) == tries
    assert gate.get(second.id).state is hv.State.PENDING


def test_five_wrong_codes_lock_the_request_for_codes_and_the_note_says_so(
    house: House, gate: hv.Gate
) -> None:
    request = gate.ask("deploy")
    good = codes(gate, request)["approve"]
    for _ in range(4):
        with pytest.raises(hv.CodeInvalid):
            gate.decide(request.id, "approve", by="ana", code="AAAA-2222")
    eventually(lambda: house.says(request, "wrong try 4 of 5"))
    house.vote(request, "approved", approver="ben", code="AAAA-3333")
    eventually(lambda: house.says(request, "codes do not count for this request any more"))
    assert wrong_tries(gate, request) == 5
    house.close()
    after_restart = house.gate()
    with pytest.raises(hv.NotAllowed, match="do not count"):
        after_restart.decide(request.id, "approve", by="ana", code=good)
    with pytest.raises(hv.NotAllowed, match="do not count"):
        after_restart.decide(request.id, "reject", by="ben", code="AAAA-2222")
    assert wrong_tries(after_restart, request) == 5
    assert after_restart.get(request.id).state is hv.State.PENDING


def test_a_locked_request_still_takes_a_signature(house: House, gate: hv.Gate, work: Path) -> None:
    key = make_key(work, "ana")
    gate.keys.add_signer("ana", public(key))
    request = gate.ask("deploy")
    codes(gate, request)
    for _ in range(5):
        with pytest.raises(hv.CodeInvalid):
            gate.decide(request.id, "approve", by="ana", code="AAAA-2222")
    signature = gate.sign(request.id, "approve", by="ana", key=key)
    assert gate.decide(request.id, "approve", by="ana", signature=signature).decision
    gate.claim(request.id, {}, action=request.action).executed()


def test_tries_at_the_same_time_do_not_get_more_than_five(house: House, gate: hv.Gate) -> None:
    request = gate.ask("deploy")
    codes(gate, request)
    results: list[type[Exception]] = []

    def attempt(n: int) -> None:
        try:
            gate.decide(request.id, "approve", by="ana", code=f"AAAA-{2222 + n}")
        except hv.NotAllowed as error:
            results.append(type(error))

    threads = [threading.Thread(target=attempt, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (results.count(hv.CodeInvalid), len(results)) == (5, 16)
    assert wrong_tries(gate, request) == 5


def test_a_used_code_is_not_good_for_a_second_vote(house: House, gate: hv.Gate) -> None:
    requirement = hv.Requirement(mode=hv.Mode.CODE, approvers=("ana", "ben"), quorum=2, reject_quorum=2)
    asking = acts.Asking(
        action="deploy", context={}, agent="careful", timeout=timedelta(hours=1), requirement=requirement
    )
    request = gate.ledger.write(lambda writer: acts.ask(writer, asking)).request
    mine = codes(gate, request)
    gate.decide(request.id, "approve", by="ana", code=mine["approve"])
    gate.decide(request.id, "reject", by="ana", code=mine["reject"])
    with pytest.raises(hv.CodeInvalid):
        gate.decide(request.id, "approve", by="ana", code=mine["approve"])
    gate.decide(request.id, "reject", by="ben", code=codes(gate, request, "ben")["reject"])
    assert gate.get(request.id).state is hv.State.REJECTED


def test_codes_survive_a_restart(house: House, gate: hv.Gate) -> None:
    request = gate.ask("deploy")
    code = codes(gate, request)["approve"]
    house.close()
    assert house.gate(keeper=False).decide(request.id, "approve", by="ana", code=code).decision


def test_codes_that_were_not_sent_before_a_crash_are_made_anew(house: House) -> None:
    """Issued and never handed to their channel: the keeper died in between."""
    asking = house.gate(keeper=False)
    request = asking.ask("deploy")
    key = Keys(asking.config.state).current(asking.ledger.now())
    lost, words = issue(key, request.digest, "ana")
    asking.ledger.write(lambda writer: acts.issue_codes(writer, request.id, [lost]))
    gate = house.gate()
    fresh = codes(gate, request)
    with pytest.raises(hv.CodeInvalid):
        gate.decide(request.id, "approve", by="ana", code=words[hv.Verdict.APPROVE])
    assert gate.decide(request.id, "approve", by="ana", code=fresh["approve"]).decision


def test_a_code_in_a_note_that_was_changed_is_void_and_a_new_one_is_sent(house: House, gate: hv.Gate) -> None:
    """Its owner has seen other facts; whoever changed them must not use the code for the true ones."""
    request = gate.ask("payment", {"amount": 900})
    seen = codes(gate, request)["approve"]
    house.edit(
        request,
        ('"amount": 900', '"amount": 90'),
        ('status: "pending"', "status: approved"),
        ('approver: ""', "approver: ana"),
        ('code: ""', f"code: {seen}"),
    )
    eventually(lambda: gate.get(request.id).notice_kind is hv.Kind.REFUSED)
    fresh = eventually(lambda: (found := codes(gate, request)["approve"]) != seen and found)
    with pytest.raises(hv.CodeInvalid):
        gate.decide(request.id, "approve", by="ana", code=seen)
    assert gate.decide(request.id, "approve", by="ana", code=fresh).decision


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (hv.Kind.HELD, [("- [ ] Approve", "- [x] Approve"), ("- [ ] Reject", "- [x] Reject")]),
        (hv.Kind.REFUSED, [('status: "pending"', "status: approved\nstatus: approved")]),
        (
            hv.Kind.REFUSED,
            [('status: "pending"', "status: approved"), ('approver: "', 'comment: *x\napprover: "')],
        ),
    ],
    ids=["both boxes", "two words", "not YAML"],
)
def test_a_code_in_a_note_that_decides_nothing_is_void(
    house: House, gate: hv.Gate, kind: hv.Kind, changes: list[tuple[str, str]]
) -> None:
    request = gate.ask("deploy")
    seen = codes(gate, request)["approve"]
    house.edit(request, *changes, ('approver: ""', "approver: ana"), ('code: ""', f"code: {seen.lower()}"))
    fresh = eventually(lambda: (found := codes(gate, request)["approve"]) != seen and found)
    assert gate.get(request.id).notice_kind is kind
    with pytest.raises(hv.CodeInvalid):
        gate.decide(request.id, "approve", by="ana", code=seen)
    assert gate.decide(request.id, "approve", by="ana", code=fresh).decision


def test_a_code_in_a_second_copy_of_the_note_is_void_while_the_note_is_on_hold(
    house: House, gate: hv.Gate
) -> None:
    request = gate.ask("deploy")
    seen = codes(gate, request)["approve"]
    note = house.note(request)
    text = (
        note.read_text().replace('status: "pending"', "status: approved").replace('code: ""', f"code: {seen}")
    )
    note.with_name(f"{request.id} (conflict).md").write_text(text)
    house.vote(request, "rejected")
    fresh = eventually(lambda: (found := codes(gate, request)["approve"]) != seen and found)
    assert gate.decide(request.id, "approve", by="ana", code=fresh).decision


def test_the_right_code_for_the_wrong_answer_is_void_too(house: House, gate: hv.Gate) -> None:
    """Somebody who wants to reject has shown their code to approve."""
    request = gate.ask("deploy")
    seen = codes(gate, request)["approve"]
    house.vote(request, "rejected", approver="ana", code=seen)
    fresh = eventually(lambda: (found := codes(gate, request)["approve"]) != seen and found)
    with pytest.raises(hv.CodeInvalid):
        gate.decide(request.id, "approve", by="ana", code=seen)
    assert gate.decide(request.id, "approve", by="ana", code=fresh).decision


def test_nobody_makes_the_vault_send_codes_without_end(house: House, gate: hv.Gate) -> None:
    request = gate.ask("deploy")
    for times in range(1, 6):
        eventually(lambda: gate.get(request.id).codes.issues.count("ana") == times)  # noqa: B023
        code = codes(gate, request)["approve"]
        if times < 5:
            notice = hv.Notice(text="Seen.", exposed="ana", detail=code[:2] + str(times))
            gate.ledger.write(lambda writer: acts.refuse(writer, request.id, notice))  # noqa: B023
    gate.ledger.write(lambda writer: acts.refuse(writer, request.id, hv.Notice(text="Seen.", exposed="ana")))
    other = gate.ask("deploy")
    codes(gate, other)
    assert gate.get(request.id).codes.issues.count("ana") == 5


def test_the_message_tells_the_request_as_recorded_and_the_outbox_is_private(gate: hv.Gate) -> None:
    request = gate.ask("payment", {"amount": 900, "to": "x\u202ey"}, summary="Nothing to see")
    codes(gate, request)
    file = gate.config.state / "codes" / f"{request.id}.ana.txt"
    text = file.read_text()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    for told in ('"amount":900', "x⟨U+202E⟩y", request.id, request.digest, "crm-bot", "payment"):
        assert told in text
    assert "Nothing to see" not in text, "the agent's own words are not what is decided on"


def test_the_outbox_is_emptied_once_the_request_is_decided(gate: hv.Gate) -> None:
    request = gate.ask("deploy")
    code = codes(gate, request)["reject"]
    gate.decide(request.id, "reject", by="ana", code=code)
    eventually(lambda: not list((gate.config.state / "codes").iterdir()))


RECEIVER = """
import json, os, sys
place = sys.argv[1]
own = open("/proc/self/cmdline", "rb").read().decode(), open("/proc/self/environ", "rb").read().decode()
with open(place, "a") as out:
    out.write(json.dumps([sys.argv[2:], sys.stdin.read(), *own]) + "\\n")
print("noise"); print("noise", file=sys.stderr)
"""


@pytest.fixture
def received(work: Path, house: House) -> Path:
    """Deliver by a command that notes what it was given."""
    (work / "receiver.py").write_text(RECEIVER)
    place = work / "received.jsonl"
    with hv.open_gate(house.root, state_dir=house.state, keeper=False) as gate:
        gate.keys.deliver_codes_with(
            [sys.executable, str(work / "receiver.py"), str(place), "to {approver}", "{request}"]
        )
    return place


def test_a_command_gets_the_codes_on_its_standard_input_and_nowhere_else(
    received: Path, house: House
) -> None:
    gate = house.gate()
    request = gate.ask("deploy", {"n": 1})
    lines = eventually(lambda: received.exists() and len(t := received.read_text().splitlines()) == 2 and t)
    for line, name in zip(map(json.loads, lines), ("ana", "ben"), strict=True):
        words, message, cmdline, environ = line
        assert words == [f"to {name}", request.id]
        for code in re.findall(r"Code to \w+: +(\S+)", message):
            for spelt in (code, code.replace("-", "")):
                assert spelt not in cmdline + environ
    assert not (gate.config.state / "codes").exists()
    eventually(lambda: len(gate.get(request.id).codes.sent) == 2)
    code = re.findall(r"Code to approve: +(\S+)", json.loads(lines[0])[1])[0]
    assert gate.decide(request.id, "approve", by="ana", code=code).decision


@pytest.mark.parametrize("command", [["false"], ["/nonexistent/command"], ["sh", "-c", "cat >&2; exit 3"]])
def test_a_command_that_fails_is_told_without_the_codes_and_counts_as_not_sent(
    house: House, command: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    gate = house.gate(keeper=False)
    gate.keys.deliver_codes_with(command)
    request = gate.ask("deploy")
    told: list[str] = []
    keeper = hv.Keeper(gate.config, gate.ledger, tell=told.append)
    keeper.start()
    eventually(lambda: len(told) >= 2)
    keeper.stop()
    assert all(re.search(r"the codes of \w+ were not sent: the command", line) for line in told[:2])
    assert not any(re.search(r"\b[A-Z][A-Z2-9]{3}-[A-Z2-9]{4}\b", line) for line in [*told, caplog.text])
    assert gate.get(request.id).codes.sent == ()


@pytest.mark.founded(mode="code", approvers='["-oProxyCommand=x"]')
def test_a_name_that_would_be_an_option_is_not_handed_to_the_command(house: House) -> None:
    gate = house.gate(keeper=False)
    gate.keys.deliver_codes_with(["true", "{approver}"])
    gate.ask("deploy")
    told: list[str] = []
    keeper = hv.Keeper(gate.config, gate.ledger, tell=told.append)
    keeper.start()
    eventually(lambda: told)
    keeper.stop()
    assert "begins with '-'" in told[0]


def test_the_ledger_records_that_codes_were_sent_and_never_the_codes(gate: hv.Gate) -> None:
    request = gate.ask("deploy")
    mine = codes(gate, request)
    kinds = [entry.kind for entry in gate.history(request.id)]
    assert kinds[:2] == [hv.Kind.ASKED, hv.Kind.CODED]
    sent = [entry.body for entry in gate.history(request.id) if entry.kind is hv.Kind.SENT]
    assert sent[0] | {"nonces": []} == {"nonces": [], "to": "ana", "by": "outbox"}
    exported = "\n".join(gate.ledger.export())
    for code in mine.values():
        assert code not in exported
        assert code.replace("-", "") not in exported


@pytest.mark.founded(mode="code", approvers='["CRM-Bot", "ana"]')
def test_no_code_goes_to_the_agent_that_asked(house: House) -> None:
    gate = house.gate("crm-bot")
    request = gate.ask("deploy")
    codes(gate, request)
    assert gate.get(request.id).codes.issues == ("ana",)


def test_a_script_without_a_keeper_sends_the_codes_when_it_ends(house: House) -> None:
    code = f"""
import hitl_vault as hv
with hv.open_gate({str(house.root)!r}, agent="script", state_dir={str(house.state)!r}, keeper=False) as gate:
    print(gate.ask("deploy").id)
"""
    id = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    gate = house.gate(keeper=False)
    assert len(gate.get(id).codes.sent) == 2


def test_a_code_does_not_cover_values_that_were_changed_in_the_note(house: House, gate: hv.Gate) -> None:
    """Whoever can write the vault could have changed them; the code was sent for the request as asked."""
    requirement = hv.Requirement(mode=hv.Mode.CODE, approvers=("ana",), edits=("amount",))
    asking = acts.Asking(
        action="refund", context={"amount": 900}, agent="careful", timeout=None, requirement=requirement
    )
    request = gate.ledger.write(lambda writer: acts.ask(writer, asking)).request
    seen = codes(gate, request)["approve"]
    with pytest.raises(hv.CodeInvalid, match="as it was asked"):
        gate.decide(request.id, "approve", by="ana", code=seen, edits={"amount": 800})
    fresh = eventually(lambda: (found := codes(gate, request)["approve"]) != seen and found)
    assert gate.get(request.id).codes.wrong == 0
    record = gate.decide(request.id, "approve", by="ana", code=fresh)
    assert record.decision
    assert record.decision.context == {"amount": 900}
