"""The block of a note in which an approver may change values, and what it says when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hitl_vault.domain.text import fenced
from hitl_vault.errors import BallotInvalid
from hitl_vault.vault import inert
from hitl_vault.vault.fences import fences
from hitl_vault.vault.inert import Inert
from hitl_vault.vault.strict_json import Unreadable, read

INFO = "json edit"
"""The info string of the block; what agents write stands in fences with others."""


MOST_OFFERED, MOST_TYPED = 16 * 1024, 32 * 1024
"""Bytes of the block: a drawn note stays readable as a ballot."""


def edit_block(offered: Mapping[str, Any], typed: Mapping[str, Any]) -> Inert | None:
    """Return the block of these values, by path, as a person has typed them; None where they are too long."""
    if len(inert.json_text(dict(offered)).encode()) > MOST_OFFERED:
        return None
    values = {path: typed.get(path, value) for path, value in offered.items()}
    return Inert(fenced(inert.json_text(values), INFO))


def edits_in(head: str) -> str | None:
    """Return the text of the block, None where there is none."""
    if INFO not in head:
        return None
    return next((fence.content for fence in fences(head) if fence.info == INFO), None)


def read_edits(text: str) -> dict[str, Any]:
    """Return the values that the block says, by path; `BallotInvalid` if that cannot be told for certain."""
    try:
        values = read(text)
    except Unreadable as error:
        raise BallotInvalid(f"the block of values that may be changed {error}", field="edits") from error
    if not isinstance(values, dict):
        raise BallotInvalid("the values that may be changed are not in braces any more", field="edits")
    return values


def edits_typed(text: str) -> dict[str, Any]:
    """Return what `read_edits` does; `BallotInvalid` also if it is more than a person may type in."""
    if len(text.encode()) > MOST_TYPED:
        problem = f"the values that may be changed are larger than {MOST_TYPED // 1024} KiB; shorten them"
        raise BallotInvalid(problem, field="edits")
    return read_edits(text)


def typed_in(text: str | None, proposed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a person has changed in the block so far; none where it cannot be taken."""
    try:
        values = edits_typed(text) if text is not None else {}
    except BallotInvalid:
        return {}
    return {path: value for path, value in values.items() if path in proposed and value != proposed[path]}
