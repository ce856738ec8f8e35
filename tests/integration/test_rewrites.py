"""What Obsidian, sync tools and merges do to a note: an answer still counts, a mangled one never does."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import hitl_vault as hv
from tests.house import House, eventually

SETTLE = 0.25
Rewrite = Callable[[str], bytes]


pytestmark = pytest.mark.founded(settle=f"{SETTLE}s", flag_after="0.6s")  # about as slow as by default


def ask(house: House, gate: hv.Gate) -> tuple[hv.Request, Path, str]:
    """Ask, and return the request, its note, and what that says."""
    request = gate.ask("refund", {"order": "A-17", "eur": 900, "items": [1, 2.5]}, summary="Refund A-17")
    note = house.note(request)
    return request, note, note.read_text()


def approved(text: str, word: str = "approved") -> str:
    return re.sub(r"^status:.*$", f"status: {word}", text, count=1, flags=re.MULTILINE)


class Plain(yaml.SafeDumper):
    """Writes YAML as Obsidian does when a property was edited: no comments, no quotes that are not needed."""


Plain.add_representer(type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", ""))


def by_obsidian(text: str, **changes: object) -> str:
    """Return a note after its properties were edited in Obsidian: parsed, and written anew."""
    _, front, body = text.split("---\n", 2)
    loaded = yaml.load(front, yaml.BaseLoader) | changes
    fields = {name: value if value != "" else None for name, value in loaded.items()}
    return (
        f"---\n{yaml.dump(fields, Dumper=Plain, sort_keys=False, allow_unicode=True, width=9999)}---\n{body}"
    )


REWRITES: dict[str, Rewrite] = {
    "properties edited": lambda text: by_obsidian(text, status="approved").encode(),
    "status as a list": lambda text: by_obsidian(text, status=["approved"]).encode(),
    "approver as a list": lambda text: by_obsidian(text, status="approved", approver=["ana"]).encode(),
    "properties of their own": lambda text: by_obsidian(
        text, status="approved", amount=1250, due=None
    ).encode(),
    "properties sorted": lambda text: _sorted(by_obsidian(text, status="approved")).encode(),
    "flow list": lambda text: approved(text, "[approved]").encode(),
    "single quotes": lambda text: approved(text.replace('"', "'", 8), "'approved'").encode(),
    "a comment beside it": lambda text: approved(text, "approved  # fine with me").encode(),
    "CRLF": lambda text: approved(text).replace("\n", "\r\n").encode(),
    "BOM": lambda text: approved(text).encode("utf-8-sig"),
    "BOM and CRLF": lambda text: approved(text).replace("\n", "\r\n").encode("utf-8-sig"),
    "blanks at line ends": lambda text: re.sub("(?m)^(?=status|> |#)(.*)$", r"\1  ", approved(text)).encode(),
    "no last newline": lambda text: approved(text).rstrip("\n").encode(),
    "boxes with stars": lambda text: text.replace("- [ ] Approve\n", "* [X] Approve\n").encode(),
}


def _sorted(text: str) -> str:
    _, front, body = text.split("---\n", 2)
    return f"---\n{yaml.dump(yaml.load(front, yaml.BaseLoader), Dumper=Plain)}---\n{body}"


@pytest.mark.parametrize("rewrite", REWRITES.values(), ids=REWRITES.keys())
def test_an_answer_counts_however_the_note_was_rewritten(house: House, rewrite: Rewrite) -> None:
    gate = house.gate()
    request, note, text = ask(house, gate)
    note.write_bytes(rewrite(text))
    assert gate.wait(request.id, timeout=5).approved
    assert [entry.kind for entry in gate.history(request.id)] == ["asked", "voted", "approved"]
    eventually(lambda: not note.exists())
    assert house.aside() == []


THEIRS = """\
---
type: approval_request  # for the gateway
action: payment
amount: 1250.00
to: 'ACME GmbH'
urgent: True
tags: [money, acme]
due:
status: pending
---

