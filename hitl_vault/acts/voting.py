"""How a vote reaches the ledger: what is slow to prove is proven before the transaction, the rest in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from hitl_vault import acts
from hitl_vault.acts import answers
from hitl_vault.domain.decision import Vote
from hitl_vault.domain.frozen import changed
from hitl_vault.domain.record import Notice, Record
from hitl_vault.domain.requirement import Mode, plain_name
from hitl_vault.errors import CodeInvalid, HitlVaultError, LedgerUnavailable, NotAllowed
from hitl_vault.ledger.protocol import Ledger, Writer
from hitl_vault.proofs import Proofs
from hitl_vault.trust import codes
from hitl_vault.trust.codes import is_whole
from hitl_vault.trust.evidence import NO_EVIDENCE, Evidence
from hitl_vault.trust.modes import as_voter, check_proof_kind

Job = Callable[[Writer], Record | CodeInvalid]


class Voting:
    """Takes votes with their evidence to a vault's ledger."""

    def __init__(self, ledger: Ledger, state: Path) -> None:
        self._ledger = ledger
        self._proofs = Proofs(state)

    def job(
        self, id: str, vote: Vote, evidence: Evidence = NO_EVIDENCE, *, known: Record | None = None
    ) -> Job:
        """Return the transaction that records a vote if it is admitted; it raises `NotAllowed` if not.

        A wrong code is returned instead of raised, so that the try is kept. `known` is the record as the
        ledger gave it last, if somebody has it.
        """
        vote = changed(vote, proof=None)
        if evidence.signature:
            try:
                vote = self._proven(self._ledger.record(id), vote, evidence.signature)
            except LedgerUnavailable:
                raise
            except HitlVaultError as error:
                return _raising(error)
            except OSError as error:
                return _raising(NotAllowed(f"the signature could not be checked: {error.strerror}"))
        return lambda writer: self._cast(writer, id, vote, evidence, known)

    def exposed(self, record: Record, typed: Iterable[str]) -> str:
        """Return whose good code is among those that lie in a note which did not count; empty if nobody's.

        Whoever can write the vault could use it otherwise, for what its owner has not seen.
        """
        found = list(filter(is_whole, typed))
        if not found or not record.codes.good:
            return ""
        ring, digest = self._proofs.signatures.keys.ring(), record.request.digest
        for issued in record.codes.good:
            key = ring.find(issued.key)
            if key and any(codes.meant(key, digest, issued, code) for code in found):
                return issued.approver
        return ""

    def _proven(self, record: Record, vote: Vote, signature: str) -> Vote:
        from hitl_vault.trust.signatures import approver_of

        name = plain_name(vote.by or approver_of(signature))
        vote = replace(vote, by=name, at=self._ledger.now())
        return replace(vote, proof=self._proofs.signatures.prove(record, vote, signature))

    def _cast(
        self, writer: Writer, id: str, vote: Vote, evidence: Evidence, known: Record | None
    ) -> Record | CodeInvalid:
        if known:
            writer.offer(known)

        def admit(record: Record, cast: Vote) -> Vote:
            cast = self._with_proof(record, as_voter(record, cast, writer.has_asked), evidence)
            check_proof_kind(record, cast)
            return cast

        try:
            return answers.vote(writer, id, vote, admit)
        except CodeInvalid as wrong:
            exposed = plain_name(vote.by) if wrong.exposed else ""
            acts.refuse(
                writer, id, Notice(text=f"Refused: {wrong}.", wrong_codes=int(wrong.counts), exposed=exposed)
            )
            return wrong

    def _with_proof(self, record: Record, cast: Vote, evidence: Evidence) -> Vote:
        if cast.proof is not None:
            from hitl_vault.trust.signatures import check_newer

            self._proofs.signatures.check_keys(cast)
            check_newer(record, cast)
            return cast
        if record.request.requirement.mode is Mode.CODE:
            return codes.take(self._proofs.signatures.keys.ring(), record, cast, evidence.code)
        return cast


def _raising(error: HitlVaultError) -> Job:
    def job(writer: Writer) -> Record | CodeInvalid:
        raise error

    return job
