"""Signed notes as in C2SP signed-note: a text, and below it lines with Ed25519 signatures over it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from hitl_vault.errors import SignatureInvalid

_ED25519 = b"\x01"
_SIGNATURE = "\u2014 "
_MOST = 16 * 1024


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """A named Ed25519 public key; as text `<name>+<key id>+<key>`."""

    name: str
    key: bytes

    @classmethod
    def read(cls, text: str) -> PublicKey:
        """Return the key that `str` wrote; `ValueError` if the text is none."""
        name, _, rest = text.strip().partition("+")
        id, _, coded = rest.partition("+")
        data = _bytes(coded)
        key = cls(name=name, key=data[1:])
        if not name or any(c.isspace() for c in name) or data[:1] != _ED25519 or len(data) != 33:
            raise ValueError("not a public key for checkpoints: expected NAME+ID+KEY")
        if id != key.id.hex():
            raise ValueError("the public key was copied wrongly: its id does not fit")
        return key

    @property
    def id(self) -> bytes:
        """The four bytes that tell whose signature a line is."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.key).decode()}"


class Signer:
    """Signs under a name with the Ed25519 key that `seed`, 32 secret bytes, stands for."""

    def __init__(self, name: str, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric import ed25519  # heavy, and few commands sign

        self._key = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
        self.public = PublicKey(name=name, key=self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """Return `text`, which ends in a line feed, as a signed note."""
        signature = base64.b64encode(self.public.id + self._key.sign(text.encode())).decode()
        return f"{text}\n{_SIGNATURE}{self.public.name} {signature}\n"


def text_of(note: str) -> str:
    """Return the text of a signed note, its signatures unchecked; `ValueError` if it is no signed note."""
    return _parts(note)[0]


def verified(note: str, key: PublicKey) -> str:
    """Return the text of a note that `key` signed; `SignatureInvalid` if it did not.

    Signatures by other keys are ignored, as the format wants it.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ed25519

    try:
        text, signatures = _parts(note)
        ours = [s[4:] for name, s in signatures if name == key.name and s[:4] == key.id]
        if not ours:
            raise SignatureInvalid(f"the note is not signed by {key.name} with key {key.id.hex()}")
        for signature in ours:
            ed25519.Ed25519PublicKey.from_public_bytes(key.key).verify(signature, text.encode())
    except InvalidSignature:
        raise SignatureInvalid(f"the signature by {key.name} does not fit: the note was changed") from None
    except ValueError as error:
        raise SignatureInvalid(f"no signed note: {error}") from error
    return text


def signed_by_one_of(keys: Sequence[PublicKey], note: str) -> str:
    """Return the text of a note that one of these keys signed, at least one; as `verified` otherwise."""
    first, *others = keys
    if not others:
        return verified(note, first)
    try:
        return verified(note, first)
    except SignatureInvalid:
        return signed_by_one_of(others, note)


def _parts(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    text, gap, below = note.rpartition("\n\n")
    if len(note) > _MOST or not gap or not below.endswith("\n"):
        raise ValueError("expected a text, an empty line and signatures")
    if any(ord(char) < 0x20 and char != "\n" for char in note):
        raise ValueError("it holds control characters")
    return f"{text}\n", [_signature(line) for line in below[:-1].split("\n")]


def _signature(line: str) -> tuple[str, bytes]:
    name, _, coded = line.removeprefix(_SIGNATURE).partition(" ")
    data = _bytes(coded)
    if not line.startswith(_SIGNATURE) or not name or len(data) < 5:
        raise ValueError(f"no signature: {line[:80]!r}")
    return name, data


def _bytes(coded: str) -> bytes:
    try:
        return base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"not base64: {coded[:80]!r}") from None
