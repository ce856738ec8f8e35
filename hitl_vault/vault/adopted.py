"""Draws a note that an agent wrote by itself: its text stays as it was, ours is added above it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from json.encoder import encode_basestring
from typing import Any

import yaml

from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.vault import inert
from hitl_vault.vault.ballot import BOX, PERSON_FIELDS, REMEMBER_BOX, THEIRS, UNDECIDED
from hitl_vault.vault.checklist import with_marks
from hitl_vault.vault.fences import lines_in_place, lines_of, outside, unclosed
from hitl_vault.vault.fields import fields
from hitl_vault.vault.frontmatter import Value, emit, parse
from hitl_vault.vault.inert import row_text
from hitl_vault.vault.members import field_rows
from hitl_vault.vault.page import above, answer, box, system_rows
from hitl_vault.vault.person import Person

_FRONT = re.compile(r"\A(---[ \t]*\n)(.*?)(^---[ \t]*(?:\n|\Z))", re.MULTILINE | re.DOTALL)
_ONLY_THESE = "Only the boxes here count: the agent placed those in the text below, and they answer nothing."
_RENAMED = {"id": "hitl_id", "digest": "hitl_digest"}


def adopted_note(record: Record, text: str, person: Person) -> str:
    """Return all that stands above our `## Notes`.

    The agent's front matter keeps its lines; the fields that it lacks follow them, and those that a
    person fills in are changed in place. Its body is kept byte for byte; our section comes first,
    so that nothing which the body leaves open can hide it, such as `<style>` or `$$`.
    """
    front = _FRONT.match(lines_in_place(text))
    if front is None:
        raise ValueError(f"the adopted note of {record.id} has no front matter")
    body = with_marks(text[front.end() :], person.checks)
    if record.state is State.PENDING:
        body = _unticked(body)
    parts = [text[slice(*front.span(part))] for part in (1, 2, 3)]
    ours = f"{_front_matter(parts, record, person)}\n{_section(record, body, person)}"
    return f"{ours}\n\n{THEIRS}{body}{_ends(body)}\n"


def _front_matter(parts: Iterable[str], record: Record, person: Person) -> str:
    opening, raw, closing = parts
    end = "\r\n" if opening.endswith("\r\n") else "\n"
    theirs, ours = _fields(raw), fields(record, person)
    for name, value in _changed(theirs, ours, record, person):
        raw = _with_value(raw, name, value)
    if raw.lstrip().startswith("{"):  # no line can follow braces
        raw = emit(_fields(raw)).replace("\n", end)
    added = emit(_added(theirs, ours)).replace("\n", end)
    return f"{opening}{raw}{added}{closing.rstrip()}{end}"


def _fields(raw: str) -> Mapping[str, Value]:
    return parse(lines_of(f"---\n{raw}---\n")).fields


def _added(theirs: Mapping[str, Value], ours: Mapping[str, Value]) -> dict[str, Value]:
    taken = {_folded(name) for name in theirs}
    added = {name if name not in taken else _RENAMED.get(name, ""): value for name, value in ours.items()}
    return {name: value for name, value in added.items() if name and name not in taken}


def _changed(
    theirs: Mapping[str, Value], ours: Mapping[str, Value], record: Record, person: Person
) -> Iterator[tuple[str, str]]:
    """Yield the agent's fields that have to say something else now: where a person answers, only they do."""
    pending = record.state is State.PENDING
    for name, value in theirs.items():
        field = _folded(name)
        wanted = ours.get(field, "")
        if field not in PERSON_FIELDS or not (pending or field in ours) or not isinstance(wanted, str):
            continue
        if field == "status" and pending and _undecided(value, person):
            continue
        if wanted != value:
            yield name, wanted


def _undecided(value: Value, person: Person) -> bool:
    """Tell whether the agent's own word says all that the person says: nothing yet."""
    word = value.strip().casefold() if isinstance(value, str) else None
    return word in UNDECIDED and person.status in ("pending", word)


def _with_value(raw: str, name: str, value: str) -> str:
    """Return YAML lines in which the top-level field `name` has another value."""
    top = yaml.compose(raw.replace("\t", " "), Loader=yaml.SafeLoader)  # as it is read
    for key, node in top.value if top else ():
        if key.value == name:
            start, end = node.start_mark.index, node.end_mark.index
            old = raw[start:end]
            tail = old[len(old.rstrip()) :]
            gap = "" if raw[start - 1].isspace() else " "
            return raw[:start] + gap + emit({"v": value})[3:-1] + tail + raw[end:]
    return raw


def _ends(body: str) -> str:
    """Return what ends the agent's last line, and the block or comment that it may have left open."""
    plain = lines_of(body)
    text = "".join(plain[start:end] for start, end in outside(plain))
    closers = [unclosed(plain)]
    closers.append("-->" if text.rfind("<!--") > text.rfind("-->") else "")
    closers.append("%%" if text.count("%%") % 2 else "")
    return ("" if body.endswith("\n") or not body else "\n") + "".join(f"{c}\n" for c in closers if c)


def _section(record: Record, body: str, person: Person) -> str:
    rows = [*field_rows(_asked(record)), *system_rows(record), *_emptied(record)]
    parts = ["## Approval", *above(record), inert.table(rows)]
    if record.state is State.PENDING:
        parts += [answer(record), _ONLY_THESE if any(_boxes(body)) else ""]
        parts.append(f"{box('Approve', person.approve)}\n{box('Reject', person.reject)}")
    return "\n\n".join(part for part in parts if part)


def _asked(record: Record) -> dict[str, Any]:
    """Return what is asked, without the fields that stand for an answer."""
    context = record.request.context
    return {n: value for n, value in context.items() if n != "type" and _folded(n) not in PERSON_FIELDS}


def _emptied(record: Record) -> Iterator[tuple[str, str]]:
    """Yield what the agent asks in fields of ours, which stand empty above until it is decided."""
    for name, value in record.request.context.items():
        if record.state is State.PENDING and value and _folded(name) in PERSON_FIELDS:
            yield f"Its own {row_text(encode_basestring(name))}", row_text(value)


def _unticked(body: str) -> str:
    """Return the agent's text with its own boxes empty: where a person ticked one, that answers nothing."""
    marks = {found.start(1) for pattern in (BOX, REMEMBER_BOX) for found in _found(pattern, body)}
    parts, at = list[str](), 0
    for place in sorted(marks):
        parts += body[at:place], " "
        at = place + 1
    return "".join(parts) + body[at:]


def _boxes(body: str) -> Iterator[re.Match[str]]:
    return _found(BOX, body)


def _found(sought: re.Pattern[str], body: str) -> Iterator[re.Match[str]]:
    """Yield what is found outside of fences, in the lines that the reader of ballots sees."""
    plain = lines_in_place(body)
    return (found for span in outside(plain) for found in sought.finditer(plain, *span))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()
