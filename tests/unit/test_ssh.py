"""SSH signatures, made and verified by OpenSSH itself: what it accepts is accepted, and nothing else."""

from __future__ import annotations

import subprocess
import tempfile
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hitl_vault.errors import ConfigError, SignatureInvalid
from hitl_vault.trust.signers import ALLOWED, NAMESPACE, REVOKED, Signers, principal
from hitl_vault.trust.ssh import sign, sign_as, verify
from hitl_vault.trust.sshsig import armored, fingerprint, read_public_key, signer_of, unarmored
from tests.ssh_keys import KINDS, make_key, public, ssh_agent

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DAY = timedelta(days=1)
MESSAGE = b"DSSEv1 4 vote 2 {}"


def by_hand(path: Path, message: bytes = MESSAGE, namespace: str = NAMESPACE) -> bytes:
    """Sign with `ssh-keygen` alone, with nothing of ours."""
    words = ["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", str(path)]
    done = subprocess.run(words, input=message, capture_output=True, check=True)
    return unarmored(done.stdout.decode())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ssh")


@pytest.fixture(scope="module")
def keys(folder: Path) -> dict[str, Path]:
    return {name: make_key(folder, name, *options) for name, options in KINDS.items()}


@pytest.fixture
def signers(tmp_path: Path, keys: dict[str, Path]) -> Signers:
    signers = Signers(tmp_path / "state")
    signers.add("ana", read_public_key(public(keys["ed25519"])), None, None)
    return signers


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_by_openssh_holds_and_names_its_key(
    kind: str, keys: dict[str, Path], tmp_path: Path
) -> None:
    signers = Signers(tmp_path)
    listed = signers.add("ana", read_public_key(public(keys[kind])), None, None)
    blob = by_hand(keys[kind])
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(keys[kind])], capture_output=True, text=True, check=True
    )
    assert verify(signers, MESSAGE, blob, "ana", NOW) == listed.key.fingerprint == shown.stdout.split()[1]
    assert signer_of(blob) == listed.key.fingerprint


