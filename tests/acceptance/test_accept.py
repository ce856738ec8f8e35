"""`hitl policy accept`, and what every listing says until then."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.acceptance.shell import Shell
from tests.house import eventually
from tests.terminal import ENTER, Terminal

HIDDEN = "\u202e\u200b"


@pytest.fixture
def changed(hitl: Shell) -> Shell:
    """A vault in which answers need a name, whose settings were changed after it was first used."""
    path = hitl.house.root / ".hitl" / "vault.yaml"
    path.write_text(path.read_text().replace("mode: open", "mode: attributed"))
    hitl("request", "deploy")
    path.write_text(path.read_text().replace("mode: attributed", f"mode: open # {HIDDEN}"))
    return hitl


def test_every_listing_says_what_is_not_in_force(changed: Shell) -> None:
    for words in (["list"], ["list", "--all"], ["list", "--json"]):
        assert "Changed and not in force: vault.yaml" in changed(*words).err
    assert "Changed and not in force: vault.yaml" in changed("doctor").out


def test_the_difference_is_shown_harmlessly_and_counts_once_accepted(changed: Shell) -> None:
    refused = changed("policy", "accept")
    assert (refused.code, "nobody to ask" in refused.err) == (2, True)
    assert "-mode: attributed" in refused.out
    assert "+mode: open # ⟨U+202E⟩⟨U+200B⟩" in refused.out
    assert not set(HIDDEN) & set(refused.out)
    assert changed("policy", "accept", "--yes", "--by", "ana").code == 0
    assert "not in force" not in changed("list").err
    assert "accepted by ana: vault.yaml" in changed("log").out
    assert changed("verify").code == 0
    assert "are in force" in changed("policy", "accept").out


def test_what_is_written_while_a_person_looks_at_the_difference_is_not_accepted(
    changed: Shell, work: Path
) -> None:
    policy = changed.house.root / ".hitl" / "policy.yaml"
    place = {name: changed.environment()[name] for name in ("HITL_VAULT", "HITL_STATE_DIR", "PYTHONPATH")}
    words = [*(f"{name}={value}" for name, value in place.items()), sys.executable, "-m", "hitl_vault.cli"]
    with Terminal(["env", *words, "policy", "accept"], home=work) as terminal:
        eventually(lambda: "[y/N]" in terminal.screen)
        policy.write_text('format: 1\nrules:\n  - {name: all, when: "true", verdict: allow}\n')
        terminal.type("y", ENTER)
        eventually(lambda: "changed since it was shown, so nothing was accepted" in terminal.screen)
    assert "Changed and not in force: vault.yaml, policy.yaml" in changed("list").err


def test_the_name_of_a_template_is_shown_harmlessly(changed: Shell) -> None:
    folder = changed.house.root / ".hitl" / "templates"
    folder.mkdir()
    (folder / "x\x1b[8m\nhidden.md.j2").write_text("y")
    shown = changed("policy", "accept").out
    assert "hidden.md.j2" in shown
    assert "\x1b" not in shown
