"""What a signed vote says, byte for byte: a canonical JSON body in the DSSE pre-authentication encoding."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, fields
from datetime import datetime

from hitl_vault.domain.canonical import canonical, parsed
from hitl_vault.domain.decision import Verdict
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import plain_name
from hitl_vault.domain.times import text_of
from hitl_vault.errors import SignatureInvalid

PAYLOAD_TYPE = "application/vnd.hitl-vault.vote.v1+json"
PREFIX = "hv1"
SCHEMES = ("ssh", "hmac")
_LARGEST = 12 * 1024
_LONGEST = 1024


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What somebody signs. Times are ISO 8601 in UTC; `expires_at` is empty where nothing expires."""

    request: str
    digest: str
    context: str
    verdict: str
    approver: str
    decided_at: str
    expires_at: str
    nonce: str

    @property
    def body(self) -> bytes:
        """The canonical JSON that stands for this statement and no other."""
        return canonical({field.name: getattr(self, field.name) for field in fields(self)})

    @property
    def signed(self) -> bytes:
        """The bytes that are signed."""
        return pae(PAYLOAD_TYPE, self.body)


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A statement with a signature over it, as it is written into a note's `signature`."""

    scheme: str
    statement: Statement
    signature: bytes

    @property
    def text(self) -> str:
        """One word: `hv1.<scheme>.<body>.<signature>`, the last two in base64url."""
        return ".".join((PREFIX, self.scheme, _encoded(self.statement.body), _encoded(self.signature)))


def pae(kind: str, body: bytes) -> bytes:
    """Return the DSSE pre-authentication encoding of a body of a kind."""
    name = kind.encode()
    return b" ".join((b"DSSEv1", str(len(name)).encode(), name, str(len(body)).encode(), body))


def statement_of(
    request: Request, verdict: Verdict, approver: str, at: datetime, *, nonce: str = "", context: str = ""
) -> Statement:
    """Return what `approver` signs to vote at `at`, in the ledger's words.

    `context` is the digest of the context that they approve, by default the requested one.
    """
    return Statement(
        request=request.id,
        digest=request.digest,
        context=context or request.context_digest,
        verdict=str(verdict),
        approver=plain_name(approver),
        decided_at=text_of(at),
        expires_at=text_of(request.expires) if request.expires else "",
        nonce=nonce or secrets.token_hex(16),
    )


def read_signed(text: str) -> Signed:
    """Read what `Signed.text` wrote; `SignatureInvalid` for anything else, however close."""
    prefix, scheme, body, signature = _parts(text)
    if prefix != PREFIX or scheme not in SCHEMES:
        raise SignatureInvalid(f"unknown kind of signature; it begins with {PREFIX}.ssh or {PREFIX}.hmac")
    return Signed(scheme=scheme, statement=read_body(_decoded(body)), signature=_decoded(signature))


def read_body(body: bytes) -> Statement:
    """Return the statement whose canonical form `body` is; `SignatureInvalid` if there is none."""
    try:
        value = parsed(body.decode())
        if isinstance(value, dict) and value.keys() == _NAMES and all(map(_is_text, value.values())):
            statement = Statement(**value)
            if statement.body == body:
                return statement
    except (ValueError, RecursionError) as error:
        raise SignatureInvalid("what was signed is not a vote") from error
    raise SignatureInvalid("what was signed is not a vote in its canonical form")


_NAMES = {field.name for field in fields(Statement)}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST


def _parts(text: str) -> list[str]:
    parts = text.split(".")
    if len(text) > _LARGEST or len(parts) != 4 or not all(parts):
        raise SignatureInvalid("the signature is not complete; paste all of it, on one line")
    return parts


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, UnicodeError) as error:
        raise SignatureInvalid("the signature is not base64url; paste all of it, on one line") from error
    if _encoded(data) != text:
        raise SignatureInvalid("the signature is not base64url; paste all of it, on one line")
    return data
