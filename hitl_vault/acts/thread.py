"""Questions that approvers ask back, and what the agent answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from hitl_vault import config
from hitl_vault.acts.entries import append
from hitl_vault.acts.timing import keep
from hitl_vault.domain.codec import encode
from hitl_vault.domain.decision import Gesture, Verdict, Vote
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.question import Question
from hitl_vault.domain.record import Record
from hitl_vault.errors import InvalidTransition, NotAllowed
from hitl_vault.ledger.protocol import Ledger, Writer
from hitl_vault.trust.modes import as_voter

LONGEST = 16 * 1024
"""Characters of a question or an answer."""

Job: TypeAlias = Callable[[Writer], Record]


def asking_back(id: str, question: Question) -> Job:
    """Return the transaction that records a question; it raises `NotAllowed` if its author may not answer.

    The note that it was read from counts once. A request that is decided by now is returned as it is.
    """

    def job(writer: Writer) -> Record:
        record = keep(writer, id)
        if record.state is not State.PENDING or (question.ballot and question.ballot in record.ballots):
            return record
        # Whoever may answer may ask. It decides nothing, so it needs no proof.
        stand_in = Vote(verdict=Verdict.REJECT, gesture=question.gesture, at=writer.now, by=question.by)
        by = as_voter(record, stand_in, writer.has_asked).by
        return append(writer, record, Kind.QUESTIONED, encode(replace(question, at=writer.now, by=by)))

    return job


class Conversing:
    """The verbs of a gate for questions."""

    agent: str
    config: config.Config
    ledger: Ledger
    _write: Any

    def question(
        self, id: str, text: str, *, by: str | None = None, gesture: Gesture = Gesture.API
    ) -> Record:
        """Ask the agent something about its request, as `by` (else `HITL_APPROVER`); it stays pending.

        Raises `InvalidTransition` if it is decided, `NotAllowed` for somebody who may not answer it.
        """
        name = self.config.approver(by)
        question = Question(request=id, text=_checked(text), at=self.ledger.now(), gesture=gesture, by=name)
        record: Record = self._write(asking_back(id, question))
        if record.state is not State.PENDING:
            raise InvalidTransition(f"{id} is {record.state} already", id=id)
        return record

    def answer(self, id: str, text: str) -> Record:
        """Answer the oldest open question about a request; the approvers read it in the note.

        Raises `InvalidTransition` if no question is open, or the request is decided, and `NotAllowed` for
        the request of another agent.
        """
        body = {"by": self.agent, "text": _checked(text)}

        def job(writer: Writer) -> Record:
            record = keep(writer, id)
            if record.request.agent != self.agent:
                raise NotAllowed(f"{id} was asked by {record.request.agent!r}, which alone answers about it")
            if record.state is State.PENDING and record.question is None:
                raise InvalidTransition(f"nobody has asked anything about {id} that is not answered", id=id)
            return append(writer, record, Kind.ANSWERED, body)

        answered: Record = self._write(job)
        return answered


def _checked(text: str) -> str:
    if not text.strip() or len(text) > LONGEST:
        raise ValueError(f"a question or an answer has 1 to {LONGEST} characters")
    return text
