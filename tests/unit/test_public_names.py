"""The public names: all there, loaded when they are used, and known to type checkers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import hitl_vault as hv

SOURCE = ast.parse(Path(hv.__file__).read_text())


def imported() -> set[str]:
    """Return the names that a type checker sees imported."""
    found = [node for node in ast.walk(SOURCE) if isinstance(node, ast.ImportFrom)]
    names = {name.asname or name.name for node in found for name in node.names}
    return names - {"Any", "TYPE_CHECKING", "import_module"}


def test_every_public_name_is_there_and_typed() -> None:
    assert imported() == set(hv.__all__)
    assert all(getattr(hv, name) is not None for name in hv.__all__)


def test_every_public_name_is_listed_before_it_is_used() -> None:
    code = "import sys, hitl_vault; print(*dir(hitl_vault)); print('hitl_vault.gate' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    names, loaded = found.stdout.splitlines()
    assert set(hv.__all__) <= set(names.split())
    assert loaded == "False"


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(hv, "no_such_name")


def test_importing_the_package_loads_nothing_but_its_errors() -> None:
    code = "import sys, hitl_vault; print(*sorted(n for n in sys.modules if n.startswith('hitl_vault')))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.split() == ["hitl_vault", "hitl_vault._version", "hitl_vault.errors"]


ROOT = Path(hv.__file__).parents[1]
