"""The files that a fresh vault begins with: the very ones of the sample vault."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hitl_vault.errors import VaultError
from hitl_vault.vault.shipped import shipped

_NAMES = (
    *("Pending_Approval/.gitkeep", "Approved/.gitkeep", "Rejected/.gitkeep", "Done/.gitkeep"),
    *("Dashboard.md", "Approvals.base", ".obsidian/types.json"),
)


def starter_files() -> Mapping[str, bytes]:
    """Return the content of each file by its path in the vault, with `/`.

    Raises `VaultError` if the installation lacks one of them.
    """
    folder = shipped("vault")
    try:
        return MappingProxyType({name: (folder / name).read_bytes() for name in _NAMES})
    except FileNotFoundError as error:
        raise VaultError(f"the installation lacks {error.filename}; reinstall hitl-vault") from error
