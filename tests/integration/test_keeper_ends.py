"""What must not end a keeper, and what is left when one ends: no request without its note."""

from __future__ import annotations

import pytest

import hitl_vault as hv
from tests.house import House, eventually


def deaf(sentence: str) -> None:
    """Take no sentence, as a closed pipe does."""
    raise BrokenPipeError(f"nobody reads: {sentence}")


def test_a_keeper_that_cannot_tell_anybody_anything_goes_on(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    gate = house.gate(keeper=False)
    keeper = hv.Keeper(gate.config, gate.ledger, tell=deaf)
    keeper.start()
    try:
        assert keeper.wait_ready(5)
        (house.root / "Pending_Approval" / "mine.md").write_text(
            "---\ntype: approval_request\naction: [\n---\n"
        )
        eventually(lambda: "could not be told" in caplog.text)
        house.root.rename(house.work / "away")
        eventually(lambda: "is gone" in caplog.text)
        (house.work / "away").rename(house.root)
        request = gate.ask("refund", {"order": "A-17"})
        house.vote(request, "approved")
        assert gate.wait(request.id, timeout=8).approved
    finally:
        keeper.stop()
