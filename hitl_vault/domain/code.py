"""One-time codes as the ledger knows them: never a code, only what recognises it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

MOST_TRIES = 5
"""Wrong codes that one request bears; after that codes do not count for it any more."""

MOST_ISSUES = 5
"""How many times one approver gets codes for one request."""


@dataclass(frozen=True, kw_only=True)
class IssuedCode:
    """The two codes of one approver for one request, by their keyed hashes; a used one is empty.

    `key` names the key of the hashes, `nonce` tells these codes from earlier ones.
    """

    approver: str
    nonce: str
    key: str
    approve: str = ""
    reject: str = ""


@dataclass(frozen=True, kw_only=True)
class Codes:
    """The codes of one request: the good ones, the nonces `sent`, and how many tries were `wrong`.

    `issues` has an approver's name for each time that they got codes.
    """

    good: tuple[IssuedCode, ...] = ()
    sent: tuple[str, ...] = ()
    wrong: int = 0
    issues: tuple[str, ...] = ()

    @property
    def locked(self) -> bool:
        """Whether so many wrong codes were tried that none counts any more."""
        return self.wrong >= MOST_TRIES

    def of(self, approver: str) -> IssuedCode | None:
        """Return the codes of one approver."""
        return next((issued for issued in self.good if issued.approver == approver), None)

    def wanting(self, approvers: Iterable[str]) -> tuple[str, ...]:
        """Return those who have no codes, or whose codes are not known to be sent, and may have new ones."""
        if self.locked:
            return ()
        served = {issued.approver for issued in self.good if issued.nonce in self.sent}
        return tuple(n for n in approvers if n not in served and self.issues.count(n) < MOST_ISSUES)

    def with_issued(self, issued: Iterable[IssuedCode]) -> Codes:
        """Return the codes after new ones were issued, which replace their approvers' earlier ones."""
        new = tuple(issued)
        names = tuple(code.approver for code in new)
        kept = tuple(code for code in self.good if code.approver not in names)
        return replace(self, good=(*kept, *new), issues=(*self.issues, *names))

    def with_sent(self, nonces: Iterable[str]) -> Codes:
        """Return the codes after those with these nonces were handed to their channel."""
        return replace(self, sent=(*self.sent, *nonces))

    def with_used(self, approver: str, verdict: str) -> Codes:
        """Return the codes after an approver used theirs for a verdict."""
        good = (replace(c, **{verdict: ""}) if c.approver == approver else c for c in self.good)
        return replace(self, good=tuple(good))

    def with_wrong(self, tries: int, exposed: str) -> Codes:
        """Return the codes after wrong tries, and after the codes of one approver were seen by others."""
        good = tuple(code for code in self.good if code.approver != exposed)
        return replace(self, good=good, wrong=self.wrong + tries)


NO_CODES = Codes()
