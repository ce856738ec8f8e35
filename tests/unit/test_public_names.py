"""The public names: all there, loaded when they are used, and known to type checkers."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

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


INSIDE = {
    "Asks": "what the verbs need of a gate",
    "Checks": "what the verbs need of a gate",
    "Factors": "a policy is read, asked and shown as a whole",
    "Hazard": "a policy is read, asked and shown as a whole",
    "Kept": "the newest checkpoint together with what making the next one needs",
    "People": "a policy is read, asked and shown as a whole",
    "Rule": "a policy is read, asked and shown as a whole",
}
"""Types in public signatures that nobody else has a use for, and why."""


def members(public: Any) -> Iterator[Any]:
    """Yield what has annotations of its own: a function, or a class and its public methods."""
    if inspect.isclass(public) or inspect.isfunction(public):
        yield public
    if inspect.isclass(public):
        for name, member in inspect.getmembers(public):
            found = member.fget if isinstance(member, property) else member
            if inspect.isfunction(found) and (name == "__init__" or not name.startswith("_")):
                yield found


def classes(hint: Any) -> Iterator[type]:
    """Yield our own classes in a type, however deep."""
    if isinstance(hint, list):
        for item in hint:
            yield from classes(item)
    if inspect.isclass(hint) and hint.__module__.startswith("hitl_vault."):
        yield hint
    for argument in get_args(hint):
        yield from classes(argument)


def test_whatever_a_public_signature_or_field_names_is_public_too() -> None:
    public = {name: getattr(hv, name) for name in hv.__all__}
    told = [part for item in public.values() for part in members(item)]
    hints = [pair for part in told for pair in get_type_hints(part, localns=public).items()]
    named = {found.__name__ for name, hint in hints if not name.startswith("_") for found in classes(hint)}
    assert named - set(hv.__all__) == set(INSIDE)


@pytest.mark.parametrize("alias", ["Duration", "OnReminder"])
def test_the_names_of_types_in_signatures_are_public_too(alias: str) -> None:
    assert alias in hv.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(hv, "no_such_name")


def test_importing_the_package_loads_nothing_but_its_errors() -> None:
    code = "import sys, hitl_vault; print(*sorted(n for n in sys.modules if n.startswith('hitl_vault')))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.split() == ["hitl_vault", "hitl_vault._version", "hitl_vault.errors"]


ROOT = Path(hv.__file__).parents[1]
