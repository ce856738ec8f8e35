"""What the pages name is there: commands, their options, and the headings that links lead to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hitl_vault.cli.options import Argument, Option, parameters
from hitl_vault.cli.table import COMMANDS, FAMILIES
from tests.acceptance.pages import ROOT, blocks

PAGES = [
    *(ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "vault" / "Dashboard.md"),
    *sorted((ROOT / ".github").glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
_SPAN = re.compile(r"`hitl\s+([^`]+)`")
_COMMAND = re.compile(r"(?:^|[|(])\s*hitl ([^|)\n]+)", re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)#([^)]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_NONE = {"--help", "--version"}


def named(page: Path) -> list[list[str]]:
    """Return the words of each command of ours on a page, in the text and in the examples."""
    text = page.read_text("utf-8")
    found = [*_SPAN.findall(text), *_COMMAND.findall(blocks(page, "sh"))]
    return [re.split(r"\s+", command.strip()) for command in found]


def wrong(words: list[str]) -> list[str]:
    """Return what there is not of a command as it is named."""
    name = " ".join(words[:2]) if words[0] in FAMILIES else words[0]
    if set(name) <= set("-… .") or name.startswith("-"):
        return [] if words[0] in {"…", *_NONE} else [name]
    if words[0] in FAMILIES and words[1:2] in ([], ["…"]):
        return []
    if name not in COMMANDS:
        return [name]
    ours = words[: words.index("--")] if "--" in words else words
    marks = [parameter.mark for parameter in parameters(COMMANDS[name].load())]
    flags = _NONE | {mark.flag for mark in marks if isinstance(mark, Option)}
    strange = [word for word in ours if word.startswith("--") and word.partition("=")[0] not in flags]
    takes_id = any(isinstance(mark, Argument) and mark.is_id for mark in marks)
    return strange + [word for word in ours[1:2] if takes_id and word in COMMANDS]


def anchors(page: Path) -> set[str]:
    """Return what a link can name of a page: its headings, as they are written in links."""
    headings = _HEADING.findall(page.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists_with_its_options(page: Path) -> None:
    assert [(words, wrong(words)) for words in named(page) if wrong(words)] == []


def test_a_command_and_an_option_that_do_not_exist_are_found() -> None:
    assert wrong(["log", "checkpoint", "--out", "kept.txt"]) == []
    assert wrong(["log", "verify"]) == ["verify"]
    assert wrong(["vreify"]) == ["vreify"]
    assert wrong(["keys", "ad-signer"]) == ["keys ad-signer"]
    assert wrong(["verify", "--file", "x"]) == ["--file"]
    assert wrong(["run", "deploy", "--", "make", "--force"]) == []


def test_the_readme_lists_every_page_and_every_page_leads_back() -> None:
    pages = sorted((ROOT / "docs").glob("*.md"))
    part = (ROOT / "README.md").read_text("utf-8").split("\n## Documentation\n")[1].split("\n## ")[0]
    assert [page.name for page in pages if f"](docs/{page.name})" not in part] == []
    back = "../README.md#documentation"
    assert [page.name for page in pages if back not in page.read_text("utf-8")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_heading_that_a_link_leads_to_exists(page: Path) -> None:
    links = _LINK.findall(page.read_text("utf-8"))
    gone = [(to, anchor) for to, anchor in links if anchor not in anchors((page.parent / to) if to else page)]
    assert gone == []
