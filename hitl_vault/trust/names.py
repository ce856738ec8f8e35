"""When two names mean the same person: exactly when they vote, loosely when they must not."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

from hitl_vault.domain.names import alike
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import plain_name

HasAsked = Callable[[str, str | None], bool]
"""Tells whether an agent of this name has asked anything; with a run, anything in that run."""


def authors(record: Record) -> tuple[str, ...]:
    """Return every name under which the request says it was written."""
    adopted = record.request.adopted
    return (record.request.agent, *(adopted.authors if adopted else ()))


def is_author(record: Record, name: str, has_asked: HasAsked) -> bool:
    """Tell whether `name` wrote the request, or may have written it under another name.

    It may if it asks in this vault as an agent, and either the request is an adopted note, whose
    author nobody has checked, or the name also asked in the same run.
    """
    if alike(name) in _alike(authors(record)):
        return True
    run = record.request.run
    if record.request.adopted is None and run is None:
        return False
    wanted = None if record.request.adopted else run
    return any(has_asked(spelling, wanted) for spelling in spellings(name))


def spellings(name: str) -> tuple[str, ...]:
    """Return the ways of writing a name under which an agent is looked up."""
    plain = plain_name(name)
    compatible = unicodedata.normalize("NFKC", plain)
    return tuple(dict.fromkeys((plain, compatible, compatible.casefold())))


def _alike(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(alike, names))
