"""The mode `signed`: only a signature over the recorded request counts, and only while its key is good."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import hitl_vault as hv
from hitl_vault import acts
from hitl_vault.trust.envelope import Signed, read_signed
from hitl_vault.trust.hmac_form import sign as short_mac
from hitl_vault.trust.hmac_form import signed_text
from hitl_vault.trust.signatures import sign_with_ssh
from hitl_vault.trust.signers import Signers
from hitl_vault.verbs.claiming import Claiming
from tests.conftest import Clock
from tests.house import House, eventually
from tests.ssh_keys import KINDS, make_key, public, ssh_agent


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("ssh")
    kinds = {"ana": KINDS["ed25519"], "ben": KINDS["ecdsa-256"], "eve": KINDS["rsa"]}
    return {name: make_key(folder, name, *kind) for name, kind in kinds.items()}


@pytest.fixture
def house(home: House, keys: dict[str, Path]) -> House:
    """A vault where ana and ben may sign; eve has a key that is not listed."""
    home.found(mode="signed", approvers='["ana", "ben", "eve"]')
    with hv.open_gate(home.root, state_dir=home.state, keeper=False) as gate:
        for name in ("ana", "ben"):
            gate.keys.add_signer(name, public(keys[name]))
    return home


Sign = Callable[..., str]


@pytest.fixture
def sign(house: House, keys: dict[str, Path]) -> Sign:
    """Sign as somebody with their key."""
    gate = house.gate("signer", keeper=False)
    return lambda id, verdict="approve", by="ana", key="": gate.sign(id, verdict, by=by, key=keys[key or by])


@pytest.mark.parametrize("by", ["ana", "ben"])
@pytest.mark.parametrize(
    ("verdict", "state"), [("approve", hv.State.APPROVED), ("reject", hv.State.REJECTED)]
)
def test_a_signature_decides(house: House, sign: Sign, by: str, verdict: str, state: hv.State) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("deploy", {"version": "1.4"})
    record = gate.decide(request.id, verdict, by=by, signature=sign(request.id, verdict, by))
    assert (record.state, record.decision and record.decision.by) == (state, (by,))
    proof = record.votes[0].proof or {}
    assert (proof["kind"], proof["key"]) == ("ssh", next(k.id for k in gate.keys.list() if k.name == by))


def test_a_signature_pasted_into_the_note_decides_and_says_whose_it_is(house: House, sign: Sign) -> None:
    gate = house.gate()
    request = gate.ask("deploy", {"version": "1.4"})
    house.vote(request, "approved", signature=sign(request.id))
    assert gate.wait(request.id, 8).by == ("ana",)


def test_moving_the_note_counts_with_its_signature(house: House, sign: Sign) -> None:
    gate = house.gate()
    request = gate.ask("deploy", {"version": "1.4"})
    note = house.edit(request, ('signature: ""', f'signature: "{sign(request.id, "reject", "ben")}"'))
    note.rename(house.path(request, "Rejected"))
    assert gate.wait(request.id, 8).by == ("ben",)


def test_an_answer_without_a_signature_waits_for_it_and_the_note_says_so(house: House, sign: Sign) -> None:
    gate = house.gate()
    request = gate.ask("deploy")
    house.vote(request, "approved", approver="ana")
    eventually(lambda: house.says(request, "only a signed answer counts"))
    assert house.says(request, "approved"), "what the person wrote stays"
    house.edit(request, ('signature: ""', f'signature: "{sign(request.id)}"'))
    assert gate.wait(request.id, 8).approved


def test_an_answer_without_a_signature_is_refused_to_programs(house: House) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("deploy")
    for code in ("", "ABCD-2345"):
        with pytest.raises(hv.NotAllowed, match="needs a signature"):
            gate.decide(request.id, "approve", by="ana", code=code)


def changed(token: str, **fields: str) -> str:
    """Return a signed word with fields of its statement exchanged and its signature kept."""
    signed = read_signed(token)
    values = {**vars(signed.statement), **fields}
    return Signed(scheme=signed.scheme, statement=hv.Statement(**values), signature=signed.signature).text


def test_a_signature_for_another_request_does_not_count(house: House, sign: Sign) -> None:
    """Two requests that differ in nothing but their ids."""
    gate = house.gate(keeper=False)
    first, second = gate.ask_many([{"action": "deploy", "context": {"n": 1}}] * 2)
    assert (first.created, first.expires) == (second.created, second.expires)
    with pytest.raises(hv.SignatureInvalid, match="another request"):
        gate.decide(second.id, "approve", by="ana", signature=sign(first.id))
    assert gate.get(second.id).state is hv.State.PENDING


def test_no_field_of_what_was_signed_can_be_exchanged_for_that_of_another_vote(
    house: House, sign: Sign
) -> None:
    """Every field is taken over from a good signature on something else, one at a time and in pairs."""
    gate = house.gate(keeper=False)
    first, second = gate.ask("deploy", {"n": 1}), gate.ask("deploy", {"n": 2}, timeout="2h")
    mine = sign(first.id, "reject", "ben")
    wanted = vars(gate.statement(second.id, "approve", by="ana"))
    fields = list(wanted)
    for one in fields:
        for other in fields:
            forged = changed(mine, **{one: wanted[one], other: wanted[other]})
            with pytest.raises(hv.SignatureInvalid):
                gate.decide(second.id, "approve", by="ana", signature=forged)
    with pytest.raises(hv.SignatureInvalid, match="does not hold"):
        gate.decide(second.id, "approve", by="ana", signature=changed(mine, **wanted))


@pytest.mark.parametrize(
    ("by", "verdict", "told"),
    [("ben", "approve", "another approver"), ("ana", "reject", "another answer")],
)
def test_a_signature_is_good_for_one_person_and_one_answer(
    house: House, sign: Sign, by: str, verdict: str, told: str
) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("deploy")
    with pytest.raises(hv.SignatureInvalid, match=told):
        gate.decide(request.id, verdict, by=by, signature=sign(request.id))


def test_a_key_that_is_not_listed_or_is_somebody_elses_does_not_count(house: House, sign: Sign) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("deploy")
    with pytest.raises(hv.SignatureInvalid, match="not listed"):
        gate.decide(request.id, "approve", by="eve", signature=sign(request.id, by="eve"))
    with pytest.raises(hv.SignatureInvalid, match="somebody else"):
        gate.decide(request.id, "approve", by="ana", signature=sign(request.id, by="ana", key="ben"))


def test_a_refused_signature_is_recorded_and_the_note_says_why(house: House, sign: Sign) -> None:
    gate = house.gate()
    first, second = gate.ask("deploy", {"n": 1}), gate.ask("deploy", {"n": 2})
    house.vote(second, "approved", approver="ana", signature=f'"{sign(first.id)}"')
    eventually(lambda: house.says(second, "the signature is for another request"))
    assert gate.history(second.id)[-1].kind is hv.Kind.REFUSED
    assert gate.get(second.id).state is hv.State.PENDING


@pytest.mark.parametrize(
    "signature", ["x", "hv1.ssh.e30.AAAA", "0" * 64, "-----BEGIN SSH SIGNATURE-----", "hv1"]
)
def test_nonsense_is_no_signature(house: House, signature: str) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("deploy")
    with pytest.raises(hv.SignatureInvalid):
        gate.decide(request.id, "approve", by="ana", signature=signature)


@pytest.mark.parametrize("at", [-1, 1])
def test_a_signature_from_before_the_request_or_from_the_future_does_not_count(
    house: House, sign: Sign, keys: dict[str, Path], at: int
) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("deploy")
    elsewhere = House(house.work / "elsewhere")
    moment = request.created + at * timedelta(minutes=6)
    statement = gate.statement(request.id, "approve", by="ana")
    off = hv.Statement(**{**vars(statement), "decided_at": hv.times.text_of(moment)})
    token = sign_with_ssh(off, Signers(elsewhere.state), keys["ana"])
    with pytest.raises(hv.SignatureInvalid, match="check the clock"):
        gate.decide(request.id, "approve", by="ana", signature=token)


@pytest.mark.parametrize("moment", ["soon", "0001-01-01T00:00:00+05:30", "9999-12-31T23:00:00-02:00"])
def test_a_signature_that_names_no_moment_is_refused_and_the_keeper_goes_on(
    house: House, sign: Sign, keys: dict[str, Path], moment: str
) -> None:
    gate = house.gate()
    first, second = gate.ask("deploy", {"n": 1}), gate.ask("deploy", {"n": 2})
    elsewhere = House(house.work / "elsewhere")
    off = hv.Statement(**{**vars(gate.statement(first.id, "approve", by="ana")), "decided_at": moment})
    token = sign_with_ssh(off, Signers(elsewhere.state), keys["ana"])
    house.vote(first, "approved", approver="ana", signature=f'"{token}"')
    eventually(lambda: house.says(first, "does not say when it was made"))
    house.vote(second, "approved", approver="ana", signature=f'"{sign(second.id)}"')
    assert gate.wait(second.id, timeout=5).approved


def test_an_earlier_vote_cannot_be_brought_back(home: House, keys: dict[str, Path]) -> None:
    home.found(mode="signed", approvers='["ana"]')
    gate = home.gate(keeper=False)
    gate.keys.add_signer("ana", public(keys["ana"]))
    request = _two_must_agree(home)
    yes = gate.sign(request.id, "approve", by="ana", key=keys["ana"])
    gate.decide(request.id, "approve", by="ana", signature=yes)
    no = gate.sign(request.id, "reject", by="ana", key=keys["ana"])
    gate.decide(request.id, "reject", by="ana", signature=no)
    with pytest.raises(hv.SignatureInvalid, match="after making this signature"):
        gate.decide(request.id, "approve", by="ana", signature=yes)
    assert [vote.verdict for vote in gate.get(request.id).votes] == [hv.Verdict.REJECT]


def _two_must_agree(house: House) -> hv.Request:
    """Ask something that takes two approvals and two rejections."""
    gate = house.gate("careful", keeper=False)
    requirement = hv.Requirement(mode=hv.Mode.SIGNED, approvers=("ana", "ben"), quorum=2, reject_quorum=2)
    asking = acts.Asking(
        action="deploy", context={}, agent="careful", timeout=timedelta(hours=1), requirement=requirement
    )
    return gate.ledger.write(lambda writer: acts.ask(writer, asking)).request


def test_a_key_that_has_run_out_or_is_not_valid_yet_does_not_count(
    home: House, keys: dict[str, Path], clock: Clock
) -> None:
    home.found(mode="signed", approvers='["ana"]')
    gate = home.gate(keeper=False, clock=clock)
    begins, ends = clock.at + timedelta(days=1), clock.at + timedelta(days=2)
    gate.keys.add_signer("ana", public(keys["ana"]), begins=begins, ends=ends)
    for days, counts in ((0.5, False), (1.5, True), (2.5, False)):
        clock.set(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC) + timedelta(days=days))
        request = gate.ask("deploy")
        signature = gate.sign(request.id, "approve", by="ana", key=keys["ana"])
        if counts:
            assert gate.decide(request.id, "approve", by="ana", signature=signature).decision
        else:
            with pytest.raises(hv.SignatureInvalid, match="not valid at"):
                gate.decide(request.id, "approve", by="ana", signature=signature)


def approved(house: House, sign: Sign, by: str = "ana") -> tuple[hv.Gate, hv.Request]:
    gate = house.gate(keeper=False)
    request = gate.ask("deploy", {"n": 1})
    gate.decide(request.id, "approve", by=by, signature=sign(request.id, by=by))
    return gate, request


def test_what_was_signed_can_be_claimed(house: House, sign: Sign) -> None:
    gate, request = approved(house, sign)
    with gate.claim(request.id, {"n": 1}, action=request.action) as grant:
        assert grant.context == {"n": 1}


def test_what_a_revoked_key_signed_cannot_be_claimed(house: House, sign: Sign) -> None:
    gate, request = approved(house, sign)
    gate.keys.revoke(next(key.id for key in gate.keys.list() if key.name == "ana"))
    with pytest.raises(hv.SignatureInvalid, match="revoked"):
        gate.claim(request.id, {"n": 1}, action=request.action)
    assert gate.get(request.id).state is hv.State.APPROVED
    gate, other = approved(house, sign, by="ben")
    gate.claim(other.id, {"n": 1}, action=other.action).executed()


def test_a_key_revoked_while_the_claim_is_on_its_way_refuses_it(house: House, sign: Sign) -> None:
    """Between the slow check and the transaction."""
    gate, request = approved(house, sign)
    lease = timedelta(seconds=60)
    job = Claiming(gate.ledger, gate.config.state).job(
        request.id, agent=gate.agent, action=request.action, context={"n": 1}, lease=lease
    )
    gate.keys.revoke(next(key.id for key in gate.keys.list() if key.name == "ana"))
    with pytest.raises(hv.SignatureInvalid, match="revoked"):
        gate.ledger.write(job)


def test_a_key_that_ran_out_after_the_vote_refuses_the_claim(
    home: House, keys: dict[str, Path], clock: Clock
) -> None:
    home.found(mode="signed", approvers='["ana"]')
    gate = home.gate(keeper=False, clock=clock)
    gate.keys.add_signer("ana", public(keys["ana"]), ends=clock.at + timedelta(minutes=30))
    request = gate.ask("deploy")
    signature = gate.sign(request.id, "approve", by="ana", key=keys["ana"])
    gate.decide(request.id, "approve", by="ana", signature=signature)
    clock.advance(timedelta(minutes=31))
    with pytest.raises(hv.SignatureInvalid, match="not valid at"):
        gate.claim(request.id, {}, action=request.action)


def test_an_approval_without_a_proof_in_the_record_cannot_be_claimed(house: House, sign: Sign) -> None:
    """As if somebody had written the ledger past this program."""
    gate = house.gate(keeper=False)
    request = gate.ask("deploy")
    vote = {"verdict": "approve", "gesture": "cli", "at": hv.times.text_of(gate.ledger.now()), "by": "ana"}

    def forge(writer: object) -> None:
        writer.append(hv.Kind.VOTED, request.id, vote, mode=hv.Mode.SIGNED)  # type: ignore[attr-defined]
        writer.append(hv.Kind.APPROVED, request.id, {"by": ["ana"]}, mode=hv.Mode.SIGNED)  # type: ignore[attr-defined]

    gate.ledger.write(forge)
    with pytest.raises(hv.SignatureInvalid, match="without the proof"):
        gate.claim(request.id, {}, action=request.action)


def test_the_agent_holds_the_key_and_the_listed_one_is_found(
    house: House, keys: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("deploy")
    with ssh_agent(keys["eve"], keys["ben"]) as socket:
        monkeypatch.setenv("SSH_AUTH_SOCK", socket)
        signature = gate.sign(request.id, "approve", by="ben")
    assert gate.decide(request.id, "approve", signature=signature).decision


def secret_of(gate: hv.Gate, name: str, path: Path) -> bytes:
    gate.keys.share_secret(name, path)
    return bytes.fromhex(path.read_text())


def test_a_program_with_a_shared_secret_signs_the_whole_body(house: House, work: Path) -> None:
    gate = house.gate(keeper=False)
    secret = secret_of(gate, "ana", work / "secret")
    request = gate.ask("deploy", {"n": 1})
    token = hv.sign_with_secret(gate.statement(request.id, "approve", by="ana"), secret)
    record = gate.decide(request.id, "approve", signature=token)
    assert record.decision
    assert record.decision.by == ("ana",)
    gate.claim(request.id, {"n": 1}, action=request.action).executed()


def test_anybody_can_make_that_signature_from_the_documentation(house: House, work: Path) -> None:
    """With nothing of ours: the statement as JSON, DSSE's encoding, HMAC-SHA256, base64url."""
    gate = house.gate(keeper=False)
    secret = secret_of(gate, "ana", work / "secret")
    request = gate.ask("deploy", {"n": 1})
    body = gate.statement(request.id, "approve", by="ana").body
    kind = b"application/vnd.hitl-vault.vote.v1+json"
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)
    mac = hmac.new(secret, message, "sha256").digest()
    words = [urlsafe_b64encode(part).rstrip(b"=").decode() for part in (body, mac)]
    assert gate.decide(request.id, "approve", signature=f"hv1.hmac.{words[0]}.{words[1]}").decision
    assert urlsafe_b64decode(words[0] + "==") == body


