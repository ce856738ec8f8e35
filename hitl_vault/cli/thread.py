"""Asking back: `question` for people, `answer` for agents."""

from __future__ import annotations

from typing import Annotated

import hitl_vault as hv
from hitl_vault.cli import views
from hitl_vault.cli.options import Argument, By, Id, StateDir, Vault

Text = Annotated[str, Argument("TEXT", "What to say; in quotes.")]


def question(
    id: Id,
    text: Text,
    by: By = None,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> int:
    """Ask the agent something before you decide; the request stays pending."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        record = gate.question(gate.find(id), text, by=by, gesture=hv.Gesture.CLI)
        print(views.decision_line(record))
    return 0


def answer(
    id: Id,
    text: Text,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> int:
    """Answer the oldest open question about a request, as the agent that asked for approval."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as finding:
        found = finding.find(id)
        agent = finding.get(found).request.agent
    with hv.open_gate(vault, agent=agent, state_dir=state_dir, keeper=False) as gate:
        print(views.decision_line(gate.answer(found, text)))
    return 0
