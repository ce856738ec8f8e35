"""The folders of a vault put in order: those that are missing are made, what a crash left is undone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hitl_vault.keeper.troubles import said
from hitl_vault.vault.layout import Folder, Layout
from hitl_vault.vault.leftovers import tidy

_LOOKED_THROUGH = (Folder.PENDING, Folder.STANDING)
"""The folders that every survey looks through; in the others links are found by `hitl doctor`."""


class Folders:
    """For the active keeper alone. `tell` takes sentences for the operator."""

    def __init__(self, layout: Layout, *, tell: Callable[[str], None]) -> None:
        self._layout = layout
        self._tell = tell
        self._wrong: list[str] = []
        self.untidy = False

    def make(self) -> None:
        """Make the folders that are missing, and tell once of those that cannot be used."""
        wrong = list(dict.fromkeys([*self._layout.make(), *self._layout.links(*_LOOKED_THROUGH)]))
        for problem in wrong:
            if problem not in self._wrong:
                self._tell(problem)
        self._wrong = wrong

    def tidy(self) -> None:
        """Undo what a keeper that did not come to an end left half done; `untidy` if that failed."""
        for folder in Folder:
            tidy(self._layout.path(folder), self._leave)

    def _leave(self, path: Path, error: Exception) -> None:
        self._tell(f"{self._layout.below(path)}: {said(error)}")
        self.untidy = True
