"""The questions that approvers asked about a request, and the agent's answers, as a note shows them."""

from __future__ import annotations

from collections.abc import Iterator

from hitl_vault.domain.question import Question
from hitl_vault.domain.record import Record
from hitl_vault.domain.times import told
from hitl_vault.vault import inert

MOST = 10
"""How many questions are shown, the newest."""

TEXT_LIMIT = 4 * 1024
"""Bytes of each text that are shown: the note has to stay readable as a ballot."""


def thread(record: Record) -> Iterator[str]:
    """Yield the thread, oldest first; every word of it was written by others and stands in a fence."""
    earlier = len(record.questions) - MOST
    if earlier > 0:
        yield f"> [!question] {earlier} earlier questions are in the record"
    for question in record.questions[-MOST:]:
        yield from _exchange(question, record)


def _exchange(question: Question, record: Record) -> Iterator[str]:
    since = record.request.created
    yield f"> [!question] A question, {told(question.at, since)}"
    yield inert.block(f"{question.by}: {question.text}" if question.by else question.text, limit=TEXT_LIMIT)
    if question.answer is not None and question.answered is not None:
        yield f"> [!quote] The agent's answer (unchecked), {told(question.answered, since)}"
        yield inert.block(question.answer, limit=TEXT_LIMIT)
    else:
        yield "> [!info] The agent has not answered yet. You can still decide."
