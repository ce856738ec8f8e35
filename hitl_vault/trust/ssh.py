"""Signing and verifying with OpenSSH itself: `ssh-keygen -Y`, in the product's own namespace."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path

from hitl_vault.domain.requirement import plain_name
from hitl_vault.errors import ConfigError, SignatureInvalid
from hitl_vault.trust.signers import NAMESPACE, Signers, principal, stamp
from hitl_vault.trust.sshsig import PublicKey, armored, read_public_key, signer_of, unarmored

TIMEOUT = 20.0
"""Seconds that a verification may take."""
_OWN_KEYS = ("id_ed25519", "id_ed25519_sk", "id_ecdsa", "id_ecdsa_sk", "id_rsa")


def verify(
    signers: Signers, message: bytes, blob: bytes, name: str, at: datetime, *, revoked: bool = False
) -> str:
    """Return the fingerprint of the key with which `name` signed `message`.

    Raises `SignatureInvalid` if the signature does not hold at `at`: it is another's or over something
    else, or the key is not listed for that name, not valid then, or (unless `revoked`) revoked. Takes
    about 10 ms.
    """
    key = signer_of(blob)
    if not revoked and signers.is_revoked(key):
        raise SignatureInvalid(f"the key {key} was revoked")
    if not signers.listed:
        raise SignatureInvalid("no signer is listed; add one with `hitl keys add-signer NAME KEY.pub`")
    with tempfile.TemporaryDirectory(prefix="hitl-verify-") as folder:
        signature = Path(folder) / "signature"
        signature.write_text(armored(blob))
        done = _run(
            _verifying(signers, signature, name, at, revoked), message, env={"LC_ALL": "C", "TZ": "UTC"}
        )
    if done.returncode != 0 or not done.stdout.strip().endswith(key.encode()):
        raise SignatureInvalid(f"the signature of {name} does not hold: {_why(signers, key, name, at)}")
    return key


def sign(message: bytes, key: Path) -> bytes:
    """Return a signature blob over `message`.

    `key` is a private key's file, or a public key's whose private key an ssh-agent holds. OpenSSH asks
    for a passphrase, or a touch, by itself.
    """
    done = _run(["-Y", "sign", "-n", NAMESPACE, "-f", str(key)], message, timeout=None)
    if done.returncode != 0:
        raise SignatureInvalid(f"ssh-keygen could not sign with {key}: {_last_line(done.stderr)}")
    return unarmored(done.stdout.decode("ascii", "replace"))


def sign_as(message: bytes, signers: Signers, name: str) -> bytes:
    """Return a signature by whichever listed key of `name` is at hand, in the ssh-agent or in `~/.ssh`."""
    mine = (s.key for s in signers.all() if s.name == plain_name(name))
    listed = {key.blob for key in mine if not signers.is_revoked(key.fingerprint)}
    if not listed:
        raise SignatureInvalid(
            f"no key is listed for {name}; list one: `hitl keys add-signer {name} KEY.pub`"
        )
    for key in _in_agent():
        if key.blob in listed:
            return _sign_by_agent(message, key)
    for path in (Path.home() / ".ssh" / file for file in _OWN_KEYS):
        if path.exists() and _public(path) in listed:
            return sign(message, path)
    raise SignatureInvalid(f"no key of {name} is in the ssh-agent or in ~/.ssh; name its file: --sign KEY")


def _verifying(signers: Signers, signature: Path, name: str, at: datetime, revoked: bool) -> list[str]:
    words = ["-Y", "verify", "-f", str(signers.allowed), "-I", principal(name), "-n", NAMESPACE]
    words += ["-s", str(signature), "-O", f"verify-time={stamp(at)}"]
    refused = [] if revoked or not signers.revoked.exists() else ["-r", str(signers.revoked)]
    return [*words, *refused]


def _sign_by_agent(message: bytes, key: PublicKey) -> bytes:
    with tempfile.TemporaryDirectory(prefix="hitl-sign-") as folder:
        public = Path(folder) / "key.pub"
        public.write_text(key.line + "\n")
        return sign(message, public)


def _in_agent() -> list[PublicKey]:
    """Return the keys in the ssh-agent that may sign here; none if there is no agent."""
    program = shutil.which("ssh-add")
    if program is None:
        return []
    listed = subprocess.run(
        [program, "-L"], stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False
    )
    lines = listed.stdout.decode("utf-8", "replace").splitlines() if listed.returncode == 0 else []
    return [key for line in lines if (key := _readable(line))]


def _readable(line: str) -> PublicKey | None:
    try:
        return read_public_key(line)
    except ConfigError:
        return None


def _public(path: Path) -> bytes | None:
    public = path.with_name(path.name + ".pub")
    key = _readable(public.read_text(encoding="utf-8", errors="replace")) if public.exists() else None
    return key.blob if key else None


def _why(signers: Signers, key: str, name: str, at: datetime) -> str:
    """Say what is wrong, as far as our own reading of the list tells."""
    listed = next((s for s in signers.all() if s.key.fingerprint == key), None)
    if listed is None:
        return f"the key {key} is not listed"
    if listed.name != name:
        return f"the key {key} is listed for somebody else"
    if (listed.begins and at < listed.begins) or (listed.ends and at >= listed.ends):
        return f"the key {key} is not valid at {stamp(at)}"
    return "it was made over something else"


def _run(
    words: list[str], message: bytes, *, env: dict[str, str] | None = None, timeout: float | None = TIMEOUT
) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise ConfigError("ssh-keygen is not installed; signatures need OpenSSH (openssh-client)")
    try:
        return subprocess.run(
            [program, *words], input=message, capture_output=True, env=env, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SignatureInvalid(f"ssh-keygen did not answer within {timeout} s") from error


def _last_line(text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it gave no reason"
