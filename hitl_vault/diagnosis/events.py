"""Whether the system tells of changes in the vault, and how many folders it can watch."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

from hitl_vault.config import SETTINGS_FOLDER, Config
from hitl_vault.diagnosis.check import Check, fail, ok, warn
from hitl_vault.vault.layout import Folder, Layout
from hitl_vault.vault.walking import folders
from hitl_vault.vault.watch import Watcher

_WITHIN = 2.0
_INOTIFY = Path("/proc/sys/fs/inotify")
_FEW_INSTANCES = 64


def events(config: Config) -> Iterator[Check]:
    """Make a file in the settings folder and look whether word of it comes."""
    if config.settings.watch == "polling":
        yield ok("events", "not used: the settings say `watch: polling`")
        return
    probe = config.root / SETTINGS_FOLDER / f".doctor-{secrets.token_hex(4)}"
    try:
        problem = _unheard(config, probe)
    except OSError as error:
        yield fail("events", f"{probe.parent}: {error.strerror}", "Give write permission for this folder.")
        return
    if problem is None:
        yield ok("events", "arrive")
    else:
        yield warn(
            "events", problem, "The vault is read every second instead; answers take that much longer."
        )


def _unheard(config: Config, probe: Path) -> str | None:
    """Return why a change is not heard of, None if it is."""
    heard, said = threading.Event(), list[str]()

    def on_path(path: str) -> None:
        if path == str(probe):
            heard.set()

    watcher = Watcher(
        config.root,
        on_path=on_path,
        on_rescan=lambda reason: None,
        on_state=said.append,
        mode=config.settings.watch,
    )
    watcher.start()
    try:
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        probe.unlink()
        if watcher.state == "events" and heard.wait(_WITHIN):
            return None
        return said[-1] if said else "no word came of a change in the vault"
    finally:
        watcher.stop()


def inotify_limits(config: Config) -> Iterator[Check]:
    """Look whether the system lets as many folders be watched as the vault has (Linux)."""
    watches, instances = _limit("max_user_watches"), _limit("max_user_instances")
    if watches is None or instances is None:
        return
    layout = Layout(config.root)
    count = sum(1 for folder in Folder for _ in folders(layout.path(folder)))
    if count > watches // 2:
        yield warn(
            "inotify",
            f"the vault has {count} folders, and {watches} may be watched by all programs together",
            f"sysctl fs.inotify.max_user_watches={max(524288, count * 4)}",
        )
    elif instances < _FEW_INSTANCES:
        yield warn(
            "inotify",
            f"only {instances} programs may watch at once",
            "sysctl fs.inotify.max_user_instances=512",
        )
    else:
        yield ok("inotify", f"{count} folders to watch, {watches} allowed")


def _limit(name: str) -> int | None:
    try:
        return int((_INOTIFY / name).read_text())
    except (OSError, ValueError):
        return None
