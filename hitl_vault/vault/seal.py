"""What a person would have seen otherwise: a note as it was drawn against the note as it was found."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from functools import cached_property
from itertools import zip_longest

from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.ballot import PERSON_FIELDS, UNDECIDED, Ballot, read_ballot
from hitl_vault.vault.checklist import ITEM
from hitl_vault.vault.editable import INFO, read_edits
from hitl_vault.vault.fences import Fence, fences
from hitl_vault.vault.frontmatter import Value
from hitl_vault.vault.json_diff import told, value_key
from hitl_vault.vault.strict_json import excerpt

MOST = 12
"""The most differences that are told; one more says how many are left."""

_MOST_LINES = 400
_BOX = re.compile(r"^ {0,3}[-*+] {1,4}\[[!-~ ]\][ \t]+(Approve|Reject|Yes, and the same for [^\n]+)$")
_ITEM = re.compile(r"^[*+-] {1,4}(?=[^ \t])")
_HEADING = re.compile(r"^(#{1,6})[ \t]+(?=[^ \t])")
_QUOTE = re.compile(r"^>[ \t]?(?=[^ \t>])")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?")


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """What of a drawn note nobody may change: its fields, and the text above `## Notes`."""

    fields: Mapping[str, Value]
    head: str
    has_notes: bool = True


def differences(drawn: bytes | Ballot | Sealed, found: bytes | Ballot, *, skip: int = 0) -> list[str]:
    """Say what a person would have seen otherwise in `found` than in `drawn`; nothing if it is the same.

    Compared are the text above `## Notes` and every field that is not the person's; once a note is
    decided, none is theirs. The same are:
    ticks, line endings, a BOM, blank lines and blanks at the end of a line outside of fences, list
    marks, blanks after them and after a heading's `#`, the length of a fence, JSON of equal
    value, the quoting and order of fields, further fields and tags. What is told quotes text that
    anybody may have written, so show it in a fence. `skip` is as for `read_ballot`, which this
    calls on bytes, with its errors.
    """
    before = read_ballot(drawn, skip=skip) if isinstance(drawn, bytes) else drawn
    after = read_ballot(found, skip=skip) if isinstance(found, bytes) else found
    all = [*_fields(before, after), *_heads(before, after)]
    return all if len(all) <= MOST else [*all[:MOST], f"and {len(all) - MOST} more changes"]


def _fields(drawn: Ballot | Sealed, found: Ballot) -> Iterator[str]:
    theirs = PERSON_FIELDS if _undecided(drawn.fields) else ()
    for name, value in drawn.fields.items():
        if name in theirs:
            continue
        if name not in found.fields:
            yield f'the field "{excerpt(name)}" is missing'
        elif not _same(name, value, found.fields[name]):
            now = excerpt(str(found.fields[name]))
            yield f'the field "{excerpt(name)}" reads {now} instead of {excerpt(str(value))}'


def factual(drawn: Ballot | Sealed, found: Ballot) -> list[str]:
    """Say what a note has otherwise in its fields or its JSON, whatever the words around it.

    For a note that was drawn with other templates.
    """
    was, now = _json(drawn.head), _json(found.head)
    missing = [] if was <= now else ["the context is not the request's"]
    return [*_fields(drawn, found), *missing]


def _json(head: str) -> set[Hashable]:
    return {value_key(fence.content) for fence in fences(head) if fence.info == "json"}


def _undecided(fields: Mapping[str, Value]) -> bool:
    status = _item(fields.get("status", ""))
    return isinstance(status, str) and status.casefold() in UNDECIDED


def _same(name: str, drawn: Value, found: Value) -> bool:
    if drawn == found:
        return True
    if name == "tags":
        return set(_texts(drawn)) <= set(_texts(found))
    drawn, found = _item(drawn), _item(found)
    if isinstance(drawn, list) and isinstance(found, list) and len(drawn) == len(found):
        return all(_same("", *pair) for pair in zip(drawn, found, strict=True))
    if isinstance(drawn, dict) and isinstance(found, dict) and drawn.keys() == found.keys():
        return all(_same("", value, found[key]) for key, value in drawn.items())
    return isinstance(drawn, str) and isinstance(found, str) and _scalar(drawn) == _scalar(found)


def _texts(value: Value) -> list[str]:
    return [str(item).removeprefix("#") for item in (value if isinstance(value, list) else [value])]


def _item(value: Value) -> Value:
    """A one-item list counts as its item, an empty one as nothing: Obsidian turns either into the other."""
    if isinstance(value, list) and len(value) < 2:
        return value[0] if value else ""
    return value


def _scalar(text: str) -> str | Decimal:
    """Obsidian writes 1250.00 as 1250 and True as true."""
    text = text.strip(" \t\n")
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    return text.lower() if text in ("True", "TRUE", "False", "FALSE") else text


def _heads(drawn: Ballot | Sealed, found: Ballot) -> Iterator[str]:
    if drawn.has_notes != found.has_notes:
        yield f'the heading "## Notes" is {"missing" if drawn.has_notes else "new"}'
    if drawn.head != found.head:
        yield from _compare(list(_pieces(drawn.head)), list(_pieces(found.head)))


@dataclass(frozen=True)
class _Piece:
    """A line or a fence of the text above the Notes; a line within a fence is `literal`."""

    text: str
    fence: Fence | None = None
    literal: bool = False

    @cached_property
    def key(self) -> Hashable:
        """What is equal for two pieces that look the same."""
        if self.fence:
            return _fence_key(self.fence)
        return self.text if self.literal else _uniform(self.text)

    def same(self, other: _Piece) -> bool:
        """Whether a person would see the same."""
        return self.text == other.text or self.key == other.key


def _pieces(head: str) -> Iterator[_Piece]:
    at = 0
    for fence in fences(head):
        yield from _lines(head[at : fence.start])
        yield _Piece(head[fence.start : fence.end], fence)
        at = fence.end
    yield from _lines(head[at:])


def _lines(text: str) -> Iterator[_Piece]:
    return (_Piece(line) for line in map(_rstrip, text.split("\n")) if line)


def _rstrip(line: str) -> str:
    return line.rstrip(" \t")


def _uniform(line: str) -> str:
    """Return a line in the one way of writing it that formatters agree on, with its box empty."""
    if box := _BOX.match(line):
        return f"- [ ] {box[1]}"
    if item := ITEM.match(line):
        return f"{item['indent']}- [ ] {item['label']}"
    return _QUOTE.sub("> ", _HEADING.sub(r"\1 ", _ITEM.sub("- ", line)))


def _fence_key(fence: Fence) -> Hashable:
    if fence.info == INFO and fence.closed:
        return INFO, _offered(fence.content)
    indent = len(fence.mark) - len(fence.mark.lstrip())
    content = value_key(fence.content) if fence.info == "json" else _trimmed(fence.content)
    return indent, fence.info, fence.closed, content


def _offered(content: str) -> Hashable:
    """Return what must stay the same where values may be changed: their names, and that it can be read."""
    try:
        return frozenset(read_edits(content))
    except BallotInvalid:
        return content


def _trimmed(content: str) -> str:
    return "\n".join(map(_rstrip, content.split("\n")))


def _compare(drawn: Sequence[_Piece], found: Sequence[_Piece]) -> Iterator[str]:
    top = _shared(drawn, found)
    bottom = _shared(drawn[top:][::-1], found[top:][::-1])
    was, now = drawn[top : len(drawn) - bottom], found[top : len(found) - bottom]
    if max(len(was), len(now)) > _MOST_LINES:
        yield f"{len(was)} lines were replaced by {len(now)} others"
        return
    matcher = SequenceMatcher(None, [p.key for p in was], [p.key for p in now], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            for pair in zip_longest(was[a:b], now[c:d]):
                yield from _told(*pair)


def _shared(a: Sequence[_Piece], b: Sequence[_Piece]) -> int:
    """Return how many pieces are the same from the start."""
    different = (at for at, (x, y) in enumerate(zip(a, b, strict=False)) if not x.same(y))
    return next(different, min(len(a), len(b)))


def _told(was: _Piece | None, now: _Piece | None) -> Iterator[str]:
    if was is None or now is None:
        yield f"text was added: {_quoted(now)}" if now else f"text is missing: {_quoted(was)}"
    elif was.fence and now.fence and was.fence.info == now.fence.info and now.fence.closed:
        yield from _inside(was.fence, now.fence)
    else:
        yield f"{_quoted(now)} stands where {_quoted(was)} stood"


def _inside(was: Fence, now: Fence) -> Iterator[str]:
    if was.info == "json":
        yield from told(was.content, now.content)
        return
    yield from list(_compare(_literal(was), _literal(now))) or ["a block of text was indented"]


def _literal(fence: Fence) -> list[_Piece]:
    return [_Piece(line, literal=True) for line in _trimmed(fence.content).split("\n")]


def _quoted(piece: _Piece | None) -> str:
    return f"“{excerpt(piece.text.strip())}”" if piece else ""
