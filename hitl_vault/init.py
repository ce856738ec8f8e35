"""Makes a folder a vault."""

from __future__ import annotations

from itertools import chain, islice
from pathlib import Path

from hitl_vault import config
from hitl_vault.config.pin import Home
from hitl_vault.errors import BallotInvalid, VaultError
from hitl_vault.vault.ballot import read_ballot
from hitl_vault.vault.fields import ids_of
from hitl_vault.vault.files import read_note, write_note
from hitl_vault.vault.layout import Folder, Layout, Place
from hitl_vault.vault.shipped import shipped
from hitl_vault.vault.starter import outer_path, starter_files

_POLICY = {config.POLICY_FILE: "cautious.yaml", "policy.schema.json": "policy.schema.json"}
"""What a fresh vault gets in `.hitl/`: the careful policy, and what helps editors with it."""


MOST = 1000
"""Notes that are looked at, at most, to find out whether they belong to a record."""


def init_vault(
    path: str | Path, *, state_dir: str | Path | None = None, new: bool = False, **settings: str
) -> config.Config:
    """Make `path` a vault, or complete one; nothing that is there is changed.

    Where a vault has lost its settings but not its notes, this is refused, unless a `new` record is
    wanted: the old notes do not belong to it. `settings` are lines of the settings file, such as
    `mode="attributed"`; they are refused for a vault that has its settings already.
    """
    root = config.typed_path(path).resolve()
    if root.exists() and not root.is_dir():
        raise VaultError(f"{root} is a file; name a folder")
    target = root / config.SETTINGS_FOLDER / config.SETTINGS_FILE
    fresh = not target.exists()
    if not fresh and (settings or new):
        raise VaultError(f"{root} is a vault already; {_remedy(target, new)}")
    if fresh and not new:
        _refuse_another(root, config.earlier(root, state_dir=state_dir))
    root.mkdir(parents=True, exist_ok=True)
    if fresh:
        _found(target, settings)
    if wrong := Layout(root).make():
        raise VaultError(wrong[0])
    for name, data in starter_files(outer_path(root)).items():
        _add(root / name, data)
    for name, source in _POLICY.items():
        _add(target.parent / name, (shipped("policies") / source).read_bytes())
    found = config.begin(root, state_dir=state_dir) if fresh else config.load(root, state_dir=state_dir)
    config.make_private(found.state)
    return found


def _remedy(target: Path, new: bool) -> str:
    return "its record goes on; leave out --new" if new else f"change its settings in {target}"


def _refuse_another(root: Path, earlier: Home | None) -> None:
    """Raise `VaultError` if notes of a record lie here: a new one would know none of them."""
    layout = Layout(root)
    places = chain(layout.notes(Folder.PENDING), layout.resolved())
    count = sum(map(_is_drawn, islice(places, MOST)))
    if count == 0:
        return
    id = f'id: "{earlier.id}"' if earlier else "its `id`"
    where = f" (kept in {earlier.state})" if earlier else ""
    notes = "1 note here belongs" if count == 1 else f"{count} notes here belong"
    target = root / config.SETTINGS_FOLDER / config.SETTINGS_FILE
    raise VaultError(
        f"{root}: {notes} to another record{where}; to go on with it, write {id} into {target}. "
        "To begin an empty one, pass --new (new=True)"
    )


def _is_drawn(place: Place) -> bool:
    try:
        fields = read_ballot(read_note(place.path)).fields
    except (BallotInvalid, OSError):
        return False
    return bool(ids_of(fields)) and ("digest" in fields or "hitl_digest" in fields)


def _found(target: Path, settings: dict[str, str]) -> None:
    text = config.new_settings_text(**settings)
    config.parse_settings(text, target)
    target.parent.mkdir(exist_ok=True)
    write_note(target, text.encode(), sync=True)


def _add(path: Path, data: bytes) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_note(path, data, sync=False)
