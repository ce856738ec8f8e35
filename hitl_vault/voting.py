"""How a vote reaches the ledger: what is slow to prove is proven before the transaction, the rest in it."""

from __future__ import annotations

from collections.abc import Callable

from hitl_vault import answers
from hitl_vault.domain.decision import Vote
from hitl_vault.domain.record import Record
from hitl_vault.ledger.protocol import Writer
from hitl_vault.trust.modes import admit


def ballot_job(id: str, vote: Vote) -> Callable[[Writer], Record]:
    """Return the transaction that records a vote if it is admitted."""

    def job(writer: Writer) -> Record:
        return answers.vote(writer, id, vote, lambda record, cast: admit(record, cast, writer.has_asked))

    return job
