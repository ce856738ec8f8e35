"""What was shown is what is decided: a note that was changed decides nothing, and says what was changed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.house import House, eventually

CONTEXT = {"order": "A-17", "amount": 900, "currency": "EUR"}
REASON = "The parcel never came."


@pytest.fixture
def request_(house: House, gate: hv.Gate) -> hv.Request:
    """A payment whose note lies in the vault."""
    asked = gate.ask("payment", CONTEXT, summary="Refund A-17", reason=REASON, risk="high")
    house.note(asked)
    return asked


def lines(old: str, new: str) -> Callable[[str], str]:
    """Return an edit that puts one text for another everywhere."""

    def edit(text: str) -> str:
        assert old in text, f"{old!r} is not in the note"
        return text.replace(old, new)

    return edit


def before(heading: str, text: str) -> Callable[[str], str]:
    return lines(f"\n{heading}", f"\n{text}\n\n{heading}")


def without(pattern: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert re.search(pattern, text, re.MULTILINE)
        return re.sub(pattern, "", text, flags=re.MULTILINE)

    return edit


CHANGES = {
    "the amount in the context": (lines('"amount": 900', '"amount": 90'), '"amount" reads 90 instead of 900'),
    "a member of the context gone": (without(r'^  "currency": "EUR",\n'), "context"),
    "a member of the context twice": (
        lines('"amount": 900', '"amount": 90,\n  "amount": 900'),
        'names "amount" twice',
    ),
    "the warning about the risk": (without(r"^> \[!warning\].*\n(>.*\n)*"), "is missing"),
    "a paragraph added": (before("## Context", "Ana has checked this already."), "text was added"),
    "the agent's words": (lines(REASON, "The parcel came late."), "The parcel came late."),
    "the label of the agent's words": (lines("(unchecked)", "(checked by Ana)"), "checked by Ana"),
    "a comment that hides": (
        lambda text: before("## Context", "<!--")(before("## Notes", "-->")(text)),
        "text was added: “<!--”",
    ),
    "an Obsidian comment that hides": (before("## Context", "%%"), "text was added: “%%”"),
    "a reference-style link": (
        before("## Notes", "[Approve]: obsidian://new?file=x&overwrite"),
        "text was added: “[Approve]: obsidian",
    ),
    "a third box": (lines("- [ ] Reject", "- [ ] Reject\n- [ ] Ask Ana"), "text was added"),
    "a box renamed": (lines("- [ ] Reject", "- [ ] Approve later"), "“- [ ] Approve later”"),
    "the heading of the Notes moved up": (before("## Context", "## Notes"), "is missing"),
    "a fence left open": (before("## Context", "```text"), "text"),
    "the id": (without(r"^id: .*\n"), 'the field "id" is missing'),
    "the action": (lines('action: "payment"', 'action: "report"'), 'the field "action" reads report'),
    "the deadline": (
        lambda text: re.sub(r'^expires: ".*"', 'expires: "2099-01-01T00:00:00Z"', text, flags=re.MULTILINE),
        'the field "expires" reads 2099',
    ),
    "the digest": (
        lambda text: re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", text),
        'the field "digest" reads',
    ),
    "the risk": (lines('risk: "high"', 'risk: "low"'), 'the field "risk" reads low instead of high'),
    "the agent": (
        lines('agent: "crm-bot"', 'agent: "ana"'),
        'the field "agent" reads ana instead of crm-bot',
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_an_answer_on_a_changed_note_is_refused_and_the_note_says_what_was_changed(
    house: House, gate: hv.Gate, request_: hv.Request, what: str
) -> None:
    change, told = CHANGES[what]
    note = house.note(request_)
    text = change(note.read_text()).replace('status: "pending"', "status: approved")
    changed = f"{text}Asked Ben about it.\n"
    note.write_text(changed)
    record = eventually(lambda: _refused(gate, request_))
    assert record.state == "pending"
    assert record.notice is not None
    assert told in record.notice.detail
    redrawn = eventually(lambda: _says(note, "[!warning] An answer did not count"))
    assert "Asked Ben about it." in redrawn.partition("## Notes\n")[2]
    assert 'status: "pending"' in redrawn
    kinds = [entry.kind for entry in gate.history(request_.id)]
    assert kinds == ["asked", "refused"]
    assert [path.read_text() for path in house.aside()] == [changed]


def _refused(gate: hv.Gate, request: hv.Request) -> hv.Record | None:
    record = gate.get(request.id)
    return record if record.notice_kind == "refused" else None


def _says(note: Path, text: str) -> str:
    found = note.read_text() if note.exists() else ""
    return found if text in found else ""


SAME: dict[str, Callable[[str], str]] = {
    "line ends of Windows": lambda text: text.replace("\n", "\r\n"),
    "a byte order mark": lambda text: f"\ufeff{text}",
    "blanks at the ends of lines": lambda text: re.sub(r"(?m)^(#.*|>.*)$", r"\1  ", text),
    "more empty lines": lambda text: text.replace("\n\n#", "\n\n\n\n#"),
    "a tick in the same go": lines("- [ ] Approve", "- [x] Approve"),
    "front matter as Obsidian writes it": lambda text: re.sub(
        r'(?m)^(\w+): "([\w.:+-]*)"$', r"\1: \2", text
    ).replace('tags:\n  - "approval"', "tags:\n  - approval"),
    "fields of their own, in another order": lambda text: text.replace(
        "---\n", "---\nproject: refunds\ntags:\n  - approval\n  - mine\n", 1
    ).replace('tags:\n  - "approval"\n', ""),
    "the context on one line": lambda text: re.sub(
        r"```json\n.*?```",
        '```json\n{"amount":900.0,"order":"A-17","currency":"EUR"}\n```',
        text,
        flags=re.DOTALL,
    ),
}


@pytest.mark.parametrize("how", SAME)
def test_an_answer_counts_on_a_note_that_only_looks_otherwise(
    house: House, gate: hv.Gate, request_: hv.Request, how: str
) -> None:
    note = house.note(request_)
    text = re.sub('(?m)^status: "?pending"?', "status: approved", SAME[how](note.read_bytes().decode()))
    note.write_bytes(text.encode())
    assert gate.wait(request_.id, timeout=5).approved


def alarmed(house: House, gate: hv.Gate, request: hv.Request) -> tuple[Path, str]:
    """Have a note changed, refused and drawn again; return where it is and how it was at first."""
    note = house.note(request)
    first = note.read_text()
    note.write_text(first.replace('"amount": 900', '"amount": 90'))
    eventually(lambda: _says(note, "An answer did not count"))
    return note, first


def test_putting_the_note_back_does_not_take_the_warning_away(
    house: House, gate: hv.Gate, request_: hv.Request
) -> None:
    note, first = alarmed(house, gate, request_)
    note.write_text(first.replace('status: "pending"', "status: approved"))
    eventually(lambda: len(gate.history(request_.id)) == 3)
    record = gate.get(request_.id)
    assert record.state == "pending"
    assert record.notice is not None
    assert "text is missing: “> [!warning] An answer did not count" in record.notice.detail
    eventually(lambda: _says(note, "An answer did not count"))


def test_the_warning_that_was_seen_does_not_keep_an_answer_from_counting(
    house: House, gate: hv.Gate, request_: hv.Request
) -> None:
    alarmed(house, gate, request_)
    house.vote(request_, "approved")
    assert gate.wait(request_.id, timeout=5).approved


def test_an_answer_counts_that_was_begun_before_the_note_asked_back(
    house: House, gate: hv.Gate, request_: hv.Request
) -> None:
    """An editor that had the note open saves it without the callout that came meanwhile."""
    note = house.note(request_)
    first = note.read_text()
    house.vote(request_, "aproved")
    eventually(lambda: _says(note, "This is not an answer yet"))
    note.write_text(first.replace('status: "pending"', "status: approved"))
    assert gate.wait(request_.id, timeout=5).approved


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('status: "rejected"', 'status: "approved"'),
        ('approver: "ana"', 'approver: "ben"'),
        ('comment: "no"', 'comment: "yes"'),
        ('"amount": 900', '"amount": 90'),
        ("[!failure] Rejected", "[!success] Approved"),
        ("\n## Notes", "\nBen: approved after all.\n\n## Notes"),
    ],
)
def test_a_resolved_note_that_is_changed_is_reported_and_put_right(
    house: House, gate: hv.Gate, request_: hv.Request, old: str, new: str
) -> None:
    gate.decide(request_.id, "reject", by="ana", comment="no")
    note = house.note(request_, "Rejected")
    right = eventually(lambda: _says(note, "status: "))
    assert old in right
    changed = f"{right.replace(old, new, 1)}My own line.\n"
    note.write_text(changed)
    eventually(lambda: gate.history(request_.id)[-1].kind == "tampered")
    text = eventually(lambda: _says(note, "This note was changed, and has been drawn again"))
    assert old in text
    assert new not in text.partition("## Notes")[0].partition("```text")[0]
    assert text.endswith("My own line.\n")
    assert [path.read_text() for path in house.aside()] == [changed]
    assert gate.get(request_.id).state == "rejected"


def test_a_resolved_note_that_is_put_back_to_the_open_one_is_put_right(
    house: House, gate: hv.Gate, request_: hv.Request
) -> None:
    pending = house.note(request_).read_text()
    gate.decide(request_.id, "reject", by="ana")
    note = house.note(request_, "Rejected")
    eventually(lambda: not house.path(request_).exists())
    note.write_text(pending.replace('status: "pending"', 'status: "approved"'))
    eventually(lambda: gate.history(request_.id)[-1].kind == "tampered")
    eventually(lambda: _says(note, 'status: "rejected"'))
    assert len(house.aside()) == 1


def test_notes_added_to_a_resolved_note_are_left_as_they_are(
    house: House, gate: hv.Gate, request_: hv.Request
) -> None:
    gate.decide(request_.id, "reject", by="ana")
    note = house.note(request_, "Rejected")
    text = eventually(lambda: _says(note, "rejected")) + "Told the customer.\n"
    note.write_text(text)
    time.sleep(0.4)
    assert note.read_text() == text
    assert gate.history(request_.id)[-1].kind == "rejected"
