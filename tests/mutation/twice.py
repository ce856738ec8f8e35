"""Runs the tests twice in one process, the second time by name, as mutmut runs them for each mutant.

A test that fails then, or is not found under its name, would kill every mutant that it comes near.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest


class Names:
    """The names of the tests that were collected."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.found = [item.nodeid for item in items]


def main() -> int:
    """Return 0 if all tests pass both times."""
    with Path("pyproject.toml").open("rb") as file:
        settings = tomllib.load(file)["tool"]["mutmut"]
    options, names = ["-x", "-q", "-p", "no:randomly", *settings["pytest_add_cli_args"]], Names()
    first = pytest.main([*options, *settings["pytest_add_cli_args_test_selection"]], plugins=[names])
    return int(first or pytest.main([*options, *names.found]))


if __name__ == "__main__":
    sys.exit(main())
