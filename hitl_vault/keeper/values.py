"""What of a note was changed where nobody has answered: whoever answers then has to have been told.

A file does not say who changed it. What is changed and answered in one save is the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hitl_vault.domain.lifecycle import Kind
from hitl_vault.domain.record import Notice, Record
from hitl_vault.keeper.sight import Finding, Sighting
from hitl_vault.vault.editable import typed_in
from hitl_vault.vault.inert import row_text
from hitl_vault.vault.progress import arrow

_VALUES = "Values below were changed, and nobody has answered since. Look at them before you answer."
_WISH = "A standing rule is wished for here, and nobody has answered since. Take it out unless it is yours."


def with_unanswered(record: Record, finding: Finding, sightings: Sequence[Sighting]) -> Finding:
    """Return what was found, and which values were changed or what is wished for if that is no answer yet.

    It is an alarm: once it is told, no answer counts in a note that does not show it.
    """
    if finding.kind not in (None, Kind.FLAGGED, Kind.HELD):
        return finding
    mains = [s for s in sightings if s.main]
    changed = [line for s in mains for line in _changed(record, s)]
    wished = [line for s in mains for line in _wished(record, s)]
    if not (changed or wished):
        return finding
    said = finding.notice or Notice(text="")
    texts = (said.text, _VALUES if changed else "", _WISH if wished else "")
    return replace(
        finding,
        kind=finding.kind or Kind.FLAGGED,
        notice=Notice(
            text=" ".join(filter(None, texts)),
            detail="\n".join([said.detail, *changed, *wished]).strip(),
            alarm=True,
        ),
        patient=False,
    )


def _changed(record: Record, sighting: Sighting) -> list[str]:
    ballot = sighting.answered
    values = typed_in(ballot.edits, record.offered) if ballot else {}
    return [f"Changed: {arrow(path, record.offered[path], value)}" for path, value in values.items()]


def _wished(record: Record, sighting: Sighting) -> list[str]:
    ballot = sighting.answered if record.rememberable else None
    typed = ballot.fields.get("remember", "") if ballot else ""
    said = [f"remember: {row_text(typed)}"] if typed else []
    return [*said, "Ticked: Yes, and the same"] if ballot and ballot.remember_ticked else said
