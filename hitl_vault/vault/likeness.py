"""What "the same" is beneath the box that makes a standing rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring

from hitl_vault.domain.edits import picked, without
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import Remember
from hitl_vault.vault import inert
from hitl_vault.vault.inert import Inert, row_text

_PLAIN_NAME = re.compile(r"[\w.-]{1,60}", re.ASCII)


def likeness(record: Record, scope: Remember) -> Inert:
    """Return in one fence which later requests would be approved without asking."""
    return Inert(f"The same, approved without asking, would be:\n\n{inert.table(list(_rows(record, scope)))}")


def _rows(record: Record, scope: Remember) -> Iterator[tuple[str, str]]:
    """Yield what would have to be as here, and what not; of a value that may be changed the approved one."""
    request = record.request
    yield "Action", row_text(request.action)
    yield "Asked by", row_text(request.agent)
    if equal := without(request.context, (*scope.at_most, *scope.free)):
        yield "Equal", row_text(_names(equal))
    for path, value in picked(request.context, scope.at_most).items():
        most = "what you approve" if path in record.offered else row_text(value)
        yield "At most", f"{row_text(_names([path]))} {most}"
    if scope.free:
        yield "Anything", row_text(_names(scope.free))
    yield "Risk", f"at most {scope.up_to}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(name if _PLAIN_NAME.fullmatch(name) else encode_basestring(name) for name in names)
