"""What a fresh vault begins with."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from hitl_vault.domain.request import Request
from hitl_vault.errors import VaultError
from hitl_vault.init import init_vault
from hitl_vault.keeper import word
from hitl_vault.vault import shipped
from hitl_vault.vault.fields import fields
from hitl_vault.vault.layout import Folder, Layout
from hitl_vault.vault.person import NOBODY
from hitl_vault.vault.starter import starter_files
from tests.noted import approved, request

FILES = starter_files()


def test_the_four_folders_and_the_pages_are_there() -> None:
    folders = {Path(name).parent.name for name in FILES if name.endswith(".gitkeep")}
    assert folders == {Folder.PENDING, Folder.APPROVED, Folder.REJECTED, Folder.DONE}
    assert {"Dashboard.md", "Approvals.base", ".obsidian/types.json"} <= FILES.keys()


def test_none_of_them_is_taken_for_a_request(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert [name for name in FILES if layout.classify(tmp_path / name)] == []


def test_the_start_page_names_every_gesture_and_embeds_views_that_exist() -> None:
    page = FILES["Dashboard.md"].decode()
    for words in (
        "tick **Approve**",
        "set `status`",
        "move the note",
        "`hitl approve ID`",
        "comes back",
        "sealed",
    ):
        assert words in page
    views = {view["name"] for view in yaml.safe_load(FILES["Approvals.base"])["views"]}
    embedded = {line.split("#")[1].rstrip("]") for line in page.splitlines() if line.startswith("![[")}
    assert embedded == views


def test_the_views_count_from_when_it_was_asked_and_show_what_could_not_be_adopted() -> None:
    base = yaml.safe_load(FILES["Approvals.base"])
    assert "date(created)" in base["formulas"]["waiting"]  # the file is a new one after each drawing
    assert 'type == "not_adopted"' in base["filters"]["and"][1]["or"]
    assert b'type: "not_adopted"' in word._HEAD


@pytest.mark.parametrize("name", ["Work", 'It\'s: a #1 "x"', "a/b"])
def test_in_a_folder_of_an_obsidian_vault_the_views_name_the_whole_path(tmp_path: Path, name: str) -> None:
    (tmp_path / "outer" / ".obsidian").mkdir(parents=True)
    for _ in range(2):  # ours does not count as opened by Obsidian
        root = init_vault(tmp_path / "outer" / name, state_dir=tmp_path / "state").root
        base = yaml.safe_load((root / "Approvals.base").read_text())
        said = [view["filters"]["and"][0] for view in base["views"]]
        assert said[0] == f"file.inFolder({json.dumps(name + '/Pending_Approval')})"
        assert len({text for text in said if name in json.loads(text[14:-1])}) == 4
        (root / "Approvals.base").unlink()
    (root / ".obsidian" / "app.json").write_text("{}")
    init_vault(root, state_dir=tmp_path / "state")
    assert (root / "Approvals.base").read_bytes() == FILES["Approvals.base"]


def test_the_start_page_says_what_lies_in_each_folder_of_a_fresh_vault(tmp_path: Path) -> None:
    vault = init_vault(tmp_path / "vault", state_dir=tmp_path / "state").root
    folders = {path.name for path in vault.iterdir() if path.is_dir() and not path.name.startswith(".")}
    page = FILES["Dashboard.md"].decode()
    assert set(re.findall(r"^\| `(\w+)` +\|", page, re.MULTILINE)) == folders
    assert "Examples" not in page


def test_every_property_of_a_note_has_a_type_that_obsidian_keeps_as_text() -> None:
    asked: Request = request(run="r1")
    types = json.loads(FILES[".obsidian/types.json"])["types"]
    drawn = fields(approved(asked), NOBODY)
    assert drawn.keys() <= types.keys()
    assert {types[name] for name in drawn} == {"text", "tags"}
    assert types["tags"] == "tags"


def test_what_is_missing_from_an_installation_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path / "package")
    with pytest.raises(VaultError, match="lacks its folder 'vault'; reinstall"):
        starter_files()
    (tmp_path / "vault").mkdir()
    with pytest.raises(VaultError, match=r"lacks .*gitkeep; reinstall"):
        starter_files()


def test_the_packaged_folder_comes_before_the_one_in_the_repository(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path / "package")
    (tmp_path / "templates").mkdir()
    assert shipped.shipped("templates") == tmp_path / "templates"
    packaged = tmp_path / "package" / "_data" / "templates"
    packaged.mkdir(parents=True)
    assert shipped.shipped("templates") == packaged