@pytest.mark.parametrize("kind", KINDS)
def test_openssh_accepts_what_is_signed_here(kind: str, keys: dict[str, Path], tmp_path: Path) -> None:
    blob = sign(MESSAGE, keys[kind])
    allowed, signature = tmp_path / "allowed", tmp_path / "signature"
    allowed.write_text(f"ana {public(keys[kind])}")
    signature.write_text(armored(blob))
    words = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-f",
        str(allowed),
        "-I",
        "ana",
        "-n",
        NAMESPACE,
        "-s",
        str(signature),
    ]
    done = subprocess.run(words, input=MESSAGE, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_signature_over_anything_else_does_not_hold(signers: Signers, keys: dict[str, Path]) -> None:
    blob = by_hand(keys["ed25519"])
    for message in (b"", MESSAGE + b" ", MESSAGE[:-1], MESSAGE.replace(b"v1", b"v2")):
        with pytest.raises(SignatureInvalid, match="over something else"):
            verify(signers, message, blob, "ana", NOW)


def test_a_signature_for_another_purpose_does_not_hold(signers: Signers, keys: dict[str, Path]) -> None:
    for namespace in ("git", "file", "hitl-vault2", "hitl"):
        with pytest.raises(SignatureInvalid):
            verify(signers, MESSAGE, by_hand(keys["ed25519"], namespace=namespace), "ana", NOW)


def test_a_signature_with_any_byte_changed_does_not_hold(signers: Signers, keys: dict[str, Path]) -> None:
    blob = by_hand(keys["ed25519"])
    for at in (0, 6, 9, 14, 30, 70, 90, 110, len(blob) // 2, len(blob) - 1):
        changed = blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]
        with pytest.raises(SignatureInvalid):
            verify(signers, MESSAGE, changed, "ana", NOW)
    for cut in (b"", blob[:5], blob[:40], blob[:-1]):
        with pytest.raises(SignatureInvalid):
            verify(signers, MESSAGE, cut, "ana", NOW)


def test_a_key_that_is_not_listed_or_is_somebody_elses_does_not_count(
    signers: Signers, keys: dict[str, Path]
) -> None:
    signers.add("ben", read_public_key(public(keys["ecdsa-256"])), None, None)
    with pytest.raises(SignatureInvalid, match="not listed"):
        verify(signers, MESSAGE, by_hand(keys["rsa"]), "ana", NOW)
    with pytest.raises(SignatureInvalid, match="somebody else"):
        verify(signers, MESSAGE, by_hand(keys["ecdsa-256"]), "ana", NOW)
    with pytest.raises(SignatureInvalid, match="somebody else"):
        verify(signers, MESSAGE, by_hand(keys["ed25519"]), "ben", NOW)


@pytest.mark.parametrize(
    ("begins", "ends", "at", "holds"),
    [
        (NOW, None, NOW - DAY, False),
        (NOW, None, NOW + DAY, True),
        (None, NOW, NOW - DAY, True),
        (None, NOW, NOW + DAY, False),
        (NOW, NOW + 2 * DAY, NOW + DAY, True),
        (NOW, NOW + 2 * DAY, NOW + 3 * DAY, False),
        (NOW, NOW + 2 * DAY, NOW - timedelta(seconds=1), False),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/Los_Angeles"])
def test_a_key_counts_only_while_it_is_valid_whatever_the_time_zone(
    begins: datetime | None,
    ends: datetime | None,
    at: datetime,
    holds: bool,
    zone: str,
    keys: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", zone)
    signers = Signers(tmp_path)
    signers.add("ana", read_public_key(public(keys["ed25519"])), begins, ends)
    blob = by_hand(keys["ed25519"])
    if holds:
        verify(signers, MESSAGE, blob, "ana", at)
    else:
        with pytest.raises(SignatureInvalid, match="not valid at"):
            verify(signers, MESSAGE, blob, "ana", at)


def test_a_revoked_key_does_not_count_and_cannot_be_listed_again(
    signers: Signers, keys: dict[str, Path]
) -> None:
    blob = by_hand(keys["ed25519"])
    key = read_public_key(public(keys["ed25519"]))
    signers.revoke(key.fingerprint)
    with pytest.raises(SignatureInvalid, match="revoked"):
        verify(signers, MESSAGE, blob, "ana", NOW)
    signers.allowed.write_text("")
    with pytest.raises(ConfigError, match="revoked"):
        signers.add("ana", key, None, None)


def test_openssh_itself_refuses_a_revoked_key(
    signers: Signers, keys: dict[str, Path], tmp_path: Path
) -> None:
    """Our own check comes first; the file is there for OpenSSH as well."""
    signers.revoke(read_public_key(public(keys["ed25519"])).fingerprint)
    signature = tmp_path / "signature"
    signature.write_text(armored(by_hand(keys["ed25519"])))
    words = ["ssh-keygen", "-Y", "verify", "-f", str(signers.allowed), "-I", "ana", "-n", NAMESPACE]
    words += ["-s", str(signature), "-r", str(signers.revoked)]
    assert subprocess.run(words, input=MESSAGE, capture_output=True).returncode != 0


@pytest.mark.parametrize(
    "name", ["José García", "*", "a,b", "!ana", 'x" ssh-rsa', "ana@example.org", "% 20", "#ana", "?"]
)
def test_any_name_stands_for_one_person_only(name: str, keys: dict[str, Path], tmp_path: Path) -> None:
    signers = Signers(tmp_path)
    signers.add(name, read_public_key(public(keys["ed25519"])), None, None)
    blob = by_hand(keys["ed25519"])
    assert [signer.name for signer in signers.all()] == [name]
    verify(signers, MESSAGE, blob, name, NOW)
    for other in ("ana", "a", "b", "José", name + "x", "x"):
        with pytest.raises(SignatureInvalid):
            verify(signers, MESSAGE, blob, other, NOW)


def test_two_names_never_share_a_word() -> None:
    names = ["a b", "a%20b", "a+b", "a", "A", "a.", "josé", "jose", "a/b", "*", "%2A"]
    assert len({principal(name) for name in names}) == len(names)


def test_a_key_is_listed_once(signers: Signers, keys: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match="listed for ana already"):
        signers.add("ben", read_public_key(public(keys["ed25519"])), None, None)


def test_lists_that_others_may_open_are_refused(signers: Signers, keys: dict[str, Path]) -> None:
    signers.allowed.chmod(0o666)
    with pytest.raises(ConfigError, match="chmod 600"):
        signers.all()


def test_a_list_that_others_may_write_verifies_nothing(signers: Signers, keys: dict[str, Path]) -> None:
    signers.allowed.chmod(0o666)
    with pytest.raises(ConfigError, match="chmod 600"):
        verify(signers, MESSAGE, by_hand(keys["ed25519"]), "ana", NOW)


def test_lines_written_by_hand_are_read_too(keys: dict[str, Path], tmp_path: Path) -> None:
    lines = ["# who may sign", "", f"ana {public(keys['rsa']).strip()}"]
    lines.append(f'ben valid-before="20300101Z" {public(keys["ecdsa-256"]).strip()}')
    lines.append(f"*@example.org cert-authority {public(keys['ecdsa-521']).strip()}")
    (tmp_path / ALLOWED).write_text("\n".join(lines))
    (tmp_path / ALLOWED).chmod(0o600)
    found = {signer.name: signer for signer in Signers(tmp_path).all()}
    assert found["ana"].key == read_public_key(public(keys["rsa"]))
    assert found["ben"].ends == datetime(2030, 1, 1, tzinfo=UTC)
    verify(Signers(tmp_path), MESSAGE, by_hand(keys["rsa"]), "ana", NOW)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "ssh-ed25519",
            "ssh-ed25519 ???",
            "ssh-ed25519 AAAA",
            "ssh-dss AAAAB3NzaC1kc3M=",
            "ana ssh-ed25519 AAAA",
        ),
        "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJ5kq8zXQUlW1NGqqU6d3oLkLYKd6zqFhJmN2qYFZ4xC",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5kq8zXQUlW1NGqqU6d3oLkLYKd6zqFhJmN2qYFZ4xC\nssh-ed25519 AAAA",
    ],
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="not a public key"):
        read_public_key(text)


def test_a_short_rsa_key_is_refused(folder: Path) -> None:
    path = make_key(folder, "short", "-t", "rsa", "-b", "1024")
    with pytest.raises(ConfigError, match="2048"):
        read_public_key(public(path))


def test_a_security_keys_line_is_read(tmp_path: Path) -> None:
    blob = b"\0\0\0\x1ask-ssh-ed25519@openssh.com" + b"\0\0\0\x20" + bytes(32) + b"\0\0\0\x04ssh:"
    key = read_public_key(f"sk-ssh-ed25519@openssh.com {b64encode(blob).decode()} yubi key")
    assert Signers(tmp_path).add("ana", key, None, None).key.fingerprint == fingerprint(blob)
    assert [signer.key.blob for signer in Signers(tmp_path).all()] == [blob]


def test_the_agent_signs_with_the_key_that_is_listed(
    signers: Signers, keys: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ssh_agent(keys["rsa"], keys["ed25519"]) as socket:
        monkeypatch.setenv("SSH_AUTH_SOCK", socket)
        blob = sign_as(MESSAGE, signers, "ana")
    assert verify(signers, MESSAGE, blob, "ana", NOW) == read_public_key(public(keys["ed25519"])).fingerprint


def test_a_key_in_the_home_folder_signs_where_there_is_no_agent(
    keys: dict[str, Path], signers: Signers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(SignatureInvalid, match="--sign KEY"):
        sign_as(MESSAGE, signers, "ana")
    (tmp_path / ".ssh").mkdir()
    for suffix in ("", ".pub"):
        (tmp_path / ".ssh" / f"id_ed25519{suffix}").symlink_to(f"{keys['ed25519']}{suffix}")
    verify(signers, MESSAGE, sign_as(MESSAGE, signers, "ana"), "ana", NOW)
    with pytest.raises(SignatureInvalid, match="no key is listed for ben"):
        sign_as(MESSAGE, signers, "ben")


def test_a_key_file_that_cannot_sign_says_so(tmp_path: Path) -> None:
    with pytest.raises(SignatureInvalid, match="could not sign with"):
        sign(MESSAGE, tmp_path / "absent")


def test_without_openssh_the_message_says_what_to_install(
    signers: Signers, keys: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = by_hand(keys["ed25519"])
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="openssh-client"):
        verify(signers, MESSAGE, blob, "ana", NOW)


def test_nothing_is_left_behind(
    signers: Signers, keys: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", None)
    verify(signers, MESSAGE, by_hand(keys["ed25519"]), "ana", NOW)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert {path.name for path in signers.allowed.parent.iterdir()} <= {
        ALLOWED,
        REVOKED,
        "allowed_signers.lock",
    }
