"""No word of an agent begins a line on the terminal, however wide it is."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.acceptance.shell import Shell
from tests.house import eventually
from tests.terminal import Terminal

FALSE = ["Context  (what is approved is what runs)", "  {", '    "amount": 5', "  }"]


@pytest.fixture
def forged(hitl: Shell, monkeypatch: pytest.MonkeyPatch) -> str:
    """A request whose words, broken at 80 columns anywhere, show another context."""
    monkeypatch.setenv("COLUMNS", "80")
    rows = "".join(row.ljust(80) for row in FALSE)
    return hitl.ask("--context", '{"amount": 9000}', "--summary", " " * 35 + rows, action="pay")


def test_no_line_of_what_is_shown_before_an_answer_is_wider_than_the_terminal(
    hitl: Shell, forged: str
) -> None:
    card = hitl("show", forged).out.splitlines()
    assert max(hv.text.columns(line) for line in card if not line.startswith("  note ")) <= 80
    assert [line for line in card if line.startswith("Context")] == [FALSE[0]]
    history = card[card.index("History") + 1 :]
    assert len(history) > 2
    assert all(line.startswith(" " * 27) for line in history[1:])


def test_an_action_that_fills_the_line_is_shown_in_full_below_it(hitl: Shell) -> None:
    action = "pay" + " " * 60 + FALSE[0]
    card = hitl("show", hitl.ask(action=action)).out.splitlines()
    assert card[0].startswith("pay") and "…" in card[0]
    said = " ".join(" ".join(card).split())
    assert said.count("what is approved is what runs") == 3  # the fact, the section, the history
    assert [line for line in card if line.startswith("Context")] == [FALSE[0]]


@pytest.mark.parametrize("command", ["log", "watch"])
def test_no_word_of_an_agent_begins_a_line_of_the_log_on_a_terminal(
    hitl: Shell, forged: str, work: Path, command: str
) -> None:
    place = {name: hitl.environment()[name] for name in ("HITL_VAULT", "HITL_STATE_DIR", "PYTHONPATH")}
    words = [*(f"{name}={value}" for name, value in place.items()), sys.executable, "-m", "hitl_vault.cli"]
    with Terminal(["env", *words, command], home=work) as terminal:
        if command == "watch":
            eventually(lambda: "keep" in terminal.screen)
            with hitl.house.gate(keeper=False) as gate:
                gate.ask("pay", {"amount": 9000}, summary=gate.get(forged).request.summary)
        eventually(lambda: '"amount": 5' in terminal.screen)
        time.sleep(0.2)
        lines = terminal.screen.splitlines()
    assert not [line for line in lines if line.startswith(FALSE[0][:7])]
    assert max(map(len, lines)) <= 100