def short(request: hv.Request, secret: bytes, decision: str = "approved", by: str = "ana") -> str:
    assert request.expires
    return short_mac(secret, signed_text(request.id, decision, by, request.expires))


def test_the_short_form_decides_and_can_be_claimed(house: House, work: Path) -> None:
    gate = house.gate(keeper=False)
    secret = secret_of(gate, "ana", work / "secret")
    request = gate.ask("deploy", {"n": 1})
    record = gate.decide(request.id, "approve", by="ana", signature=short(request, secret).upper())
    assert record.decision
    gate.claim(request.id, {"n": 1}, action=request.action).executed()


def test_the_short_form_is_good_for_one_request_person_answer_and_deadline(house: House, work: Path) -> None:
    gate = house.gate(keeper=False)
    secret = secret_of(gate, "ana", work / "secret")
    request, other = gate.ask("deploy", {"n": 1}), gate.ask("deploy", {"n": 1}, timeout="2h")
    for wrong in (
        short(other, secret),
        short(request, secret, "rejected"),
        short(request, secret, by="ben"),
        short(request, bytes(32)),
    ):
        with pytest.raises(hv.SignatureInvalid, match="does not hold"):
            gate.decide(request.id, "approve", by="ana", signature=wrong)
    with pytest.raises(hv.SignatureInvalid, match="does not hold"):
        gate.decide(request.id, "approve", by="ben", signature=short(request, secret))


