"""What must not end a keeper, and what is left when one ends: no request without its note."""

from __future__ import annotations

import sys
from threading import Timer

import pytest

import hitl_vault as hv
from hitl_vault.keeper.index import Index
from hitl_vault.keeper.leader import Leadership
from hitl_vault.presence import LOCK
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


@pytest.mark.parametrize("keeper", [False, True])
def test_what_is_asked_while_a_keeper_ends_is_drawn_though_its_own_gate_leaves_it_to_that_keeper(
    house: House, monkeypatch: pytest.MonkeyPatch, keeper: bool
) -> None:
    leave, asked = Leadership.leave, []

    def ask_and_leave(leadership: Leadership) -> None:
        if leadership.held and not asked:
            with hv.open_gate(house.root, agent="late", state_dir=house.state, keeper=False) as late:
                asked.append(late.ask("refund", {"order": "A-18"}))
        leave(leadership)

    gate = house.gate(keeper=keeper)
    first = gate.ask("refund", {"order": "A-17"})
    if keeper:
        house.note(first)
    monkeypatch.setattr(Leadership, "leave", ask_and_leave)
    gate.close()
    assert house.path(asked[0]).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="asking who keeps a vault locks nothing there")
def test_those_that_look_who_keeps_the_vault_keep_nobody_from_drawing(house: House) -> None:
    import fcntl

    house.gate(keeper=False).draw()
    gate = house.gate(keeper=False)
    request = gate.ask("refund", {"order": "A-17"})
    with (house.kept() / LOCK).open("r+") as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_SH)
        no_more = Timer(0.1, fcntl.flock, (looked_at, fcntl.LOCK_UN))
        no_more.start()
        gate.close()
        no_more.join()
    assert house.path(request).exists()


def test_verifying_does_not_make_the_next_keeper_believe_that_the_last_one_crashed(house: House) -> None:
    gate = house.gate(keeper=False)
    gate.decide(gate.ask("refund", {"order": "A-17"}).id, "reject", by="ana")
    assert gate.draw()
    assert hv.verify_vault(gate.config, gate.ledger).notes == 1
    index = Index(house.kept() / "notes.db")
    assert index.begin()
    index.let_go()
