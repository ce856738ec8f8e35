"""What was left at each path, so that the events of our own drawing can be told from those of others."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from hitl_vault.keeper.reading import Read

_REMEMBERED = 32768


class Trace(NamedTuple):
    """What was left at a path: the hash of a note, None for nothing; `blank` if no marks are in it."""

    sha: str | None
    blank: bool


class Traces:
    """The newest traces, by path; older ones are forgotten."""

    def __init__(self) -> None:
        self._recent: OrderedDict[str, Trace] = OrderedDict()  # a `Path` takes four times as much

    def __contains__(self, path: Path) -> bool:
        return str(path) in self._recent

    def get(self, path: Path) -> Trace | None:
        """Return what was left at a path, if it is remembered."""
        return self._recent.get(str(path))

    def leave(self, path: Path, sha: str | None, *, blank: bool) -> None:
        """Remember what was left at a path."""
        name = str(path)
        self._recent[name] = Trace(sha, blank)
        self._recent.move_to_end(name)
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)

    def drop(self, path: Path) -> None:
        """Forget what was left at a path: whatever is found there from now on is somebody else's doing."""
        self._recent.pop(str(path), None)

    def is_echo(self, path: Path, found: Read | None) -> bool:
        """Tell whether what was found at a path is only what was left there, with nobody's marks in it."""
        trace = self.get(path)
        return trace is not None and trace.blank and trace.sha == (found.sha if found else None)