def test_the_short_form_needs_a_deadline_and_a_name_without_a_colon(house: House, work: Path) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("deploy", timeout=None)
    with pytest.raises(hv.SignatureInvalid, match="deadline"):
        gate.decide(request.id, "approve", by="ana", signature="0" * 64)
    other = gate.ask("deploy")
    with pytest.raises(hv.SignatureInvalid, match="short form cannot say"):
        gate.decide(other.id, "approve", by="ana:x", signature="0" * 64)


def test_a_second_vote_in_the_short_form_does_not_count(house: House, work: Path) -> None:
    gate = house.gate(keeper=False)
    secret = secret_of(gate, "ana", work / "secret")
    request = _two_must_agree(house)
    gate.decide(request.id, "approve", by="ana", signature=short(request, secret))
    for decision, verdict in (("rejected", "reject"), ("approved", "approve")):
        with pytest.raises(hv.SignatureInvalid, match="has voted before"):
            gate.decide(request.id, verdict, by="ana", signature=short(request, secret, decision))


def test_after_a_rotation_old_secrets_only_verify_and_after_a_revocation_nothing(
    house: House, work: Path
) -> None:
    gate = house.gate(keeper=False)
    secret = secret_of(gate, "ana", work / "secret")
    request, late = gate.ask("deploy", {"n": 1}), gate.ask("deploy", {"n": 2})
    gate.decide(request.id, "approve", by="ana", signature=short(request, secret))
    old = gate.keys.list()[0].id
    gate.keys.rotate()
    with pytest.raises(hv.SignatureInvalid, match="rotated"):
        gate.decide(late.id, "approve", by="ana", signature=short(late, secret))
    fresh = secret_of(gate, "ana", work / "fresh")
    assert fresh != secret
    gate.decide(late.id, "approve", by="ana", signature=short(late, fresh))
    gate.claim(late.id, {"n": 2}, action=late.action).executed()
    gate.keys.revoke(old)
    with pytest.raises(hv.SignatureInvalid):
        gate.claim(request.id, {"n": 1}, action=request.action)


