"""Makes a folder a vault."""

from __future__ import annotations

from pathlib import Path

from hitl_vault import config
from hitl_vault.errors import VaultError
from hitl_vault.vault.files import write_note
from hitl_vault.vault.layout import Layout
from hitl_vault.vault.shipped import shipped
from hitl_vault.vault.starter import starter_files

_POLICY = {config.POLICY_FILE: "cautious.yaml", "policy.schema.json": "policy.schema.json"}
"""What a fresh vault gets in `.hitl/`: the careful policy, and what helps editors with it."""


def init_vault(path: str | Path, *, state_dir: str | Path | None = None, **settings: str) -> config.Config:
    """Make `path` a vault, or complete one; nothing that is there is changed.

    `settings` are lines of the settings file, such as `mode="attributed"`; they are refused for a
    vault that has its settings already.
    """
    root = Path(path).expanduser().resolve()
    if root.exists() and not root.is_dir():
        raise VaultError(f"{root} is a file; name a folder")
    root.mkdir(parents=True, exist_ok=True)
    target = root / config.SETTINGS_FOLDER / config.SETTINGS_FILE
    new = not target.exists()
    if new:
        _found(target, settings)
    elif settings:
        raise VaultError(f"{root} is a vault already; change its settings in {target}")
    if wrong := Layout(root).make():
        raise VaultError(wrong[0])
    for name, data in starter_files().items():
        _add(root / name, data)
    for name, source in _POLICY.items():
        _add(target.parent / name, (shipped("policies") / source).read_bytes())
    found = config.begin(root, state_dir=state_dir) if new else config.load(root, state_dir=state_dir)
    config.make_private(found.state)
    return found


def _found(target: Path, settings: dict[str, str]) -> None:
    text = config.new_settings_text(**settings)
    config.parse_settings(text, target)
    target.parent.mkdir(exist_ok=True)
    write_note(target, text.encode(), sync=True)


def _add(path: Path, data: bytes) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_note(path, data, sync=False)
