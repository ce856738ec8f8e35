"""Formatters run over a vault: the note looks otherwise, says the same, and an answer in it counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import hitl_vault as hv
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.seal import differences
from hitl_vault.vault.templates import Templates
from tests import noted
from tests.formatters import linted, prettier
from tests.house import House, eventually

ASKED = {
    "payment": {"amount": 900.0, "currency": "EUR", "recipient": "ACME *GmbH* & Co", "iban": "DE02 1203"},
    "deploy": {"version": "1.4", "environment": "production", "services": ["api", "web", "worker"]},
    "run_code": {"argv": ["rm", "-rf", "/srv/old data"], "code": "for x in y:\n\tprint(x)\n\n\n"},
    "delete_file": {"paths": [f"/srv/{n}.csv" for n in range(12)], "empty": [], "nested": {"a": [{}]}},
    "send_email": {"to": ["ana@example.org"], "subject": "Hi!", "body": "1) one\n2) two\n\n***\n\\_x\\_ | y"},
}


def _through_prettier(note: Path) -> None:
    prettier([note])


def _through_the_linter(note: Path) -> None:
    note.write_text(linted(note.read_text()))


@pytest.mark.editors
@pytest.mark.parametrize("formatted", [_through_prettier, _through_the_linter])
@pytest.mark.parametrize("action", ASKED)
def test_an_answer_counts_in_a_note_that_a_formatter_saved(
    house: House, gate: hv.Gate, action: str, formatted: Callable[[Path], None]
) -> None:
    summary = 'Do it: "now" -- 100 % sure'
    asked = gate.ask(action, ASKED[action], summary=summary, reason="* one\n* two\n  1. three", risk="high")
    note = house.note(asked)
    before = note.read_text()
    copy = house.work / note.name
    copy.write_text(before.replace('status: "pending"', "status: approved"))
    formatted(copy)
    assert copy.read_text() != before
    note.write_text(copy.read_text())
    assert gate.wait(asked.id, timeout=5).approved
    eventually(lambda: not note.exists())
    assert house.aside() == []


@pytest.mark.editors
def test_prettier_changes_nothing_in_a_note_whatever_the_agent_wrote(work: Path) -> None:
    """Many notes in one run, since starting it takes longer than its work."""
    drawer, drawn = Drawer(Templates()), dict[Path, bytes]()

    @given(st.lists(noted.requests(), min_size=20, max_size=20))
    @settings(
        max_examples=4,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
        deadline=None,
    )
    def draw(requests: list[hv.Request]) -> None:
        for request in requests:
            path = work / f"{len(drawn)}.md"
            drawn[path] = drawer.draw(noted.pending(request))
            path.write_bytes(drawn[path])

    draw()
    prettier(list(drawn))
    assert len(drawn) >= 40
    assert {
        path.name: told for path, data in drawn.items() if (told := differences(data, path.read_bytes()))
    } == {}
