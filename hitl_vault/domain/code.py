"""One-time codes as they are recorded: never the code, only what recognises it."""

from __future__ import annotations

from dataclasses import dataclass

MOST_TRIES = 5
"""Wrong codes that one request bears; after that codes do not count for it any more."""


@dataclass(frozen=True, kw_only=True)
class IssuedCode:
    """The codes of one approver for one request, by their keyed hashes; empty once used.

    `key` names the key of the hashes, `nonce` tells these codes from earlier ones.
    """

    approver: str
    nonce: str
    key: str
    approve: str = ""
    reject: str = ""
