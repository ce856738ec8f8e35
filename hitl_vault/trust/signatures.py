"""Checks the signature on a vote against the ledger's request: when it is given, and while it has to hold."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hitl_vault.domain.decision import Vote
from hitl_vault.domain.edits import context_digest
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import plain_name
from hitl_vault.domain.times import instant
from hitl_vault.errors import SignatureInvalid
from hitl_vault.trust import hmac_form, ssh
from hitl_vault.trust.envelope import Signed, Statement, read_body, read_signed, statement_of
from hitl_vault.trust.keys import Key, Keys
from hitl_vault.trust.signers import Signers

SKEW = timedelta(minutes=5)
"""How far the clock of whoever signs may be off."""

SECRET = "vote hmac"
"""The purpose of the secrets that approvers' programs share with the vault."""

_SHORT = re.compile("[0-9a-f]{64}", re.ASCII)
Proof = Mapping[str, Any]


class Signatures:
    """The signatures of one vault, by the keys in its state directory."""

    def __init__(self, state: Path) -> None:
        self.keys = Keys(state)
        self.signers = Signers(state)

    def prove(self, record: Record, vote: Vote, given: str) -> Proof:
        """Return what is recorded of a signature that holds at `vote.at`, else raise `SignatureInvalid`.

        Asks OpenSSH where it is an SSH signature, so call it outside of a transaction.
        """
        proof = proof_of(given)
        return {**proof, "key": self.verify(record, vote, proof, vote.at)}

    def verify(
        self, record: Record, vote: Vote, proof: Proof, now: datetime, *, revoked: bool = False
    ) -> str:
        """Return the id of the key by which a proof of `vote` holds at `now`; `SignatureInvalid` if none.

        With `revoked`, keys that were revoked since count too.
        """
        ring = self.keys.ring()
        keys = ring.keys if revoked else ring.usable
        if "body" not in proof:
            return _by_short_form(keys, record, vote, proof)
        statement = read_body(str(proof["body"]).encode())
        check_says(statement, record, vote)
        if proof["kind"] == "ssh":
            return ssh.verify(self.signers, statement.signed, _raw(proof), vote.by, now, revoked=revoked)
        return _matching(keys, vote, statement.signed, _raw(proof))

    def check_keys(self, vote: Vote) -> None:
        """Raise `SignatureInvalid` if the key of a proof that held before was revoked since. Quick."""
        proof = vote.proof or {}
        key = str(proof.get("key", ""))
        revoked = (
            self.signers.is_revoked(key) if proof.get("kind") == "ssh" else not self.keys.ring().find(key)
        )
        if revoked:
            raise SignatureInvalid(f"the key {key} was revoked")


def approver_of(given: str) -> str:
    """Return whose signature it says to be; empty where it does not say."""
    return "" if _SHORT.fullmatch(given.strip().lower()) else read_signed(given.strip()).statement.approver


def proof_of(given: str) -> Proof:
    """Return a signature as given in the form in which it is recorded; nothing is verified yet."""
    text = given.strip()
    if _SHORT.fullmatch(text.lower()):
        return {"kind": "hmac", "signature": text.lower()}
    signed = read_signed(text)
    return {
        "kind": signed.scheme,
        "body": signed.statement.body.decode(),
        "signature": b64encode(signed.signature).decode(),
    }


def check_says(statement: Statement, record: Record, vote: Vote) -> None:
    """Raise `SignatureInvalid` if a statement is not about this vote on this request, at about its time."""
    request = record.request
    at = _time(statement.decided_at)
    context = context_digest(request.context, vote.edits)
    wanted = statement_of(request, vote.verdict, vote.by, at, nonce=statement.nonce, context=context)
    for name in ("request", "digest", "context", "verdict", "approver", "expires_at", "decided_at"):
        if getattr(statement, name) != getattr(wanted, name):
            raise SignatureInvalid(f"the signature is for another {_CALLED[name]}")
    if not re.fullmatch("[0-9a-f]{32,64}", statement.nonce, re.ASCII):
        raise SignatureInvalid("the signature's nonce is not 16 to 32 bytes in hex")
    if not request.created - SKEW <= at <= vote.at + SKEW:
        raise SignatureInvalid("the signature was made before the request, or in the future; check the clock")


