"""What listens for changes in a vault."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from hitl_vault.vault.layout import Folder

Identity: TypeAlias = tuple[int, int] | None
FOLDERS = tuple(str(folder) for folder in Folder if folder is not Folder.SET_ASIDE)
SETTINGS_FOLDER = ".hitl"
LIMITS = {
    errno.ENOSPC: "There are no inotify watches left. Raise sysctl fs.inotify.max_user_watches.",
    errno.EMFILE: "There are no inotify instances or open files left. "
    "Raise sysctl fs.inotify.max_user_instances, or `ulimit -n`.",
}


@dataclass(frozen=True, kw_only=True)
class Calls:
    """Whom a listener calls, from a thread of its own. None of them raises.

    `path` names a file of the vault that may have changed. `stir` asks to have the listener's
    `fault` looked at now. `failed` reports an error that the listener has survived.
    """

    path: Callable[[str], None]
    stir: Callable[[], None]
    failed: Callable[[Exception], None]


class Listener(Protocol):
    """Hears of changes below one vault's folders."""

    def start(self) -> None:
        """Begin; changes made after the return are heard. `OSError` if the system refuses."""

    def stop(self) -> None:
        """End, and leave no thread behind; also after a failed start, and more than once."""

    def fault(self) -> str | None:
        """Say in a few words why changes may go unheard and another listener must take over; None if well."""


def identity(path: str | Path) -> Identity:
    """Return what tells one folder from another at the same path; None if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def replaced(watched: Mapping[str, Identity]) -> str | None:
    """Say which of the watched folders is not what it was."""
    changed = next((path for path, was in watched.items() if identity(path) != was), None)
    return None if changed is None else f"{Path(changed).name} was moved or replaced"


def words(error: Exception) -> str:
    """Return an error's kind and message."""
    return f"{type(error).__name__}: {error}"


def refused(error: OSError) -> str:
    """Return a sentence on why the system lets nobody listen, with the remedy where one is known."""
    return LIMITS.get(error.errno or 0) or f"The system refuses to report changes ({words(error)})."
