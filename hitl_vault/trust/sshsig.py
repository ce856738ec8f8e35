"""OpenSSH's formats as far as they are needed here: public keys, fingerprints and signature blobs."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from textwrap import wrap

from hitl_vault.errors import ConfigError, SignatureInvalid

TYPES = (
    *("ssh-ed25519", "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"),
    *("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"),
)
SMALLEST_RSA = 2048
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG\0\0\0\1"
_ARMORED = re.compile(rf"\s*{_BEGIN}\s+([A-Za-z0-9+/=\s]+?)\s*{_END}\s*")


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """A public key: its type, its blob, and what its owner calls it."""

    type: str
    blob: bytes
    comment: str = ""

    @property
    def fingerprint(self) -> str:
        """The fingerprint as OpenSSH prints it, such as `SHA256:…`."""
        return fingerprint(self.blob)

    @property
    def line(self) -> str:
        """The key as it stands in a `.pub` file, without its comment."""
        return f"{self.type} {b64encode(self.blob).decode()}"


def fingerprint(blob: bytes) -> str:
    """Return the fingerprint of a public key's blob."""
    return "SHA256:" + b64encode(hashlib.sha256(blob).digest()).rstrip(b"=").decode()


def read_public_key(text: str) -> PublicKey:
    """Return the key that a line of a `.pub` file holds; `ConfigError` if it is none that may sign here."""
    words = text.strip().split(None, 2)
    if "\n" in text.strip() or len(words) < 2 or words[0] not in TYPES:
        raise ConfigError(f"not a public key; expected `ssh-ed25519 AAAA…` or one of {', '.join(TYPES)}")
    try:
        blob = b64decode(words[1], validate=True)
        kind, rest = _string(blob)
    except ValueError as error:
        raise ConfigError("not a public key: it is cut short or damaged") from error
    if kind.decode("ascii", "replace") != words[0]:
        raise ConfigError("not a public key: its type and its content do not fit")
    if words[0] == "ssh-rsa" and _bits_of_rsa(rest) < SMALLEST_RSA:
        raise ConfigError(f"an RSA key needs at least {SMALLEST_RSA} bits; make an ed25519 key instead")
    return PublicKey(type=words[0], blob=blob, comment=words[2] if len(words) > 2 else "")


def armored(blob: bytes) -> str:
    """Return a signature blob in the form that `ssh-keygen` reads."""
    return "\n".join((_BEGIN, *wrap(b64encode(blob).decode(), 70), _END, ""))


def unarmored(text: str) -> bytes:
    """Return the blob of a signature that `ssh-keygen` wrote."""
    found = _ARMORED.fullmatch(text)
    if found is None:
        raise SignatureInvalid("not an SSH signature")
    try:
        return b64decode("".join(found[1].split()), validate=True)
    except ValueError as error:
        raise SignatureInvalid("not an SSH signature") from error


def signer_of(blob: bytes) -> str:
    """Return the fingerprint of the key that a signature says it was made with; nothing is verified."""
    if not blob.startswith(_MAGIC):
        raise SignatureInvalid("not an SSH signature")
    try:
        key, _ = _string(blob[len(_MAGIC) :])
    except ValueError as error:
        raise SignatureInvalid("the SSH signature is cut short") from error
    return fingerprint(key)


def _bits_of_rsa(rest: bytes) -> int:
    try:
        _, rest = _string(rest)
        modulus, _ = _string(rest)
    except ValueError as error:
        raise ConfigError("not a public key: it is cut short or damaged") from error
    return int.from_bytes(modulus).bit_length()


def _string(data: bytes) -> tuple[bytes, bytes]:
    """Split off a string with its length before it."""
    size = int.from_bytes(data[:4])
    if len(data) < 4 + size:
        raise ValueError("cut short")
    return data[4 : 4 + size], data[4 + size :]
