"""One-time codes: made, recognised by a keyed hash, and bound to one request, approver and verdict."""

from __future__ import annotations

import hmac
import secrets

from hitl_vault.domain.canonical import canonical
from hitl_vault.domain.code import IssuedCode
from hitl_vault.domain.decision import Verdict
from hitl_vault.trust.keys import Key

LENGTH = 8
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ"
_ALPHABET = "23456789" + _LETTERS
"""Nothing in it looks like anything else; 22 * 30**7 codes, or 38 bits."""

_CODE = "vote code"
_RECEIPT = "vote receipt"


def new_code() -> str:
    """Return a fresh code. It begins with a letter, so that no editor takes it for a number."""
    return secrets.choice(_LETTERS) + "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH - 1))


def shown(code: str) -> str:
    """Return a code as people read it, such as `ABCD-2345`."""
    return f"{code[:4]}-{code[4:]}"


def tidy(typed: str) -> str:
    """Return what somebody typed as a code: upper case, without blanks and hyphens."""
    return "".join(typed.upper().replace("-", "").split())


def is_whole(typed: str) -> bool:
    """Tell whether what somebody typed has the form of a code, or has yet to be finished."""
    code = tidy(typed)
    return len(code) == LENGTH and all(char in _ALPHABET for char in code)


def issue(key: Key, digest: str, approver: str) -> tuple[IssuedCode, dict[Verdict, str]]:
    """Return new codes for an approver of the request with this digest: what is recorded, and the codes."""
    codes = {verdict: new_code() for verdict in Verdict}
    while len(set(codes.values())) < len(codes):
        codes = {verdict: new_code() for verdict in Verdict}
    nonce = secrets.token_hex(16)
    hashes = {str(v): code_hash(key, digest, approver, v, nonce, code) for v, code in codes.items()}
    return IssuedCode(approver=approver, nonce=nonce, key=key.id, **hashes), codes


def code_hash(key: Key, digest: str, approver: str, verdict: Verdict, nonce: str, code: str) -> str:
    """Return the keyed hash of a code and of all that it is bound to."""
    return key.mac(_CODE, canonical([digest, approver, str(verdict), nonce, code]))


def meant(key: Key, digest: str, issued: IssuedCode, typed: str) -> Verdict | None:
    """Return the verdict that a typed code stands for, None if it is not one of the codes issued.

    Takes the same time whatever was typed.
    """
    code, found = tidy(typed), None
    for verdict in Verdict:
        wanted = getattr(issued, str(verdict))
        given = code_hash(key, digest, issued.approver, verdict, issued.nonce, code)
        if hmac.compare_digest(wanted.encode(), given.encode()):
            found = verdict
    return found


def receipt(key: Key, digest: str, approver: str, verdict: Verdict, nonce: str) -> str:
    """Return what shows later that the code was given: only who holds the key can make it."""
    return key.mac(_RECEIPT, canonical([digest, approver, str(verdict), nonce]))
