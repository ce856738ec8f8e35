"""The keeper: deadlines, restarts, one leader at a time, and vaults that are pulled out from under it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.house import House, eventually

CONTEXT = {"order": "A-17"}


class Clock:
    """The system's clock, moved by `offset`."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset


def test_a_request_expires_at_its_deadline_though_nobody_edits_anything(house: House, gate: hv.Gate) -> None:
    request = gate.ask("refund", CONTEXT, timeout="0.3s")
    decision = gate.wait(request.id, timeout=5)
    assert (decision.state, decision.by) == ("expired", ())
    assert house.says(request, "xpired", "Rejected") or house.note(request, "Rejected")
    with pytest.raises(hv.Expired):
        gate.claim(request.id, CONTEXT, action=request.action)


@pytest.mark.parametrize("answered", [True, False], ids=["answered too late", "never answered"])
def test_a_deadline_that_passed_while_nothing_ran_is_kept_at_the_next_start(
    house: House, answered: bool
) -> None:
    gate = house.gate()
    request = gate.ask("refund", CONTEXT, timeout="0.4s")
    house.note(request)
    house.close()
    if answered:
        house.vote(request, "approved")
    time.sleep(0.4)
    gate = house.gate()
    eventually(lambda: gate.get(request.id).state == "expired")  # by the keeper: a wait would see to it too


def test_an_answer_given_while_nothing_ran_counts_at_the_next_start(house: House) -> None:
    request = house.gate().ask("refund", CONTEXT)
    house.note(request)
    house.close()
    house.vote(request, "approved", comment="while you slept")
    assert house.gate().wait(request.id, timeout=5).comment == "while you slept"


def test_a_note_moved_while_nothing_ran_counts_at_the_next_start(house: House) -> None:
    request = house.gate().ask("refund", CONTEXT)
    house.note(request)
    house.close()
    house.path(request).rename(house.path(request, "Rejected"))
    assert house.gate().wait(request.id, timeout=5).state == "rejected"


def test_an_approval_that_is_not_claimed_in_time_expires(house: House, gate: hv.Gate) -> None:
    request = gate.ask("refund", CONTEXT, timeout="0.6s")
    gate.decide(request.id, "approve", by="ana")
    eventually(lambda: gate.get(request.id).state == "expired")
    with pytest.raises(hv.Expired):
        gate.claim(request.id, CONTEXT, action=request.action)
    house.note(request, "Rejected")


def test_a_clock_that_jumps_back_revives_nothing(house: House) -> None:
    clock = Clock()
    gate = house.gate(clock=clock)
    request = gate.ask("refund", CONTEXT, timeout="1h")
    clock.offset = timedelta(hours=2)
    assert gate.wait(request.id, timeout=5).state == "expired"
    clock.offset = timedelta(hours=-2)
    with pytest.raises(hv.Expired):
        gate.decide(request.id, "approve", by="ana")
    later = gate.ask("refund", CONTEXT)
    assert later.created >= request.created + timedelta(hours=1)


def test_an_executor_that_vanishes_leaves_the_request_unknown_and_a_person_settles_it(house: House) -> None:
    settings = house.root / ".hitl" / "vault.yaml"
    settings.write_text(settings.read_text() + "lease: 1s\n")
    gate = house.gate()
    process = house.script(
        """
        request = gate.ask("refund", {"order": "A-17"})
        print(request.id, flush=True)
        gate.wait(request.id)
        grant = gate.claim(request.id, {"order": "A-17"}, action=request.action)
        print("claimed", flush=True)
        time.sleep(60)
        """,
    )
    id = process.line()
    gate.decide(id, "approve", by="ana")
    assert process.line() == "claimed"
    time.sleep(2.2)
    assert gate.get(id).state == "executing"
    process.kill()
    eventually(lambda: gate.get(id).state == "unknown")
    with pytest.raises(hv.AlreadyClaimed):
        gate.claim(id, CONTEXT, action="refund")
    eventually((house.root / "Done" / f"{id}.md").exists)
    assert gate.settle(id, "executed", by="ana").state == "executed"


def test_leadership_passes_on_within_seconds_when_the_keeper_is_killed(house: House) -> None:
    process = house.script("print('open', flush=True); time.sleep(60)")
    assert process.line() == "open"
    eventually(lambda: _led_by(house, process.process.pid))
    gate = house.gate()
    request = gate.ask("refund", CONTEXT)
    house.note(request)
    process.kill()
    house.vote(request, "approved")
    assert gate.wait(request.id, timeout=5).approved


def _led_by(house: House, pid: int) -> bool:
    return any(str(pid) in path.read_text() for path in house.state.glob("*/keeper.json"))


def test_a_decision_wakes_a_waiter_in_another_process(house: House, gate: hv.Gate) -> None:
    process = house.script(
        """
        request = gate.ask("refund", {"order": "A-17"})
        print(request.id, flush=True)
        print(gate.wait(request.id).comment, flush=True)
        """,
    )
    id = process.line()
    gate.decide(id, "approve", by="ana", comment="hello over there")
    assert process.line() == "hello over there"
    assert process.process.wait(timeout=10) == 0


