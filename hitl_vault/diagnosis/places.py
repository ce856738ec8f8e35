"""Where things lie: the vault, its folders and settings, and the state directory."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from hitl_vault.config import SETTINGS_FILE, SETTINGS_FOLDER, Config
from hitl_vault.diagnosis.check import Check, fail, ok, warn
from hitl_vault.vault.files import TAKEN, TRADED, hidden_name
from hitl_vault.vault.layout import Folder, Layout
from hitl_vault.vault.leftovers import leftovers
from hitl_vault.vault.mounts import silent_filesystem

_MARKERS = {
    ".stfolder": "Syncthing",
    ".stversions": "Syncthing",
    ".dropbox": "Dropbox",
    ".dropbox.cache": "Dropbox",
    ".owncloudsync.log": "ownCloud",
    ".nextcloudsync.log": "Nextcloud",
    ".tmp.drivedownload": "Google Drive",
    ".git": "git",
}
_NAMES = {
    "dropbox": "Dropbox",
    "onedrive": "OneDrive",
    "icloud drive": "iCloud",
    "com~apple~clouddocs": "iCloud",
    "mobile documents": "iCloud",
    "google drive": "Google Drive",
    "googledrive": "Google Drive",
    "nextcloud": "Nextcloud",
    "owncloud": "ownCloud",
    "syncthing": "Syncthing",
}


def synced_by(folder: Path) -> str | None:
    """Return what keeps a copy of `folder` elsewhere, judged by the folders above it, else None."""
    for place in (folder, *folder.parents):
        for marker, tool in _MARKERS.items():
            if (place / marker).exists():
                return f"{tool} ({place})"
        name = place.name.casefold()
        tool = next((t for n, t in _NAMES.items() if name == n or name.startswith((f"{n} ", f"{n}-"))), "")
        if tool:
            return f"{tool} ({place})"
    return None


def settings_file(config: Config) -> Iterator[Check]:
    """Look at who may change the settings."""
    path = config.root / SETTINGS_FOLDER / SETTINGS_FILE
    if path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield warn("settings", f"{path} can be changed by others", f"chmod go-w '{path}'")
    else:
        yield ok("settings", "valid, and only you can change them")
    if waiting := config.waiting():
        yield warn("accepted", waiting, "Accept the change, or undo it if it is not yours.")


def vault_place(config: Config) -> Iterator[Check]:
    """Look at the file system that the vault is on."""
    kind = silent_filesystem(config.root)
    if kind:
        yield warn(
            "file system",
            f"{kind} does not tell of changes that other machines make",
            "The vault is read every second instead; nothing to do unless that is too slow.",
        )
    tool = synced_by(config.root)
    if tool:
        yield ok("sync", f"the vault is in a folder of {tool}; that is what the notes are made for")


def folders(config: Config) -> Iterator[Check]:
    """Look whether the folders are there and can be written."""
    layout = Layout(config.root)
    linked = layout.links(*Folder)
    bad = [problem for folder in Folder if (problem := _unwritable(layout.path(folder)))]
    if linked:
        yield fail("folders", "; ".join(linked), "Nothing there counts before that.")
    if bad:
        yield fail("folders", "; ".join(bad), "Give the user that runs the keeper write permission there.")
    elif not linked:
        yield ok("folders", "all there, and they can be written")
    yield from _leftovers(layout)


def _unwritable(folder: Path) -> str:
    if folder.is_symlink() or not folder.exists():
        return ""  # told of already, or the keeper makes it
    probe = hidden_name(folder)
    try:
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        os.unlink(probe)
    except OSError as error:
        return f"{folder}: {error.strerror}"
    return ""


def _leftovers(layout: Layout) -> Iterator[Check]:
    left = [str(path) for folder in Folder for path in leftovers(layout.path(folder))]
    if left:
        yield warn(
            "leftovers",
            f"{len(left)} files of writes that were cut off, such as {left[0]}",
            "The next keeper to start clears them up. Delete none that end in "
            f"{TAKEN} or {TRADED}: they may hold what somebody wrote.",
        )


def state_directory(config: Config) -> Iterator[Check]:
    """Look whether the record is where only its owner can write, and nothing copies it."""
    state = config.state
    if not state.exists():
        yield ok("state", f"{state}, made with the first request")
        return
    if state.is_relative_to(config.root):
        yield fail(
            "state",
            f"{state} is inside the vault: who can write notes can write the record, and syncing breaks it",
            "Move it out, and name its new place with --state-dir, HITL_STATE_DIR or `state_dir`.",
        )
    yield from _private(state)
    tool = synced_by(state)
    if tool:
        yield fail(
            "state",
            f"{state} is copied by {tool}, which breaks a database and shows it to others",
            "Move it to a folder that nothing copies; name it with HITL_STATE_DIR or `state_dir`.",
        )
    kind = silent_filesystem(state)
    if kind:
        yield fail(
            "state", f"{state} is on {kind}, where locks cannot be relied on", "Move it to a local disk."
        )


def _private(state: Path) -> Iterator[Check]:
    info = state.stat()
    if info.st_mode & 0o077:
        yield fail(
            "state", f"{state} is open to others (mode {info.st_mode & 0o777:04o})", f"chmod 700 '{state}'"
        )
    elif info.st_uid != os.getuid():
        yield warn("state", f"{state} belongs to another user", "Run everything as one user.")
    else:
        yield ok("state", f"{state}, private")
