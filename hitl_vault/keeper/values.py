"""Values of a note that were changed where nobody has answered: whoever answers then has to have been told.

A file does not say who changed it. What is changed and answered in one save is the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hitl_vault.domain.lifecycle import Kind
from hitl_vault.domain.record import Notice, Record
from hitl_vault.keeper.sight import Finding, Sighting
from hitl_vault.vault.editable import typed_in
from hitl_vault.vault.progress import arrow

_TEXT = "Values below were changed, and nobody has answered since. Look at them before you answer."


def with_changed_values(record: Record, finding: Finding, sightings: Sequence[Sighting]) -> Finding:
    """Return what was found, and which values were changed if that is no answer yet.

    It is an alarm: once it is told, no answer counts in a note that does not show it.
    """
    if finding.kind not in (None, Kind.FLAGGED, Kind.HELD):
        return finding
    changed = [line for s in sightings if s.main for line in _changed(record, s)]
    if not changed:
        return finding
    said = finding.notice or Notice(text="")
    text = f"{said.text} {_TEXT}".strip()
    detail = "\n".join([said.detail, *changed]).strip()
    return replace(
        finding,
        kind=finding.kind or Kind.FLAGGED,
        notice=Notice(text=text, detail=detail, alarm=True),
        patient=False,
    )


def _changed(record: Record, sighting: Sighting) -> list[str]:
    ballot = sighting.answered
    values = typed_in(ballot.edits, record.offered) if ballot else {}
    return [f"Changed: {arrow(path, record.offered[path], value)}" for path, value in values.items()]
