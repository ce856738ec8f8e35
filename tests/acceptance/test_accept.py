"""`hitl policy accept`, and what every listing says until then."""

from __future__ import annotations

import pytest

from tests.acceptance.shell import Shell

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
