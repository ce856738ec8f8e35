"""A checklist above the Notes is the person's to tick: it answers nothing, and it stays as they left it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.house import House, eventually

TEMPLATE = """\
{% extends "request.md.j2" %}
{% block facts %}
{{ super() }}

- [ ] Version checked
- [ ] Way back known
{% endblock %}
"""
THEIRS = """\
---
type: approval_request
action: deploy
version: "1.4"
status: pending
---

# Ship it

- [ ] Version checked
- [ ] Way back known
"""
CHECKED = "- [x] Version checked\n- [ ] Way back known"


@pytest.fixture
def gate(house: House) -> hv.Gate:
    """A gate on a vault with a template of its own, which has a checklist; templates are read once."""
    folder = house.root / ".hitl" / "templates"
    folder.mkdir()
    (folder / "deploy.md.j2").write_text(TEMPLATE)
    return house.gate()


def drawn(house: House, gate: hv.Gate) -> Path:
    """Ask for something whose template has a checklist, and return the note."""
    request = gate.ask("deploy", {"version": "1.4"})
    path = house.root / "Pending_Approval" / f"{request.id}.md"
    eventually(path.exists)
    return path


def adopted(house: House, gate: hv.Gate) -> Path:
    """Write a note as an agent of an existing vault does, and return it once it can be answered."""
    path = house.root / "Pending_Approval" / "DEPLOY_1.4.md"
    path.write_text(THEIRS)
    eventually(lambda: "- [ ] Approve" in path.read_text())
    return path


def tick(path: Path, label: str) -> None:
    text = path.read_text()
    assert f"- [ ] {label}\n" in text
    path.write_text(text.replace(f"- [ ] {label}\n", f"- [x] {label}\n"))


@pytest.mark.parametrize("note", [drawn, adopted])
def test_what_is_ticked_before_the_answer_decides_nothing_and_stays(
    house: House, gate: hv.Gate, note: Callable[[House, hv.Gate], Path]
) -> None:
    path = note(house, gate)
    tick(path, "Version checked")
    gate.draw()
    (pending,) = gate.pending()
    assert pending.notice is None
    tick(path, "Approve")
    assert gate.wait(pending.id, timeout=8).approved
    there = house.root / "Approved" / path.name
    eventually(lambda: there.exists() and not path.exists() and CHECKED in there.read_text())
    assert hv.verify_vault(gate.config, gate.ledger).notes == 1


@pytest.mark.parametrize("note", [drawn, adopted])
def test_a_checklist_is_ticked_and_answered_in_one_save(
    house: House, gate: hv.Gate, note: Callable[[House, hv.Gate], Path]
) -> None:
    path = note(house, gate)
    (pending,) = gate.pending()
    text = path.read_text().replace("[ ] Version", "[x] Version").replace("- [ ] Reject", "- [x] Reject")
    path.write_text(text)
    assert gate.wait(pending.id, timeout=8).state is hv.State.REJECTED
    there = house.root / "Rejected" / path.name
    eventually(lambda: there.exists() and CHECKED in there.read_text())
