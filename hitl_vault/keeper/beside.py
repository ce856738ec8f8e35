"""Ticks in boxes that an agent placed in a note of its own: none is an answer, whatever stands beside it."""

from __future__ import annotations

from collections.abc import Sequence

from hitl_vault.domain.decision import Verdict
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.domain.record import Notice
from hitl_vault.keeper.sight import Finding, Sighting
from hitl_vault.vault.layout import Folder

_REFUSED = Notice(
    text="Refused: a box in the text of the agent was ticked. The agent placed it, so it answers nothing. "
    "Please answer under Approval."
)


def without_ticks_beside(finding: Finding, sightings: Sequence[Sighting]) -> Finding:
    """Return what was found, refused where such a box is ticked and the answer does not say the same."""
    if finding.kind not in (None, Kind.VOTED, Kind.FLAGGED):
        return finding
    mains = [s for s in sightings if s.main and s.place.folder is not Folder.DONE]
    said = frozenset[Verdict]().union(*(s.verdicts for s in mains))
    if all(_beside(s) <= said for s in mains):
        return finding
    codes = tuple(code for s in mains for code in s.codes)
    return Finding(kind=Kind.REFUSED, notice=_REFUSED, codes=codes, patient=not said)


def _beside(sighting: Sighting) -> frozenset[Verdict]:
    return sighting.answered.beside if sighting.answered else frozenset()
