"""Where the templates, the policies and the sample vault that come with the product lie."""

from __future__ import annotations

from pathlib import Path

from hitl_vault.errors import VaultError

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(folder: str) -> Path:
    """Return the folder `templates`, `policies` or `vault`: in the package, else in the repository.

    Raises `VaultError` if it is in neither place, which means that the installation is incomplete.
    """
    for place in (_PACKAGE / "_data" / folder, _PACKAGE.parent / folder):
        if place.is_dir():
            return place
    raise VaultError(f"the installation lacks its folder {folder!r}; reinstall hitl-vault")
