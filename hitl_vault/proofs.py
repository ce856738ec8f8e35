"""Whether the proof that came with a vote holds: now, for a claim, or then, for the record."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from hitl_vault.domain.codec import decode
from hitl_vault.domain.decision import Vote
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.domain.record import Record
from hitl_vault.errors import LedgerBroken, NotAllowed, SignatureInvalid
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.trust import codes
from hitl_vault.trust.modes import PROVES

if TYPE_CHECKING:
    from hitl_vault.trust.signatures import Signatures


class Proofs:
    """Checks proofs by the keys in a vault's state directory."""

    def __init__(self, state: Path) -> None:
        self._state = state

    @cached_property
    def signatures(self) -> Signatures:
        """The vault's signatures; loaded only where a proof is at hand."""
        from hitl_vault.trust.signatures import Signatures  # heavy, and most vaults need none

        return Signatures(self._state)

    def verify(self, record: Record, vote: Vote, at: datetime, *, revoked: bool = False) -> None:
        """Raise a kind of `NotAllowed` if a recorded vote lacks the proof it needs, or that does not hold.

        `at` is when the key has to be valid. With `revoked`, keys that were revoked since count too.
        """
        proof = vote.proof or {}
        kind = proof.get("kind")
        if kind not in PROVES[record.request.requirement.mode]:
            raise SignatureInvalid(f"the vote of {vote.by} came without the proof that it needs")
        if kind == "code":
            codes.verify(self.signatures.keys.ring(), record, vote, revoked=revoked)
        elif self.signatures.verify(record, vote, proof, at, revoked=revoked) != proof.get("key"):
            raise SignatureInvalid(f"the signature of {vote.by} was made with another key than recorded")


def verify_votes(ledger: Ledger, state: Path) -> int:
    """Return how many recorded votes have a proof that held when they were cast.

    `LedgerBroken` names the first entry whose proof did not, or that lacks one. A key that was revoked
    later, or has run out, makes no difference here; it does for claims.
    """
    proofs, count = Proofs(state), 0
    for entry in ledger.entries():
        if entry.kind is not Kind.VOTED or entry.mode not in PROVES:
            continue
        vote = decode(Vote, entry.body)
        try:
            proofs.verify(ledger.record(entry.request), vote, vote.at, revoked=True)
        except NotAllowed as error:
            raise LedgerBroken(f"entry {entry.seq}: {error}", seq=entry.seq) from error
        count += 1
    return count
