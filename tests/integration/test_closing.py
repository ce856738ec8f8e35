"""Gates are closed whole: after an interrupt, and whatever becomes of the other gates of the program."""

from __future__ import annotations

import pytest

import hitl_vault as hv
from hitl_vault.gate import _close_all
from tests.house import House, eventually


def fail(*args: object) -> None:
    """Fail as a system without threads to spare does."""
    raise RuntimeError("can't start new thread")


def interrupt(*args: object) -> None:
    """Be interrupted from the keyboard."""
    raise KeyboardInterrupt


def interrupted(house: House, monkeypatch: pytest.MonkeyPatch) -> hv.Gate:
    """Return a gate that was interrupted while it was being closed."""
    gate = house.gate()
    house.note(gate.ask("refund", {"order": "A-17"}))
    with monkeypatch.context() as patched:
        patched.setattr(hv.Keeper, "stop", interrupt)
        with pytest.raises(KeyboardInterrupt):
            gate.close()
    return gate


def test_an_interrupted_closing_is_taken_up_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = interrupted(house, monkeypatch)
    gate.close()
    assert hv.active_keeper(house.kept()) is None
    with pytest.raises(hv.LedgerUnavailable):
        gate.ask("refund", {"order": "A-18"})


def test_the_end_of_the_program_takes_up_an_interrupted_closing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(house, monkeypatch)
    _close_all()
    assert hv.active_keeper(house.kept()) is None


def test_a_gate_that_never_opened_keeps_no_other_from_being_closed_at_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("refund", {"order": "A-17"})
    monkeypatch.setattr(hv.Keeper, "start", fail)
    with pytest.raises(RuntimeError) as kept:  # with its frames, and so with the gate
        house.gate()
    _close_all()
    assert house.path(request).exists()
    assert "new thread" in str(kept.value)


def test_a_gate_that_cannot_be_closed_keeps_no_other_from_it_at_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gates = [house.gate(keeper=False) for _ in range(4)]
    requests = [gate.ask("refund", {"n": n}) for n, gate in enumerate(gates)]
    failing = house.gate("failing")
    with monkeypatch.context() as patched:
        patched.setattr(hv.Keeper, "stop", fail)
        _close_all()
    eventually(lambda: all(house.path(request).exists() for request in requests))
    assert "the gate of failing could not be closed" in caplog.text
    failing.close()
