"""What docs/people.md shows runs as it stands there."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

import hitl_vault as hv
from tests.acceptance.pages import ROOT, blocks, run_hitl, run_python
from tests.house import House, eventually

FILE = ROOT / "docs" / "people.md"
PAGE = FILE.read_text("utf-8")


@pytest.fixture
def house(house: House) -> House:
    """A vault with the page's policy."""
    (house.root / ".hitl" / "policy.yaml").write_text(blocks(FILE, "yaml"))
    return house


def hitl(house: House, *words: str) -> subprocess.CompletedProcess[str]:
    return run_hitl(*words, "--vault", str(house.root), folder=house.work, HITL_STATE_DIR=str(house.state))


def test_the_python_runs_and_prints_what_it_says(house: House) -> None:
    done = run_python(blocks(FILE, "python"), house.work, HITL_STATE_DIR=str(house.state))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:4] == [
        "pending",
        "('ana', 'ben')",
        "('amount',) 800",
        "ana asks: Is this the same invoice as in May?",
    ]
    assert re.match("standing rule .*, made by ana on ", lines[4])
    mails = [row for row in house.gate(keeper=False).ledger.rows() if row.action == "send_email"]
    assert len(mails) == 2, "the example asks more often than it has mails"


def test_the_note_looks_as_the_page_shows(house: House) -> None:
    gate = house.gate("shop-bot")
    request = gate.ask("payment", {"payee": {"name": "ACME", "iban": "DE00"}, "amount": 900})
    note = house.note(request).read_text()
    shown = PAGE.split("    You may change these values before you approve:\n", 1)[1].split(
        "\n\nA changed", 1
    )[0]
    assert re.sub("^    ", "", shown, flags=re.MULTILINE).strip() in note
    gate.decide(request.id, "approve", by="ana")
    eventually(lambda: re.search(r"Approvals   1 of 2: ana, \d\d:\d\d UTC", house.note(request).read_text()))
    mail = gate.ask("send_email", {"to": "x", "count": 1})
    assert "- [ ] Yes, and the same for 7d" in house.note(mail).read_text()
    assert 'remember: ""' in house.note(mail).read_text()


def test_the_commands_do_what_the_page_says(house: House) -> None:
    gate = house.gate("shop-bot")
    request = gate.ask("payment", {"payee": {"name": "ACME"}, "amount": 900})
    assert hitl(house, "question", request.id, "Which\x1b one?", "--by", "ana").returncode == 0
    waited = hitl(house, "wait", request.id, "--questions")
    assert (waited.returncode, waited.stdout) == (7, "ana: Which⟨U+001B⟩ one?\n")
    asked = json.loads(hitl(house, "wait", request.id, "--questions", "--json").stdout)
    assert (asked["state"], asked["question"]["by"]) == ("pending", "ana")
    assert hitl(house, "answer", request.id, "This one.").returncode == 0
    assert gate.get(request.id).questions[0].answer == "This one."
    assert hitl(house, "answer", request.id, "And more.").returncode == 1
    assert hitl(house, "approve", request.id, "--by", "ana", "--edit", '{"amount": 901}').returncode == 1
    for name in ("ana", "ben"):
        done = hitl(house, "approve", request.id, "--by", name, "--edit", '{"amount": 800}')
        assert done.returncode == 0, done.stderr
        shown = hitl(house, "show", request.id).stdout
        told = f"voted to approve by {name}, with the hitl command, with amount = 800"
        assert told in " ".join(shown.split())
    assert shown.index("Context as approved  (changed: amount)") < shown.index('"amount": 800')
    assert shown.index('"amount": 800') < shown.index("Context as asked") < shown.index('"amount": 900')
    assert gate.wait(request.id, timeout=5).context["amount"] == 800
    for bad in ("nonsense", "[1]"):
        assert hitl(house, "approve", request.id, "--edit", bad).returncode == 2


def test_rules_are_listed_and_revoked_from_the_command_line(house: House) -> None:
    gate = house.gate("shop-bot")
    mail = gate.ask("send_email", {"to": "x", "count": 1})
    assert hitl(house, "approve", mail.id, "--remember", "soon").returncode == 2
    assert hitl(house, "approve", mail.id, "--by", "ana", "--remember", "8d").returncode == 1
    assert hitl(house, "approve", mail.id, "--by", "ana", "--remember", "2d").returncode == 0
    eventually((house.root / "Standing_Rules" / f"{mail.id}.md").exists)
    assert gate.get(gate.ask("send_email", {"to": "x", "count": 0}).id).state == "approved"
    assert "send_email of shop-bot, granted by ana" in hitl(house, "rules").stdout
    (rule,) = json.loads(hitl(house, "rules", "--json").stdout)
    assert (rule["id"], rule["uses"]) == (mail.id, 1)
    assert hitl(house, "rules").stdout.endswith("used 1 time\n")
    revoked = hitl(house, "revoke", mail.id, "--by", "ana")
    assert (revoked.returncode, revoked.stdout[:9]) == (0, "revoked  ")
    assert hitl(house, "rules").stdout == "No standing rules are in force.\n"
    assert gate.get(gate.ask("send_email", {"to": "x", "count": 0}).id).state == "pending"
    assert isinstance(gate.get(mail.id).standing, hv.StandingRule)