def test_a_secret_is_shared_only_into_a_new_private_file_outside_the_vault(house: House, work: Path) -> None:
    gate = house.gate(keeper=False)
    for name in ("ana", "ben"):
        gate.keys.share_secret(name, work / name)
    assert (work / "ana").stat().st_mode & 0o777 == 0o600
    assert (work / "ana").read_text() != (work / "ben").read_text()
    with pytest.raises(FileExistsError):
        gate.keys.share_secret("ana", work / "ana")
    (work / "link").symlink_to(house.root, target_is_directory=True)
    for inside in (house.root / "secret", work / "link" / "secret"):
        with pytest.raises(hv.ConfigError, match="lies in the vault"):
            gate.keys.share_secret("ana", inside)


def test_changes_of_keys_are_recorded_without_anything_secret(
    house: House, work: Path, keys: dict[str, Path]
) -> None:
    gate = house.gate(keeper=False)
    gate.keys.rotate()
    secret = secret_of(gate, "ana", work / "secret").hex()
    signer = gate.keys.add_signer("eve", public(keys["eve"]))
    gate.keys.revoke(signer.id)
    entries = [entry for entry in gate.ledger.entries() if entry.kind is hv.Kind.KEYED]
    did = [entry.body["did"] for entry in entries]
    assert did == ["signer added"] * 2 + ["rotated", "secret shared", "signer added", "revoked"]
    master = (gate.config.state / "keys.json").read_text().split('"secret": "')[1][:64]
    for told in ("\n".join(gate.ledger.export()), repr(gate.keys.list()), repr(vars(gate.keys))):
        assert secret not in told
        assert master not in told
    assert gate.ledger.verify() == len(list(gate.ledger.entries()))


