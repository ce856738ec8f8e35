"""One-time codes: made, recognised by a keyed hash, and bound to one request, approver and verdict."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import replace

from hitl_vault.domain.canonical import canonical
from hitl_vault.domain.code import MOST_TRIES, IssuedCode
from hitl_vault.domain.decision import Verdict, Vote
from hitl_vault.domain.record import Record
from hitl_vault.errors import CodeInvalid, NotAllowed
from hitl_vault.trust.keys import Key, Ring

LENGTH = 8
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ"
_ALPHABET = "23456789" + _LETTERS
"""Nothing in it looks like anything else; 22 * 30**7 codes, or 38 bits."""

LOCKED = (
    f"{MOST_TRIES} wrong codes were tried, so codes do not count for this request any more; "
    "answer with a signature, or cancel it and ask again"
)

_AS_ASKED = (
    "a one-time code approves the request as it was asked, and others could have changed the values; "
    "approve it as it is with the new code that is sent, or sign your answer"
)
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


def take(ring: Ring, record: Record, vote: Vote, typed: str) -> Vote:
    """Return the vote with the proof that its code is the right one.

    Raises `CodeInvalid` for a wrong code, which counts as a try, `NotAllowed` where there is none to try.
    """
    if record.codes.locked:
        raise NotAllowed(LOCKED)
    if not is_whole(typed):
        raise NotAllowed(f"this answer needs the one-time code of {LENGTH} characters that was sent for it")
    issued = record.codes.of(vote.by)
    if issued is None or (key := ring.find(issued.key)) is None:
        raise NotAllowed(f"no code is out for {vote.by}; one is on its way if a keeper runs")
    verdict = meant(key, record.request.digest, issued, typed)
    if verdict is not vote.verdict:
        raise CodeInvalid(_wrong(record, vote), exposed=verdict is not None)
    if vote.edits:
        raise CodeInvalid(_AS_ASKED, exposed=True, counts=False)
    mac = receipt(key, record.request.digest, vote.by, vote.verdict, issued.nonce)
    return replace(vote, proof={"kind": "code", "key": key.id, "nonce": issued.nonce, "receipt": mac})


def verify(ring: Ring, record: Record, vote: Vote, *, revoked: bool = False) -> None:
    """Raise `CodeInvalid` if the proof of a code does not hold, or its key was revoked (unless `revoked`)."""
    proof = vote.proof or {}
    key = ring.find(proof.get("key"), revoked=revoked)
    if key is None:
        raise CodeInvalid(f"the key of the code that {vote.by} gave was revoked")
    wanted = receipt(key, record.request.digest, vote.by, vote.verdict, str(proof.get("nonce")))
    if not hmac.compare_digest(wanted, str(proof.get("receipt"))):
        raise CodeInvalid(f"the record of the code that {vote.by} gave does not hold")


def _wrong(record: Record, vote: Vote) -> str:
    tries = record.codes.wrong + 1
    if tries >= MOST_TRIES:
        return LOCKED
    return f"this is not the code for {vote.by} to {vote.verdict} this (wrong try {tries} of {MOST_TRIES})"
