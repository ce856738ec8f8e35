"""Codes, signatures, keys and files on the command line."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.acceptance.shell import Shell
from tests.house import House, eventually
from tests.ssh_keys import make_key, public


@pytest.fixture
def house(home: House) -> House:
    return home


@pytest.fixture
def signed(house: House, hitl: Shell, work: Path) -> Path:
    """A vault in the mode `signed` where ana's key is listed; returns her key's file."""
    house.found(mode="signed", approvers='["ana"]')
    key = make_key(work, "ana")
    result = hitl("keys", "add-signer", "ana", f"{key}.pub")
    assert (result.code, result.err) == (0, "")
    return key


@pytest.mark.parametrize(("verb", "state"), [("approve", "approved"), ("reject", "rejected")])
def test_an_answer_is_signed_after_the_recorded_request_was_shown(
    hitl: Shell, signed: Path, monkeypatch: pytest.MonkeyPatch, verb: str, state: str
) -> None:
    id = hitl.ask("--context", '{"amount": 900}')

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("n\ny\n"))
    refused = hitl(verb, id, "--sign", str(signed), "--by", "ana")
    assert (refused.code, "nothing was signed" in refused.err) == (1, True)
    done = hitl(verb, id, "--sign", str(signed), "--by", "ana")
    assert (done.code, state in done.out) == (0, True)
    assert '"amount": 900' in done.err
    assert f"as: {verb}? [y/N]" in done.err


def test_without_a_terminal_signing_needs_a_yes_given_beforehand(hitl: Shell, signed: Path) -> None:
    id = hitl.ask()
    refused = hitl("approve", id, "--sign", str(signed), "--by", "ana")
    assert (refused.code, "--yes" in refused.err) == (2, True)
    done = hitl("approve", id, "--sign", str(signed), "--by", "ana", "--yes", "--json")
    assert [answer["state"] for answer in done.json] == ["approved"]


def test_an_answer_without_a_signature_says_how_to_give_one(hitl: Shell, signed: Path) -> None:
    result = hitl("approve", hitl.ask(), "--by", "ana")
    assert (result.code, "hitl approve ID --sign" in result.err) == (1, True)


def test_keys_are_listed_rotated_and_revoked(hitl: Shell, signed: Path) -> None:
    assert hitl("keys", "rotate").code == 0
    listed = hitl("keys", "list", "--json").json
    assert [(key["kind"], key["status"]) for key in listed] == [("secret", "current"), ("signer", "current")]
    signer = listed[1]
    assert (signer["name"], signer["type"]) == ("ana", "ssh-ed25519")
    assert hitl("keys", "revoke", signer["id"]).code == 0
    assert re.search(rf"{re.escape(signer['id'])} +revoked +ana", hitl("keys", "list").out)
    refused = hitl("approve", hitl.ask(), "--sign", str(signed), "--by", "ana", "--yes")
    assert (refused.code, "revoked" in refused.err) == (1, True)
    assert hitl("keys", "revoke", "SHA256:none").code == 1


def test_a_signer_has_a_term(hitl: Shell, signed: Path, work: Path) -> None:
    other = make_key(work, "ben")
    dates = ("--valid-from", "2026-01-01", "--valid-until", "2026-02-01T12:00:00+02:00")
    assert hitl("keys", "add-signer", "ben", public(other), *dates).code == 0
    ben = hitl("keys", "list", "--json").json[-1]
    assert (ben["begins"], ben["ends"]) == ("2026-01-01T00:00:00.000000Z", "2026-02-01T10:00:00.000000Z")
    assert hitl("keys", "add-signer", "cyd", public(other), "--valid-until", "soon").code == 2


def test_a_private_key_is_not_taken_for_a_public_one(hitl: Shell, signed: Path) -> None:
    result = hitl("keys", "add-signer", "ben", str(signed))
    assert (result.code, "private key" in result.err) == (2, True)


def test_a_shared_secret_goes_into_a_file_and_nowhere_else(hitl: Shell, signed: Path, work: Path) -> None:
    result = hitl("keys", "share-secret", "ana", str(work / "secret"))
    secret = (work / "secret").read_text().strip()
    assert (result.code, len(secret)) == (0, 64)
    for told in (result.out, result.err, hitl("keys", "list", "--json").out, hitl("log", "--json").out):
        assert secret not in told
    assert hitl("keys", "share-secret", "ana", str(work / "secret")).code == 1


def test_codes_are_given_as_an_option_or_on_the_standard_input(
    house: House, hitl: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = house.found(mode="code", approvers='["ana"]')
    house.gate("keeper")
    for code_words in ("option", "input"):
        id = hitl.ask()
        file = config.state / "codes" / f"{id}.ana.txt"
        eventually(lambda: house.gate(keeper=False).get(id).codes.sent)  # noqa: B023
        code = re.findall(r"approve: +(\S+)", file.read_text())[0]
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{code}\n"))
        words = ("--code", code) if code_words == "option" else ("--code", "-")
        assert hitl("approve", id, "--by", "ana", *words).code == 0
        assert code.replace("-", "") not in hitl("show", id, "--json").out.replace("-", "")
    refused = hitl("approve", hitl.ask(), "--by", "ana", "--code", "x", "--sign")
    assert refused.code == 2


def test_codes_are_delivered_by_a_command_from_then_on(house: House, hitl: Shell) -> None:
    config = house.found(mode="code", approvers='["ana"]')
    assert hitl("keys", "deliver", "--", "mail", "-s", "Approval {request}", "{approver}").code == 0
    assert (
        config.state / "code-command.json"
    ).read_text() == '["mail", "-s", "Approval {request}", "{approver}"]'
    assert str(config.state / "codes") in hitl("keys", "deliver").out


def test_files_are_bound_and_shown(house: House, hitl: Shell, work: Path) -> None:
    house.found()
    (work / "a=b.yml").write_text("x")
    (work / "c.yml").write_text("y")
    id = hitl.ask("--file", str(work / "a=b.yml"), "--file", f"config={work / 'c.yml'}")
    files = hitl("show", id, "--json").json["request"]["files"]
    assert [(file["name"], file["path"]) for file in files] == [
        ("a=b.yml", str(work / "a=b.yml")),
        ("config", str(work / "c.yml")),
    ]
    assert files[1]["sha256"][:16] in hitl("show", id).out.replace("\n", "").replace(" ", "")
    assert hitl("request", "deploy", "--file", str(work / "absent")).code == 1


def test_a_command_whose_file_was_exchanged_does_not_run(house: House, hitl: Shell, work: Path) -> None:
    house.found()
    (work / "script.sh").write_text("echo harmless")
    command = ("--file", str(work / "script.sh"), "--", "sh", str(work / "script.sh"))
    running = hitl.start("run", "script", *command)
    gate = house.gate(keeper=False)
    record = eventually(lambda: next(gate.pending(), None))
    (work / "script.sh").write_text("echo harmful")
    gate.decide(record.id, "approve", by="ana")
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (1, "")
    assert "script.sh" in err
    assert gate.get(record.id).state is hv.State.APPROVED