def test_the_short_form_does_not_cover_changed_values(house: House, work: Path) -> None:
    gate = house.gate("careful", keeper=False)
    secret = secret_of(gate, "ana", work / "secret")
    requirement = hv.Requirement(mode=hv.Mode.SIGNED, approvers=("ana",), edits=("amount",))
    asking = acts.Asking(
        action="refund",
        context={"amount": 900},
        agent="careful",
        timeout=timedelta(hours=1),
        requirement=requirement,
    )
    request = gate.ledger.write(lambda writer: acts.ask(writer, asking)).request
    token = short(request, secret)
    with pytest.raises(hv.SignatureInvalid, match="changed values"):
        gate.decide(request.id, "approve", by="ana", signature=token, edits={"amount": 800})
    edited = hv.sign_with_secret(
        gate.statement(request.id, "approve", by="ana", edits={"amount": 800}), secret
    )
    gate.decide(request.id, "approve", by="ana", signature=edited, edits={"amount": 800})
    assert gate.claim(request.id, {"amount": 800}, action=request.action).context == {"amount": 800}


def test_a_signature_that_cannot_be_checked_does_not_count_and_the_keeper_goes_on(
    house: House, sign: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = house.gate()
    first, second = gate.ask("deploy", {"n": 1}), gate.ask("deploy", {"n": 2})
    one, other = sign(first.id), sign(second.id)
    with monkeypatch.context() as without:
        without.setenv("PATH", "")
        house.vote(first, "approved", signature=one)
        eventually(lambda: house.says(first, "openssh-client"))
    house.vote(second, "approved", signature=other)
    assert gate.wait(second.id, 8).approved
    assert gate.get(first.id).state is hv.State.PENDING


def test_verifying_the_record_checks_every_signature_and_names_the_entry_that_lacks_one(
    house: House, sign: Sign, work: Path
) -> None:
    gate, _ = approved(house, sign)
    secret = secret_of(gate, "ana", work / "secret")
    request = gate.ask("deploy", {"n": 2})
    gate.decide(request.id, "reject", by="ana", signature=short(request, secret, "rejected"))
    gate.keys.revoke(next(key.id for key in gate.keys.list() if key.name == "ana"))
    gate.keys.revoke(gate.keys.list()[0].id)
    assert hv.verify_vault(gate.config, gate.ledger).proofs == 2
    other = gate.ask("deploy", {"n": 3})
    stolen = gate.get(request.id).votes[0].proof
    at = hv.times.text_of(gate.ledger.now())
    vote = {"verdict": "approve", "gesture": "cli", "at": at, "by": "ana", "proof": stolen}
    forged = gate.ledger.write(lambda w: w.append(hv.Kind.VOTED, other.id, vote, mode=hv.Mode.SIGNED))
    with pytest.raises(hv.LedgerBroken, match=f"entry {forged.seq}") as caught:
        hv.verify_vault(gate.config, gate.ledger)
    assert caught.value.seq == forged.seq
