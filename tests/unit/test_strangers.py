"""What an agent wrote by itself is judged once it lies still; why it is not taken is told once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import hitl_vault as hv
from hitl_vault.keeper.past import Past
from hitl_vault.keeper.resolved import Resolved
from hitl_vault.keeper.strangers import Strangers
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.layout import Folder, Layout
from hitl_vault.vault.templates import Templates
from tests.house import House

NOTE = "---\ntype: approval_request\naction: pay\namount: 5\nstatus: pending\n---\n\n# Pay\n"
OPEN, ANCHORED = NOTE.replace("5", "[5"), NOTE.replace("5", "&a 5")
"""Two notes that cannot be adopted, for different reasons."""


class Meeting:
    """One note of an agent's, met by hand on a clock that is set by hand."""

    def __init__(self, gate: hv.Gate) -> None:
        layout = Layout(gate.config.root)
        resolved = Resolved(
            layout, Drawer(Templates(layout.root)), past=lambda _: Past(), seal=lambda _: None
        )
        self.now, self.told = 100.0, list[str]()
        self.path = layout.path(Folder.PENDING) / "pay.md"
        self.strangers = Strangers(
            gate.config, layout, gate.ledger, resolved, monotonic=lambda: self.now, tell=self.told.append
        )
        place = layout.classify(self.path)
        assert place is not None
        self._place = place

    def meet(self) -> hv.Record | None:
        """Meet the note now."""
        return self.strangers.meet(self._place)

    def judge(self, text: str) -> hv.Record | None:
        """Meet the note with another text, and again once that has settled."""
        self.path.write_text(text)
        assert self.meet() is None
        self.now += 2
        return self.meet()


@pytest.fixture
def meeting(home: House) -> Callable[[str], Meeting]:
    """What makes a vault that nobody keeps, with settings of its own."""

    def make(settle: str) -> Meeting:
        home.found(settle=settle)
        return Meeting(home.gate(keeper=False))

    return make


@pytest.mark.parametrize("settle", [0.0, 2.0])
def test_a_note_is_never_judged_at_first_sight(meeting: Callable[[str], Meeting], settle: float) -> None:
    met = meeting(f"{settle}s")
    met.path.write_text(NOTE)
    assert met.meet() is None
    assert met.strangers.next_in() == settle
    met.now += settle
    assert [found.path for found in met.strangers.due()] == [met.path]
    record = met.meet()
    assert record is not None
    assert record.state == "pending"
    assert met.strangers.next_in() is None


def test_a_note_that_changes_is_judged_only_once_that_lies_still(meeting: Callable[[str], Meeting]) -> None:
    met = meeting("2s")
    met.path.write_text(NOTE)
    met.meet()
    met.now += 1.5
    met.path.write_text(NOTE + "more\n")
    assert met.meet() is None
    met.now += 1.5
    assert met.meet() is None
    met.now += 0.5
    assert met.meet() is not None


def test_why_a_note_is_not_taken_is_told_once_until_it_is_another_reason(
    meeting: Callable[[str], Meeting],
) -> None:
    met = meeting("2s")
    for text in (OPEN, ANCHORED):
        assert met.judge(text) is None
        assert met.meet() is None
    assert [said.partition(": ")[0] for said in met.told] == ["pay.md is not adopted"] * 2
    assert len(set(met.told)) == 2


def test_a_note_that_was_gone_and_comes_back_is_told_of_again(meeting: Callable[[str], Meeting]) -> None:
    met = meeting("2s")
    met.judge(OPEN)
    met.path.unlink()
    met.meet()
    met.judge(OPEN)
    assert len(met.told) == 2
    assert len(set(met.told)) == 1
