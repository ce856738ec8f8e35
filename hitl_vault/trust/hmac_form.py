"""The short signed form `id:decision:approver:expires`, for clients that hold a shared secret.

A signature is the hex HMAC-SHA256 of that string. No two different votes have the same string:
the first three fields hold no colon, and every field has one way of being written.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from datetime import UTC, datetime

from hitl_vault.domain.decision import Verdict
from hitl_vault.domain.text import visible

DECISIONS = {Verdict.APPROVE: "approved", Verdict.REJECT: "rejected"}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_APPROVER = 128


def signed_text(id: str, decision: str, approver: str, expires: datetime) -> str:
    """Return the string to sign; `ValueError` if a field is not in the one form that it may have.

    `decision` is `approved` or `rejected`; `approver` is NFC without `:`, control or invisible characters
    and outer blanks, at most 128 characters; `expires` is aware.
    """
    if not _ID.fullmatch(id):
        raise ValueError("an id is made of ASCII letters, digits, '.', '_' and '-'")
    if decision not in DECISIONS.values():
        raise ValueError("a decision is approved or rejected")
    _check_approver(approver)
    return f"{id}:{decision}:{approver}:{expires_text(expires)}"


def sign(secret: bytes, text: str) -> str:
    """Return the hex HMAC-SHA256 of a text."""
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def expires_text(at: datetime) -> str:
    """Return an aware instant as UTC text with `Z`; with microseconds only where it is not a whole second."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    try:
        return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    except OverflowError as error:
        raise ValueError("an instant lies within the years 1 to 9999 in UTC") from error


def _check_approver(name: str) -> None:
    plain = visible(name) == name and "\n" not in name and "\t" not in name and ":" not in name
    if not (plain and 0 < len(name) <= _APPROVER and name == name.strip()):
        raise ValueError("an approver's name has 1 to 128 visible characters, no ':' and no outer blanks")
    if unicodedata.normalize("NFC", name) != name:
        raise ValueError("an approver's name is written in Unicode's composed form (NFC)")