Pay ACME.
"""


@pytest.mark.parametrize("status", ["approved", ["approved"]])
def test_an_adopted_note_counts_after_obsidian_has_rewritten_its_fields(house: House, status: object) -> None:
    gate = house.gate()
    note = house.root / "Pending_Approval" / "PAY_acme.md"
    note.write_text(THEIRS)
    eventually(lambda: "- [ ] Approve" in note.read_text())
    (record,) = gate.pending()
    rewritten = by_obsidian(note.read_text(), status=status, amount=1250, urgent=True)
    assert "1250.00" not in rewritten
    assert "for the gateway" not in rewritten
    note.write_text(rewritten)
    assert gate.wait(record.id, timeout=5).approved
    assert record.request.context["amount"] == 1250


def undecided(gate: hv.Gate, request: hv.Request) -> None:
    """Nothing is decided, and nobody has voted."""
    with pytest.raises(hv.WaitTimeout):
        gate.wait(request.id, timeout=3 * SETTLE)
    assert "voted" not in [entry.kind for entry in gate.history(request.id)]


@pytest.mark.parametrize(
    "merged",
    [
        lambda text: approved(text, "arejected"),
        lambda text: approved(text, "aapproved"),
        lambda text: approved(text, "approvedapproved"),
        lambda text: approved(text, "approved\nstatus: rejected"),
        lambda text: approved(text).replace("- [ ] Reject", "- [x] Reject"),
        lambda text: approved(text).replace('"eur": 900', '"eur": 9900'),
        lambda text: approved(text).replace('"order": "A-17"', '"order": "A-17",\n  "order": "B-1"'),
        lambda text: approved(text).replace("Refund A-17", "Refund A-18"),
        lambda text: text[: len(text) // 2] + approved(text)[: len(text) // 2],
    ],
    ids=[
        "approved and rejected in one word",
        "approved twice in one word",
        "approved twice",
        "two status lines",
        "a contradiction",
        "an amount that was changed elsewhere",
        "a key that was added elsewhere",
        "a summary that was changed elsewhere",
        "halves of two notes",
    ],
)
def test_a_merge_of_two_versions_never_decides_what_neither_says(
    house: House, merged: Callable[[str], str]
) -> None:
    gate = house.gate()
    asked, note, text = ask(house, gate)
    note.write_text(merged(text))
    undecided(gate, asked)
    eventually(lambda: gate.get(asked.id).notice)
    eventually(lambda: "[!warning]" in note.read_text())
    note.write_text(approved(note.read_text()).replace("- [x] Reject", "- [ ] Reject"))
    assert gate.wait(asked.id, timeout=5).approved


def test_a_second_version_appended_by_a_merge_is_part_of_the_notes(house: House) -> None:
    gate = house.gate()
    asked, note, text = ask(house, gate)
    note.write_text(text + approved(text))
    undecided(gate, asked)
    note.write_text(approved(text) + text)
    assert gate.wait(asked.id, timeout=5).notes == text


def test_conflict_markers_that_follow_a_clean_answer_keep_it_from_counting(house: House) -> None:
    gate = house.gate()
    request, note, text = ask(house, gate)
    note.write_text(approved(text))
    time.sleep(0.05)
    markers = "<<<<<<< HEAD\nstatus: approved\n=======\nstatus: rejected\n>>>>>>> phone"
    note.write_text(text.replace('status: "pending"', markers))
    undecided(gate, request)
    eventually(lambda: house.says(request, "could not be read"))
    house.vote(request, "rejected")
    assert gate.wait(request.id, timeout=5).state == "rejected"


@pytest.mark.parametrize("gone", [0.0, 0.5, 1.6])
def test_a_sync_tool_that_deletes_and_then_renames_brings_the_answer(house: House, gone: float) -> None:
    """However long it takes: a note that is gone too long is drawn again, and then replaced by the answer."""
    gate = house.gate()
    request, note, text = ask(house, gate)
    new = note.with_name(f".syncthing.{note.name}.tmp")
    new.write_text(approved(text) + "from my phone\n")
    note.unlink()
    time.sleep(gone)
    assert gate.get(request.id).state == "pending"
    new.rename(note)
    assert gate.wait(request.id, timeout=5).notes == "from my phone\n"
    eventually(lambda: not note.exists())
    assert house.aside() == []


def test_an_answer_that_arrives_in_pieces_counts_once_it_is_whole(house: House) -> None:
    gate = house.gate()
    request, note, text = ask(house, gate)
    data = (approved(text) + "every word of it\n").encode()
    for end in range(0, len(data) + 200, 200):
        note.write_bytes(data[:end])
        time.sleep(0.02)
    assert gate.wait(request.id, timeout=5).notes == "every word of it\n"
    assert [entry.kind for entry in gate.history(request.id)] == ["asked", "voted", "approved"]
    assert house.aside() == []


def test_a_change_of_mind_before_it_has_settled_is_what_counts(house: House) -> None:
    gate = house.gate()
    request, note, text = ask(house, gate)
    for word in ("approved", "pending", "approved", "rejected"):
        note.write_text(approved(text, word))
        time.sleep(SETTLE / 3)
    assert gate.wait(request.id, timeout=5).state == "rejected"
