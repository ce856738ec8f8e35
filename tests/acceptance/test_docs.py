"""Every example in the documentation runs as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.acceptance.pages import ROOT, blocks, run_hitl, run_python

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_LONG_FENCE = re.compile(r"^````markdown\n(.*?)^````$", re.MULTILINE | re.DOTALL)
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)[^)]*\)")
_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


def test_the_readmes_python_runs(here: Path) -> None:
    done = run_python(blocks(ROOT / "README.md", "python"), here)
    assert done.returncode == 0, done.stderr
    assert "refunded 900 on A-17" in done.stdout
    assert "True ('ana',)" in done.stdout
    assert "deleting 7" in done.stdout
    assert "shipping 1.4" in done.stdout


def test_the_readmes_python_is_told_no_without_a_traceback(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HITL_STATE_DIR", str(work / "state"))
    config = hv.init_vault(work / "vault", timeout="0.3s")
    (config.root / ".hitl" / "policy.yaml").unlink()
    code = blocks(ROOT / "README.md", "python").replace(', timeout="1h"', "")
    done = run_python(code, work)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines() if line.strip()] == [
        "refund",
        "False",
        "deploy",
    ]


def test_the_readmes_note_is_what_is_drawn(work: Path) -> None:
    """Each part of it, but for the time."""
    config = hv.init_vault(work / "vault", state_dir=work / "state")
    with hv.open_gate(config.root, agent="crm-bot", state_dir=work / "state", keeper=False) as gate:
        reason = "The parcel arrived broken; the customer sent a photo."
        context = {"order": "A-17", "eur": 900}
        request = gate.ask("refund", context, summary="Refund an order.", reason=reason, timeout="1h")
        gate.draw()
    drawn = _TIME.sub("TIME", (config.root / "Pending_Approval" / f"{request.id}.md").read_text())
    assert f'reason="{reason}"' in blocks(ROOT / "README.md", "python")
    (shown,) = _LONG_FENCE.findall((ROOT / "README.md").read_text("utf-8"))
    parts = _TIME.sub("TIME", shown).split("…\n")
    assert len(parts) == 4
    places = [drawn.find(part) for part in parts]
    assert -1 not in places and places == sorted(places), places


def test_the_readme_says_how_long_a_saved_note_settles(here: Path) -> None:
    assert "half a second after you save" in (ROOT / "README.md").read_text("utf-8")
    assert hv.load_config(here / "vault").settings.settle == 0.5


def test_the_readmes_commands_run(here: Path) -> None:
    lines = [line for line in blocks(ROOT / "README.md", "sh").splitlines() if line.startswith("hitl ")]
    assert lines
    for line in lines:
        done = run_hitl(*shlex.split(line)[1:], folder=here)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def test_the_policy_on_people_and_time_can_be_used(here: Path) -> None:
    (here / "policy.yaml").write_text(blocks(ROOT / "docs" / "people.md", "yaml"))
    done = run_hitl("policy", "check", "policy.yaml", folder=here)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = _TARGET.findall((ROOT / "Makefile").read_text())
    named = re.findall(r"^make ([a-z-]+)", blocks(page, "sh"), re.MULTILINE)
    assert [name for name in named if name not in targets] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = _LINK.findall(page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
