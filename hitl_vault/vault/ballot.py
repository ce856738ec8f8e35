"""What a note says when it is read: strict, bounded, and never more than what stands there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from hitl_vault.domain.decision import Verdict
from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.editable import edits_in
from hitl_vault.vault.fences import lines_of, outside
from hitl_vault.vault.files import LIMIT
from hitl_vault.vault.frontmatter import HANDLER, Value, parse

PERSON_FIELDS = ("status", "approver", "comment", "remember", "code", "signature")
"""The fields that a person fills in."""

OWN_FIELDS = frozenset(PERSON_FIELDS) | {
    *("id", "action", "agent", "risk", "created", "expires", "run", "decided", "digest", "type", "tags"),
    *("hitl_id", "hitl_digest"),
}
"""The fields that mean something to us; no other spelling of them may stand beside them."""

WORDS: Mapping[str, Verdict] = {
    **dict.fromkeys(("approved", "approve"), Verdict.APPROVE),
    **dict.fromkeys(("rejected", "reject", "denied", "deny"), Verdict.REJECT),
}
"""The words of `status` that are a vote."""

QUESTIONS = frozenset({"needs_info", "needs-info", "needs info", "more_info", "info", "question"})
"""The words of `status` that ask the agent what stands in `comment`."""

UNDECIDED = frozenset({"", "pending", "pending_approval", "awaiting_approval", "pending_review"})
"""The words of `status` that say nothing yet."""

_QUOTES = ('""', "''", "\u201c\u201d", "\u2018\u2019", "``")

_NOTES = re.compile(r"^ {0,3}##[ \t]+Notes[ \t]*(?:\n|\Z)", re.MULTILINE)
BOX = re.compile(r"^ {0,3}[-*+] {1,4}\[(.)\][ \t]+(Approve|Reject)[ \t]*$", re.MULTILINE)
"""A box: its mark, and its label."""

REMEMBER_BOX = re.compile(r"^ {0,3}[-*+] {1,4}\[([xX])\][ \t]+Yes, and the same for [^\n]+$", re.MULTILINE)
"""The ticked box that makes a standing rule."""

THEIRS = "## As the agent wrote it\n"
"""The heading below which an adopted note keeps the agent's text: no box there is anybody's answer."""

_THEIRS = re.compile(r"^ {0,3}##[ \t]+As the agent wrote it[ \t]*$", re.MULTILINE)
_BREAK = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, kw_only=True)
class Ballot:
    """A note as it was read. Nothing here has been checked against the request.

    `fields` is the front matter, our own fields under their exact names; `status` the normalised
    word, `verdict` what it means, `unknown` the word or mark as typed where it means nothing.
    `approve` and `reject` tell whether every box with that label is ticked; `torn` whether boxes
    with the same label disagree. `beside` is what boxes say that an agent placed in its own note: no
    answer. `head` is the text above `## Notes`, its lines ending in LF; `notes`
    is all below that heading, verbatim; `has_notes` tells whether there is such a heading.
    """

    fields: Mapping[str, Value]
    status: str
    verdict: Verdict | None
    unknown: str | None
    approve: bool
    reject: bool
    torn: bool
    approver: str
    comment: str
    code: str
    signature: str
    head: str
    notes: str
    has_notes: bool
    beside: frozenset[Verdict] = frozenset()

    @cached_property
    def ours(self) -> str:
        """What of `head` is no text that an agent wrote as a note of its own."""
        return _parted(self.head)[0]

    @cached_property
    def edits(self) -> str | None:
        """The text of the block of values that may be changed, None without one."""
        return edits_in(self.ours)

    @cached_property
    def remember_ticked(self) -> bool:
        """Whether the box is ticked that approves and makes a standing rule."""
        return _remembers(self.ours)

    @property
    def remember(self) -> str:
        """For how long the person wants requests like this approved, as typed; empty for not at all."""
        return _one(self.fields, "remember")

    @property
    def asks(self) -> bool:
        """Whether the person asks something back."""
        return self.status in QUESTIONS

    @cached_property
    def verdicts(self) -> frozenset[Verdict]:
        """Every verdict that the note gives; more than one is a contradiction, as are torn boxes."""
        if self.torn:
            return frozenset(Verdict)
        ticked = (Verdict.APPROVE if self.approve else None, Verdict.REJECT if self.reject else None)
        both = (Verdict.APPROVE,) if self.remember_ticked else ()
        return frozenset(verdict for verdict in (self.verdict, *ticked, *both) if verdict)


def read_ballot(data: bytes, path: Path | None = None, *, skip: int = 0) -> Ballot:
    """Read a note; `BallotInvalid` says what in it cannot be read, with `path` and the field.

    `skip` is the number of `## Notes` headings that are not ours: those in the text of an adopted
    note (`notes_headings`).
    """
    try:
        return _read(data, skip)
    except BallotInvalid as error:
        name = path.name if path else "the note"
        raise BallotInvalid(f"{name}: {error}", path=path, field=error.field) from error.__cause__


def notes_headings(text: str) -> int:
    """Return how many `## Notes` headings a note has below its front matter, outside of fences.

    `BallotInvalid` without front matter.
    """
    _, body = HANDLER.split(lines_of(text))
    return sum(1 for span in outside(body) for _ in _NOTES.finditer(body, *span))


def _read(data: bytes, skip: int) -> Ballot:
    original = _decode(data)
    text = lines_of(original)
    front = parse(text)
    fields = _canonical(front.fields)
    head, notes, has_notes = _part(front.body, skip)
    if notes and text is not original:
        notes = _verbatim(original, text, notes)
    ours, theirs = _parted(head)
    boxes = _boxes(ours)
    typed = _typed(fields.get("status", ""))
    word = typed.casefold()
    return Ballot(
        fields=fields,
        status=word,
        verdict=WORDS.get(word),
        unknown=_unknown(typed, boxes),
        approve=boxes[Verdict.APPROVE] == {"x"},
        reject=boxes[Verdict.REJECT] == {"x"},
        torn=any("x" in marks and len(marks) > 1 for marks in boxes.values()),
        approver=_one(fields, "approver"),
        comment=_comment(fields.get("comment", "")),
        code=_one(fields, "code"),
        signature=_one(fields, "signature"),
        head=head,
        notes=notes,
        has_notes=has_notes,
        beside=_beside(theirs),
    )


def _decode(data: bytes) -> str:
    if len(data) > LIMIT:
        raise BallotInvalid(f"the note is larger than {LIMIT // 1024} KiB; shorten it")
    if not data.strip():
        raise BallotInvalid("the note is empty")
    if b"\0" in data:
        raise BallotInvalid("the note holds NUL bytes, as after a crash; restore its text")
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise BallotInvalid(f"byte {error.start} is not UTF-8; save the note as UTF-8") from error


def _canonical(fields: Mapping[str, Value]) -> dict[str, Value]:
    """Return the fields with our own under their exact names, each at most once."""
    out: dict[str, Value] = {}
    for name, value in fields.items():
        key = name if name in OWN_FIELDS else _folded(name)
        if key in out or (key != name and not name.isascii()):
            raise BallotInvalid(f"the field {name!r} looks like `{key}`; keep one `{key}`", field=key)
        out[key] = value
    return out


def _folded(name: str) -> str:
    """Return the field of ours that `name` looks like, else `name`."""
    plain = name.casefold().strip()
    if not plain.isascii():
        seen = "".join(char for char in plain if unicodedata.category(char) != "Cf")
        plain = unicodedata.normalize("NFKC", seen).casefold().strip()
    return plain if plain in OWN_FIELDS else name


def _part(body: str, skip: int) -> tuple[str, str, bool]:
    """Return what stands above our `## Notes`, what below, and whether the heading is there."""
    for span in outside(body):
        for heading in _NOTES.finditer(body, *span):
            if skip == 0:
                return body[: heading.start()], body[heading.end() :], True
            skip -= 1
    return body, "", False


def _parted(head: str) -> tuple[str, str]:
    """Return what is ours, and what an agent wrote as a note of its own."""
    for span in outside(head) if THEIRS.strip("# \n") in head else ():
        if heading := _THEIRS.search(head, *span):
            return head[: heading.start()], head[heading.end() :]
    return head, ""


def _beside(theirs: str) -> frozenset[Verdict]:
    remembers = (Verdict.APPROVE,) if _remembers(theirs) else ()
    ticked = (verdict for verdict, marks in _boxes(theirs).items() if "x" in marks)
    return frozenset((*ticked, *remembers)) if theirs else frozenset()


def _remembers(text: str) -> bool:
    return any(REMEMBER_BOX.search(text, *span) for span in outside(text))


def _verbatim(original: str, text: str, notes: str) -> str:
    """Return the notes with the line ends that they have in `original`."""
    above = text.count("\n") - notes.count("\n")
    start = next(islice(_BREAK.finditer(original), above - 1, None))
    return original[start.end() :]


def _boxes(head: str) -> dict[Verdict, set[str]]:
    """Return the marks in the boxes of each label, lower case."""
    marks: dict[Verdict, set[str]] = {verdict: set() for verdict in Verdict}
    for span in outside(head):
        for box in BOX.finditer(head, *span):
            marks[Verdict(box[2].lower())].add(box[1].lower())
    return marks


def _typed(value: Value) -> str:
    """Return the status as somebody typed it: a one-item list is its item, quotes and blanks are dropped."""
    if isinstance(value, dict):
        raise BallotInvalid("`status` is a mapping; write one word", field="status")
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    text = value.strip()
    if len(text) > 1 and text[0] + text[-1] in _QUOTES:
        text = text[1:-1].strip()
    return text


def _unknown(typed: str, boxes: Mapping[Verdict, set[str]]) -> str | None:
    word = typed.casefold()
    if word not in UNDECIDED:
        return None if word in WORDS or word in QUESTIONS else typed
    marks = set().union(*boxes.values())
    odd = sorted(marks - {" "})
    return f"[{odd[0]}]" if odd and "x" not in marks else None


def _one(fields: Mapping[str, Value], name: str) -> str:
    value = fields.get(name, "")
    if isinstance(value, list) and len(value) <= 1:
        value = value[0] if value else ""
    if not isinstance(value, str):
        raise BallotInvalid(f"`{name}` holds more than one value; write one", field=name)
    return value.strip()


def _comment(value: Value) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(str(item) for item in value).strip()
    if not isinstance(value, str):
        raise BallotInvalid("`comment` is not text; put it into quotes", field="comment")
    return value.strip()
