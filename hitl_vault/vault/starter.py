"""The files that a fresh vault begins with: the very ones of the sample vault."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from hitl_vault.errors import VaultError
from hitl_vault.vault.shipped import shipped

_NAMES = (
    *("Pending_Approval/.gitkeep", "Approved/.gitkeep", "Rejected/.gitkeep", "Done/.gitkeep"),
    *("Dashboard.md", "Approvals.base", ".obsidian/types.json"),
)
_OBSIDIAN = ".obsidian"
_IN_FOLDER = re.compile(r'file\.inFolder\("(\w+)"\)')


def starter_files(below: str = "") -> Mapping[str, bytes]:
    """Return the content of each file by its path in the vault, with `/`.

    `below` is where the vault lies in a vault of Obsidian's (`outer_path`): its views name folders by
    their whole path. Raises `VaultError` if the installation lacks a file.
    """
    folder = shipped("vault")
    try:
        files = {name: (folder / name).read_bytes() for name in _NAMES}
    except FileNotFoundError as error:
        raise VaultError(f"the installation lacks {error.filename}; reinstall hitl-vault") from error
    if below:
        files["Approvals.base"] = _placed(files["Approvals.base"].decode(), below).encode()
    return MappingProxyType(files)


def outer_path(root: Path) -> str:
    """Return a vault's path in the nearest vault of Obsidian's around it, with `/`; empty if there is none.

    A folder that Obsidian has opened by itself has none: more lies in its `.obsidian` than our types.
    """
    own = root / _OBSIDIAN
    if os.path.isdir(own) and any(path.name != "types.json" for path in own.iterdir()):
        return ""
    outer = next((folder for folder in root.parents if os.path.isdir(folder / _OBSIDIAN)), None)
    return root.relative_to(outer).as_posix() if outer else ""


def _placed(base: str, below: str) -> str:
    def placed(found: re.Match[str]) -> str:
        text = f"file.inFolder({json.dumps(f'{below}/{found[1]}', ensure_ascii=False)})"
        return "'" + text.replace("'", "''") + "'"

    return _IN_FOLDER.sub(placed, base)
