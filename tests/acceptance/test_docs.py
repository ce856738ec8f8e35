"""Every example in the documentation runs as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import hitl_vault as hv

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LONG_FENCE = re.compile(r"^````markdown\n(.*?)^````$", re.MULTILINE | re.DOTALL)
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)[^)]*\)")
_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


def examples(page: Path, language: str) -> list[str]:
    return [code for name, code in _FENCE.findall(page.read_text("utf-8")) if name == language]


def blocks(page: Path, language: str) -> str:
    return "\n".join(examples(page, language))


@pytest.fixture
def here(work: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a fresh vault in it, where ana says yes to everything."""
    monkeypatch.setenv("HITL_STATE_DIR", str(work / "state"))
    config = hv.init_vault(work / "vault")
    stop = threading.Event()

    def say_yes() -> None:
        with hv.open_gate(config.root, agent="ana's phone", keeper=False) as gate:
            while not stop.wait(0.05):
                for record in gate.pending():
                    gate.decide(record.id, "approve", by="ana")

    thread = threading.Thread(target=say_yes)
    thread.start()
    yield work
    stop.set()
    thread.join()


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_readmes_python_runs(here: Path) -> None:
    done = run([sys.executable, "-c", blocks(ROOT / "README.md", "python")], here)
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
    done = run([sys.executable, "-c", code], work)
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
        done = run([sys.executable, "-m", "hitl_vault", *shlex.split(line)[1:]], here)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def test_the_policy_on_people_and_time_can_be_used(here: Path) -> None:
    (here / "policy.yaml").write_text(blocks(ROOT / "docs" / "people.md", "yaml"))
    done = run([sys.executable, "-m", "hitl_vault", "policy", "check", "policy.yaml"], here)
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
