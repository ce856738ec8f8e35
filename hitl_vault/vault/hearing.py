"""Which listener hears of changes on this system."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeAlias

from hitl_vault.vault.listener import Calls, Listener

Kind: TypeAlias = Callable[[Path, Calls], Listener]
_HAS_INOTIFY: bool = sys.platform.startswith("linux")


@cache
def best() -> tuple[Kind, str]:
    """Return the best kind of listener that can be had, and a sentence on why a better one cannot."""
    lacking = ""
    if _HAS_INOTIFY:
        try:
            from hitl_vault.vault.inotify import InotifyListener
        except ImportError as error:  # it uses names that watchdog does not promise to keep
            lacking = (
                f"This version of watchdog lacks what hears of changes at once ({error}); "
                "they are heard of a little later. Install the version that hitl-vault asks for."
            )
        else:
            return InotifyListener, ""
    from hitl_vault.vault.observer import ObserverListener

    return ObserverListener, lacking