def check_newer(record: Record, vote: Vote) -> None:
    """Raise `SignatureInvalid` for a signature from before the vote of the same person that counts.

    So nobody can bring back a vote that its author has changed. Raises it too for a second vote in
    the short form, which has no time in it.
    """
    earlier = next((v for v in record.votes if plain_name(v.by) == vote.by), None)
    if earlier is None or vote.proof is None:
        return
    if "body" not in vote.proof:
        raise SignatureInvalid(f"{vote.by} has voted before; change a vote with a signature that has a time")
    if _decided(vote) <= _decided(earlier):
        raise SignatureInvalid(f"{vote.by} has voted after making this signature; sign again")


def sign_with_secret(statement: Statement, secret: bytes) -> str:
    """Return a statement signed with a shared secret (HMAC-SHA256), as it is given along with a vote."""
    mac = hmac.digest(secret, statement.signed, "sha256")
    return Signed(scheme="hmac", statement=statement, signature=mac).text


def sign_with_ssh(statement: Statement, signers: Signers, key: Path | None = None) -> str:
    """Return a statement signed by OpenSSH: with the key in a file, else with a listed one at hand."""
    message = statement.signed
    blob = ssh.sign(message, key) if key else ssh.sign_as(message, signers, statement.approver)
    return Signed(scheme="ssh", statement=statement, signature=blob).text


_CALLED = {
    "request": "request",
    "digest": "request (its digest differs)",
    "context": "context",
    "verdict": "answer",
    "approver": "approver",
    "expires_at": "deadline",
    "decided_at": "time; it is not in UTC with microseconds",
}


def _time(text: str) -> datetime:
    try:
        return instant(text)
    except ValueError as error:
        raise SignatureInvalid("the signature does not say when it was made") from error


def _decided(vote: Vote) -> datetime:
    """Return when a vote was cast, by its signature if that says so."""
    body = (vote.proof or {}).get("body")
    return _time(read_body(body.encode()).decided_at) if isinstance(body, str) else vote.at


def _raw(proof: Proof) -> bytes:
    return b64decode(str(proof["signature"]), validate=True)


def _by_short_form(keys: Sequence[Key], record: Record, vote: Vote, proof: Proof) -> str:
    expires = record.request.expires
    if vote.edits:
        raise SignatureInvalid("the short form cannot cover changed values; sign the whole body instead")
    if expires is None:
        raise SignatureInvalid("the short form needs a request with a deadline; sign the whole body instead")
    try:
        text = hmac_form.signed_text(record.id, hmac_form.DECISIONS[vote.verdict], vote.by, expires)
    except ValueError as error:
        raise SignatureInvalid(f"the short form cannot say this: {error}") from error
    return _matching(keys, vote, text.encode(), bytes.fromhex(str(proof["signature"])))


def _matching(keys: Sequence[Key], vote: Vote, message: bytes, given: bytes) -> str:
    """Return the id of the key by whose secret for the approver `given` was made, while it could sign."""
    for key in keys:
        mac = hmac.digest(key.derive(SECRET, plain_name(vote.by)), message, "sha256")
        if hmac.compare_digest(mac, given):
            _check_signs(key, vote.at)
            return key.id
    raise SignatureInvalid(f"the signature of {vote.by} does not hold")


def _check_signs(key: Key, at: datetime) -> None:
    if key.revoked and at >= key.revoked:
        raise SignatureInvalid(f"the key {key.id} was revoked")
    if key.retired and at >= key.retired:
        raise SignatureInvalid(f"the key {key.id} was rotated and only verifies; fetch the new shared secret")
