"""The executor's check: what has to hold, by the ledger alone, before an approved action may run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from hitl_vault import acts
from hitl_vault.domain.decision import Verdict, Vote, tally
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.errors import InvalidTransition, NotAllowed, SignatureInvalid
from hitl_vault.ledger.protocol import Ledger, Writer
from hitl_vault.proofs import Proofs
from hitl_vault.trust.modes import PROVES
from hitl_vault.verbs import operands

Job = Callable[[Writer], Record]


class Claiming:
    """Checks approved requests of one vault for whoever is about to run them."""

    def __init__(self, ledger: Ledger, state: Path) -> None:
        self._ledger = ledger
        self._proofs = Proofs(state)

    def job(self, id: str, *, agent: str, action: str, context: Mapping[str, Any], lease: timedelta) -> Job:
        """Return the transaction that takes the right to run.

        What is slow is checked now: files are hashed and signatures verified again. Raises
        `DigestMismatch` for a file that has changed, `NotAllowed` for a proof that holds no more.
        """
        record = self._ledger.record(id)
        check = self._checked(record)

        def job(writer: Writer) -> Record:
            return acts.claim(
                writer, id, agent=agent, action=action, context=context, lease=lease, check=check
            )

        return job

    def _checked(self, record: Record) -> Callable[[Record], None]:
        """Check what is slow, and return the quick check that is left for the transaction."""
        if record.state is not State.APPROVED:
            return _nothing if not _proves(record) and not record.request.files else _too_early
        operands.check(record.request.files)
        if not _proves(record):
            return _nothing
        holding = self._holding(record)

        def still(now: Record) -> None:
            if now.decision != record.decision:
                _too_early(now)
            for vote in holding:
                self._proofs.signatures.check_keys(vote)

        return still

    def _holding(self, record: Record) -> list[Vote]:
        """Return the approvals whose proof holds now; if they are too few, raise why another does not."""
        problem: NotAllowed | None = None
        holding = []
        for vote in record.decision.votes if record.decision else ():
            try:
                if vote.verdict is Verdict.APPROVE:
                    self._proofs.verify(record, vote, self._ledger.now())
                    holding.append(vote)
            except NotAllowed as error:
                problem = error
        if tally(record.request.requirement, holding) is not Verdict.APPROVE:
            raise problem or SignatureInvalid(f"{record.id} was approved without the proof that it needs")
        return holding


def _proves(record: Record) -> bool:
    """Tell whether the approval rests on proofs; one by a rule of the policy rests on that rule."""
    return record.request.requirement.mode in PROVES and not (record.decision and record.decision.ground)


def _nothing(record: Record) -> None:
    """There is nothing more to check."""


def _too_early(record: Record) -> None:
    raise InvalidTransition(
        f"{record.id} was decided while it was being claimed; claim it again", id=record.id
    )