def test_a_restarted_agent_gets_its_earlier_request_by_its_key(house: House) -> None:
    gate = house.gate()
    first = gate.ask("refund", CONTEXT, key="job-7")
    gate.decide(first.id, "approve", by="ana")
    house.close()
    again = house.gate()
    assert again.ask("refund", CONTEXT, key="job-7").id == first.id
    assert again.wait(first.id, timeout=1).approved
    with pytest.raises(hv.Conflict):
        again.ask("refund", {"order": "B-1"}, key="job-7")
    assert house.gate("other-bot").ask("refund", {"order": "B-1"}, key="job-7").id != first.id


def _recreate(house: House) -> None:
    shutil.rmtree(house.root / "Pending_Approval")
    time.sleep(0.2)
    (house.root / "Pending_Approval").mkdir(exist_ok=True)


def _move_and_move_back(house: House) -> None:
    away = house.work / "elsewhere"
    house.root.rename(away)
    time.sleep(1.0)
    if house.root.exists():
        shutil.rmtree(house.root)
    away.rename(house.root)


@pytest.mark.parametrize(
    "upset", [_recreate, _move_and_move_back], ids=["folder recreated", "vault moved and back"]
)
def test_the_keeper_recovers_when_its_folders_are_replaced(
    house: House, gate: hv.Gate, upset: Callable[[House], None]
) -> None:
    request = gate.ask("refund", CONTEXT)
    house.note(request)
    upset(house)
    eventually(house.path(request).exists, 15)
    house.vote(request, "approved")
    assert gate.wait(request.id, timeout=20).approved


def test_asking_is_durable_before_the_note_is_drawn(house: House) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("refund", CONTEXT)
    assert not house.path(request).exists()
    assert house.gate().get(request.id).state == "pending"
    house.note(request)


def test_a_changed_template_redraws_untouched_notes_and_blames_nobody(house: House) -> None:
    request = house.gate().ask("refund", CONTEXT)
    house.note(request)
    house.close()
    own = house.root / ".hitl" / "templates" / "payment.md.j2"
    own.parent.mkdir(exist_ok=True)
    own.write_text(
        '{% extends "shipped/payment.md.j2" %}{% block facts %}Look twice!\n\n{{ super() }}{% endblock %}'
    )
    gate = house.gate()
    eventually(lambda: house.says(request, "Look twice!"))
    assert gate.get(request.id).notice is None
    house.vote(request, "approved")
    assert gate.wait(request.id, timeout=5).approved


def test_closing_a_gate_without_a_keeper_draws_what_it_changed(house: House) -> None:
    gate = house.gate(keeper=False)
    request = gate.ask("refund", CONTEXT)
    gate.close()
    assert house.path(request).exists()


DROP = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all")
"""Runs a command as root without root's right to read everything."""


def test_a_note_that_may_not_be_read_is_told_of_and_the_others_go_on(house: House) -> None:
    process = house.script(
        """
        one, two = gate.ask("refund", {"n": 1}), gate.ask("refund", {"n": 2})
        print(one.id, two.id, flush=True)
        print(gate.wait(two.id).state, gate.wait(one.id).state, flush=True)
        """,
        wrapper=DROP if os.geteuid() == 0 else (),
    )
    one, two = process.line().split()
    folder = house.root / "Pending_Approval"
    eventually((folder / f"{one}.md").exists)
    eventually((folder / f"{two}.md").exists)
    locked = folder / ".locked"
    locked.write_text("whatever")
    locked.chmod(0)
    locked.rename(folder / f"{one}.md")
    _approve(folder / f"{two}.md")
    eventually(lambda: list((house.root / "Approved").glob(f"{two}.md")))
    eventually(lambda: "could not be read" in _read(folder / f"{one}.md"))
    _approve(folder / f"{one}.md")
    assert process.line() == "approved approved"


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _approve(path: Path) -> None:
    path.write_text(path.read_text().replace('"pending"', "approved"))


def test_a_keeper_shows_itself_in_the_vault_while_it_keeps_it(house: House) -> None:
    gate = house.gate()
    house.note(gate.ask("refund", CONTEXT))
    assert len(list((house.root / ".hitl").glob("keeper-*.json"))) == 1
    house.close()
    assert list((house.root / ".hitl").glob("keeper-*.json")) == []


def test_a_script_that_just_ends_leaves_its_notes_where_they_belong(house: House) -> None:
    process = house.script(
        """
        request = gate.ask("refund", {"order": "A-17"})
        gate.decide(request.id, "approve", by="ana")
        gate.claim(request.id, {"order": "A-17"}, action=request.action).executed()
        print(request.id, flush=True)
        """
    )
    id = process.line()
    assert process.process.wait(timeout=10) == 0
    assert (house.root / "Done" / f"{id}.md").exists()
    assert not (house.root / "Approved" / f"{id}.md").exists()


def test_a_forked_child_that_ends_leaves_the_gate_to_its_parent(house: House) -> None:
    process = house.script(
        """
        import os
        from pathlib import Path
        request = gate.ask("refund", {"order": "A-17"})
        while not list(gate.config.root.glob("Pending_Approval/*.md")):
            time.sleep(0.01)
        if os.fork() == 0:
            sys.exit(0)
        os.wait()
        print(hv.active_keeper(gate.config.state), os.getpid(), flush=True)
        """
    )
    words = process.line().split()
    assert words[1] == words[-1]
