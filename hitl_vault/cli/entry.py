"""The front door: reads the command line, quickly where it can and with Typer where it must."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from hitl_vault.cli import quick
from hitl_vault.cli.exits import answered
from hitl_vault.cli.options import StateDir, Vault
from hitl_vault.cli.table import COMMANDS, FAMILIES


def run(words: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # Where the terminal lacks a character, its number is better than no output at all.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    return answered(_plain(words) or (lambda: _closely(words)))


def _plain(words: Sequence[str]) -> Callable[[], int | None] | None:
    if "_HITL_COMPLETE" in os.environ:
        return None
    if list(words) == ["--version"]:
        from hitl_vault.cli.listing import version

        return version
    try:
        place, rest = _before_the_name(words)
        length = 2 if rest[0] in FAMILIES else 1
        command = COMMANDS[" ".join(rest[:length])].load()
        given = quick.read(command, rest[length:])
    except (quick.NotPlain, KeyError, IndexError):
        return None
    return lambda: command(**quick.merged(given, place))


def _before_the_name(words: Sequence[str]) -> tuple[dict[str, Any], Sequence[str]]:
    """Split off `--vault` and `--state-dir` where they stand before the command's name."""
    at = 0
    while at < len(words) and words[at].startswith("--"):
        at += 1 if "=" in words[at] else 2
    return quick.read(anywhere, words[:at]), words[at:]


def anywhere(vault: Vault = None, state_dir: StateDir = None) -> None:
    """Take the options that may stand before a command's name."""


def _closely(words: Sequence[str]) -> int:
    from hitl_vault.cli.app import run_with_typer

    return run_with_typer(list(words))
