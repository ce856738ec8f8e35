"""The page of reference says what the code has, no more and no less, and its template works."""

from __future__ import annotations

import re
import signal
from dataclasses import fields
from pathlib import Path

import pytest

import hitl_vault as hv
from hitl_vault import errors
from hitl_vault.cli import exits
from hitl_vault.config import read_settings
from hitl_vault.vault import ballot
from hitl_vault.vault.page import Page
from hitl_vault.vault.templates import SUFFIX
from tests.acceptance.pages import ROOT, examples
from tests.noted import pending, request

FILE = ROOT / "docs" / "reference.md"
PAGE = FILE.read_text("utf-8")
_PARTS = {part.split("\n")[0]: part for part in PAGE.split("\n## ")}
_CELL = re.compile(r"^\| (?:&emsp;)*(.+?) \| (.*) \|$", re.MULTILINE)
_NAME = re.compile(r"`([^`]*)`")
_VARIABLE = re.compile(r"environ(?:\.get\(|\[)\"([A-Z_]+)\"")


def rows(heading: str) -> list[tuple[str, str]]:
    """Return the first cell and the rest of each row of the tables below a heading."""
    return [row for row in _CELL.findall(_PARTS[heading]) if not row[0].startswith("--")]


def first(heading: str) -> list[str]:
    """Return every name in a first cell below a heading."""
    return [name for cell, _ in rows(heading) for name in _NAME.findall(cell)]


def named(words: str) -> set[str]:
    """Return the words of `status` in the row with this meaning."""
    (cell,) = [cell for cell, rest in rows("Words of `status`") if rest == words]
    return set(_NAME.findall(cell))


def test_the_settings_are_those_of_the_code() -> None:
    assert {cell for cell, _ in rows("Settings")} - {"setting"} == {
        f"`{field.name}`" for field in fields(hv.Settings)
    }


def test_the_defaults_are_those_of_the_code(work: Path) -> None:
    shown = {cell.strip("`"): rest.split(" | ")[0].strip("`") for cell, rest in rows("Settings")}
    text = "\n".join(
        f"{name}: {shown[name]}" for name in ("mode", "timeout", "settle", "flag_after", "lease", "watch")
    )
    (work / "vault.yaml").write_text(f"id: x\nformat: {shown['format']}\n{text}\n")
    assert read_settings(work / "vault.yaml") == hv.Settings(id="x")


def test_the_variables_are_those_that_the_code_reads() -> None:
    code = "".join(path.read_text("utf-8") for path in sorted((ROOT / "hitl_vault").rglob("*.py")))
    read = set(_VARIABLE.findall(code))
    assert set(first("Environment variables")) | {"TERM"} == read
    assert "`TERM`" in _PARTS["Environment variables"]


def test_the_exit_codes_are_those_of_the_code() -> None:
    known = {exits.DONE, exits.ERROR, exits.USAGE, exits.REJECTED, exits.EXPIRED, exits.CANCELLED}
    known |= {exits.PENDING, exits.QUESTION, exits.BY_SIGNAL + signal.SIGINT}
    assert [int(cell) for cell, _ in rows("Exit codes") if cell.isdigit()] == sorted(known)


def test_the_words_of_status_are_those_of_the_code() -> None:
    verdicts = {verdict: {w for w, v in ballot.WORDS.items() if v is verdict} for verdict in hv.Verdict}
    assert named("yes") == verdicts[hv.Verdict.APPROVE]
    assert named("no") == verdicts[hv.Verdict.REJECT]
    assert named("`comment` is a question to the agent") == ballot.QUESTIONS
    assert named("no answer yet") | {""} == ballot.UNDECIDED


def test_every_state_is_explained() -> None:
    words = set(ballot.WORDS) | ballot.QUESTIONS | ballot.UNDECIDED
    assert set(first("Words of `status`")) - words | {"approved", "rejected", "pending"} == set(hv.State)


def test_the_fields_are_those_of_the_code_and_say_whose_they_are() -> None:
    table = rows("Fields of a note")
    assert set(first("Fields of a note")) == ballot.OWN_FIELDS
    persons = [_NAME.findall(cell)[0] for cell, rest in table if rest.startswith("the person's")]
    assert persons == list(ballot.PERSON_FIELDS)


def test_the_folders_are_those_of_the_code_with_their_states() -> None:
    layout = hv.Layout(Path("vault"))
    shown = {_NAME.findall(cell)[0]: rest for cell, rest in rows("Folders") if cell != "folder"}
    assert set(shown) == set(hv.Folder)
    for state in hv.State:
        assert state in re.split(r"[ ,]+", shown[layout.note("x", state).parent.name]), state


def test_the_errors_are_those_of_the_code_in_their_order() -> None:
    def below(kind: type, depth: int) -> list[tuple[str, int]]:
        kinds = [found for found in kind.__subclasses__() if found.__module__ == errors.__name__]
        return [each for found in kinds for each in ((found.__name__, depth), *below(found, depth + 1))]

    lines = re.findall(r"^\| ((?:&emsp;)*)`(\w+)`", _PARTS["Errors"], re.MULTILINE)
    assert [(name, len(space) // len("&emsp;")) for space, name in lines] == below(hv.HitlVaultError, 0)


def test_every_public_name_is_there_and_no_other() -> None:
    kinds = {name for name, found in vars(errors).items() if isinstance(found, type)}
    assert set(first("Python names")) == set(hv.__all__) - kinds
    assert len(first("Python names")) == len(set(first("Python names")))


@pytest.mark.parametrize("action", ["release", "app.release", "release:app"])
def test_the_template_draws_what_the_page_says(
    work: Path, action: str, caplog: pytest.LogCaptureFixture
) -> None:
    config = hv.init_vault(work / "vault", state_dir=work / "state")
    (template,) = examples(FILE, "jinja")
    (config.root / ".hitl" / "templates").mkdir()
    (config.root / ".hitl" / "templates" / "release.md.j2").write_text(template)
    context = {"version": "1.4", "environment": "test", "changes": ["a", "b"]}
    with hv.open_gate(config.root, state_dir=work / "state", keeper=False) as gate:
        request = gate.ask(action, context)
        gate.draw()
    note = (config.root / "Pending_Approval" / f"{request.id}.md").read_text()
    assert "Release   1.4\nWhere     test\n" in note
    assert "What changes:\n\n```text\na\nb\n```" in note
    assert caplog.messages == []


def test_every_name_that_a_template_can_use_is_explained() -> None:
    cells = [cell for cell, _ in rows("Templates") if cell != "name"]
    assert [re.split(r"\W", name)[0] for cell in cells for name in _NAME.findall(cell)] == list(
        Page(pending(request())).values()
    )


def test_every_shipped_template_is_named() -> None:
    shipped = sorted(path.name.removesuffix(SUFFIX) for path in (ROOT / "templates").glob("*.j2"))
    said = _PARTS["Templates"].split("Shipped are ")[1].split(", which")[0]
    assert _NAME.findall(said) == shipped
