"""Files that only their owner may open: not trusted if others could."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hitl_vault.errors import ConfigError

_LARGEST = 1024 * 1024


def read_private(path: Path) -> bytes | None:
    """Return what a file holds, None if there is none; `ConfigError` if others than its owner may open it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise ConfigError(f"{path}: not a regular file")
        if found.st_mode & 0o077:
            raise ConfigError(f"{path}: others may open it; run `chmod 600 {path}`, and rotate if they did")
        return file.read(_LARGEST)
