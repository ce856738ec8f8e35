"""The vault's own templates: whether notes can be drawn by them."""

from __future__ import annotations

from collections.abc import Iterator

from hitl_vault.config import TEMPLATES, Config
from hitl_vault.diagnosis.check import Check, ok, warn
from hitl_vault.vault.templates import SUFFIX, Templates


def templates(config: Config) -> Iterator[Check]:
    """Compile the vault's own templates; what one prints is looked at each time that it draws a note."""
    folder = config.source / TEMPLATES
    own = len(list(folder.glob(f"*{SUFFIX}")))
    problems = Templates(folder).check()
    for problem in problems:
        yield warn("templates", problem, "Correct this template, or remove it.")
    if not problems:
        yield ok(
            "templates", f"the shipped ones, and {own} of the vault's own" if own else "the shipped ones"
        )
