"""What a fresh installation can do, from asking to the outcome; runs against the built wheel as well."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import hitl_vault as hv

pytestmark = pytest.mark.wheel
TYPES = {"Duration", "OnReminder"}  # names of types have no docstring when they run


def test_every_public_name_is_there_and_explained() -> None:
    public = {name: getattr(hv, name) for name in hv.__all__ if name not in TYPES}
    assert [name for name, found in public.items() if not found.__doc__] == []


def test_a_new_vault_is_ready_and_an_edited_note_lets_the_agent_go_on(work: Path) -> None:
    hv.init_vault(work / "vault", state_dir=work / "state")
    with hv.open_gate(work / "vault", agent="crm-bot", state_dir=work / "state") as gate:
        request = gate.ask("payment", {"amount": 900}, summary="Pay the invoice", timeout="1m")
        note = work / "vault" / "Pending_Approval" / f"{request.id}.md"
        ends = time.monotonic() + 30
        while not note.exists():
            assert time.monotonic() < ends, "the note was never drawn"
            time.sleep(0.01)
        text = note.read_text(encoding="utf-8")
        note.write_text(text.replace('status: "pending"', "status: approved"), encoding="utf-8")
        assert gate.wait(request.id, timeout=30).approved
        with gate.claim(request.id, {"amount": 900}, action=request.action) as grant:
            assert grant.context["amount"] == 900
    assert [path.name for path in (work / "vault" / "Done").glob("*.md")] == [note.name]
