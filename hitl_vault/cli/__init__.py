"""The command line, `hitl`: one file per family of commands."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    from hitl_vault.cli.entry import run

    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))
