"""What agents wrote in notes of their own, against what is found there later."""

from __future__ import annotations

from hitl_vault.domain.record import Record
from hitl_vault.errors import BallotInvalid
from hitl_vault.keeper.sight import Sighting
from hitl_vault.vault.ballot import PERSON_FIELDS, read_ballot
from hitl_vault.vault.seal import differences


def is_as_written(record: Record, sighting: Sighting) -> bool:
    """Tell whether a file is an adopted note as the agent wrote it, answered before it was drawn.

    Where the agent filled in what a person answers with, nobody can tell whose it is.
    """
    adopted, found = record.request.adopted, sighting.ballot
    if adopted is None or found is None:
        return False
    try:
        theirs = read_ballot(adopted.text.encode(), skip=sighting.skip)
    except BallotInvalid:
        return False
    filled = any(theirs.fields.get(name) for name in PERSON_FIELDS if name != "status")
    return not (filled or theirs.verdicts) and not differences(theirs, found)
