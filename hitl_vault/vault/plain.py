"""The ordinary answer, read quickly: a note just as it was drawn but for one word in `status`, or one tick.

Whoever answers so changes nothing else, which one hash shows; the strict reader
(`hitl_vault.vault.ballot`) and the comparison of what was sealed would find the same.
"""

from __future__ import annotations

import hashlib
import re

from hitl_vault.domain.decision import Verdict
from hitl_vault.vault.ballot import WORDS, Ballot

_STATUS = re.compile(rb'\A---\nstatus: ("?)([A-Za-z]{4,8})\1\n')
_TICK = re.compile(rb"^- \[[xX]\] (Approve|Reject)$", re.MULTILINE)
_NO_NOTES = b"\n## Notes\n"


def plain_ballot(data: bytes, drawn_sha: str) -> Ballot | None:
    """Return what a note says if it is the one with the hash `drawn_sha` but for one word or one tick.

    None is no verdict on the note: it then has to be read strictly.
    """
    if not data.endswith(_NO_NOTES):
        return None
    if (found := _STATUS.match(data)) and (word := found[2].decode().lower()) in WORDS:
        before = b'---\nstatus: "pending"\n' + data[found.end() :]
        return _ballot(status=word) if _is(before, drawn_sha) else None
    if found := _TICK.search(data):
        before = data[: found.start()] + b"- [ ] " + found[1] + data[found.end() :]
        return _ballot(ticked=found[1]) if _is(before, drawn_sha) else None
    return None


def _is(data: bytes, sha: str) -> bool:
    return hashlib.sha256(data).hexdigest() == sha


def _ballot(*, status: str = "pending", ticked: bytes = b"") -> Ballot:
    verdict: Verdict | None = WORDS.get(status)
    return Ballot(
        fields={},
        status=status,
        verdict=verdict,
        unknown=None,
        approve=ticked == b"Approve",
        reject=ticked == b"Reject",
        torn=False,
        approver="",
        comment="",
        code="",
        signature="",
        head="",
        notes="",
        has_notes=True,
    )
