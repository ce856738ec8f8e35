"""The ordinary answer, read quickly: a note just as it was drawn but for one word in `status`, or one tick.

Whoever answers so changes nothing else, which one hash shows; the strict reader
(`hitl_vault.vault.ballot`) and the comparison of what was sealed would find the same.
"""

from __future__ import annotations

import hashlib
import re

from hitl_vault.vault.ballot import THEIRS, WORDS, Ballot
from hitl_vault.vault.fences import unclosed

_FRONT = re.compile(
    rb'\A---\nstatus: ("?)([A-Za-z]{4,8})\1\napprover: ""\ncomment: ""\n'
    rb'(?:(?:remember|code|signature): ""\n)*id: "'
)
"""How the front matter begins as long as nobody has filled in anything but `status`."""

_TICK = re.compile(rb"^- \[[xX]\] (Approve|Reject)$", re.MULTILINE)
_TICKED = re.compile(rb"\[[xX]\][ \t]+(?:Approve|Reject|Yes, and)")
_LABEL = {label: re.compile(rb"\][ \t]+" + label) for label in (b"Approve", b"Reject")}
_BLANK = b"- [ ]"
_CLOSING = b"\n---\n"
_NOTES = b"\n## Notes"


def plain_ballot(data: bytes, drawn_sha: str) -> Ballot | None:
    """Return what a note says if it is the one with the hash `drawn_sha` but for one word or one tick.

    None is no verdict on the note: it then has to be read strictly.
    """
    front = _FRONT.match(data)
    if front is None or not data.endswith(_NOTES + b"\n") or data.count(_NOTES) != 1:
        return None
    word = front[2].decode().lower()
    if word in WORDS:
        before = b'---\nstatus: "pending"' + data[front.end(2) + len(front[1]) :]
        return _ballot(status=word) if _is(before, drawn_sha) and not _TICKED.search(before) else None
    closing = data.find(_CLOSING)
    tick = _TICK.search(data, closing) if closing > 0 else None
    if word != "pending" or tick is None:
        return None
    before = data[: tick.start()] + _BLANK + data[tick.start() + len(_BLANK) :]
    return _ballot(ticked=tick[1]) if _is(before, drawn_sha) and _alone(tick, before) else None


def _is(data: bytes, sha: str) -> bool:
    return hashlib.sha256(data).hexdigest() == sha


def _alone(tick: re.Match[bytes], before: bytes) -> bool:
    """Tell whether a tick is in our box, not in the agent's text, and nothing else speaks beside it."""
    others = _TICKED.search(before) or len(_LABEL[tick[1]].findall(before)) != 1
    above = before[: tick.start()].decode()
    return not others and THEIRS not in above and not unclosed(above)


def _ballot(*, status: str = "pending", ticked: bytes = b"") -> Ballot:
    return Ballot(
        fields={},
        status=status,
        verdict=WORDS.get(status),
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
