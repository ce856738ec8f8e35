"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "hitl_vault"
SOURCES = sorted(PACKAGE.rglob("*.py"))

BASE = {"errors", "domain", "durable", "wakeup", "_version"}
PARTS = {"config", "ledger", "policy", "vault", "trust"}
FACE = {"__init__"}
TOP = {"__main__", "cli", "demo", "web", "mcp", "integrations"}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in SOURCES}


def part_of(module: str) -> str:
    """Return the first name below `hitl_vault`: what the layers are made of."""
    part = module.split(".")[1] if "." in module else "__init__"
    return "cli" if part == "__main__" else part


def layer_of(module: str) -> int:
    """Return the layer, 0 to 4; the verbs, the keeper, the gate and whatever serves them are 2."""
    part = part_of(module)
    return next((n for n, parts in ((0, BASE), (1, PARTS), (3, FACE), (4, TOP)) if part in parts), 2)


def typing_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield the modules of ours that run when this tree runs; imports for type checkers are none."""
    for node in ast.iter_child_nodes(tree):
        if typing_only(node):
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = [f"{node.module}.{name.name}" for name in node.names]
            yield from (name if name in MODULES else node.module for name in submodules)
        yield from imports(node)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


GRAPH = {
    module: {name for name in imports(parsed(path)) if name in MODULES and name != module}
    for module, path in MODULES.items()
}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_point_downward_and_parts_do_not_know_each_other(module: str) -> None:
    def allowed(other: str) -> bool:
        above, below = layer_of(module), layer_of(other)
        if part_of(module) == part_of(other):
            return True
        return below <= above if above in (0, 2) else below < above

    assert [other for other in sorted(GRAPH[module]) if not allowed(other)] == []


@pytest.mark.parametrize("module", sorted(m for m in MODULES if layer_of(m) == 4))
def test_what_stands_on_top_uses_public_names_only(module: str) -> None:
    def public(other: str) -> bool:
        return other in ("hitl_vault", "hitl_vault._version") or part_of(other) == part_of(module)

    assert [other for other in sorted(GRAPH[module]) if not public(other)] == []


def test_no_module_imports_itself_in_a_circle() -> None:
    assert len(list(TopologicalSorter(GRAPH).static_order())) == len(GRAPH)


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_a_file_stays_under_300_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 300


DEFS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def promised() -> Iterator[str]:
    """Yield the methods that a protocol documents; what implements one need not repeat it."""
    for tree in map(parsed, SOURCES):
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and "Protocol" in {ast.unparse(base) for base in node.bases}:
                yield from (
                    part.name for part in node.body if isinstance(part, DEFS) and ast.get_docstring(part)
                )


PROMISED = set(promised())


def undocumented(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    for node in body:
        if not isinstance(node, DEFS) or node.name.startswith("_"):
            continue
        elsewhere = is_overload_or_setter(node) or (prefix and node.name in PROMISED)
        if not ast.get_docstring(node) and not elsewhere:
            yield f"{prefix}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from undocumented(node.body, f"{prefix}{node.name}.")


def is_overload_or_setter(node: ast.stmt) -> bool:
    names = [ast.unparse(mark) for mark in getattr(node, "decorator_list", [])]
    return any(name.endswith(("overload", "override", ".setter")) for name in names)


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_modules_and_public_objects_say_what_they_do(path: Path) -> None:
    tree = parsed(path)
    missing = [] if ast.get_docstring(tree) else ["the module itself"]
    assert missing + list(undocumented(tree.body)) == []


def swallowed(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        silent = all(isinstance(line, ast.Pass) or ast.unparse(line) == "..." for line in node.body)
        if node.type is None or silent:
            yield f"line {node.lineno}: {ast.unparse(node).splitlines()[0]}"


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_no_error_is_swallowed_in_silence(path: Path) -> None:
    """An error that is expected is named in `contextlib.suppress`; a bare or empty `except` is wrong."""
    assert list(swallowed(parsed(path))) == []


def test_importing_the_package_loads_no_extra_and_no_command_line() -> None:
    heavy = ["typer", "rich", "click", "pydantic", "fastapi", "starlette", "apprise", "psycopg", "mcp"]
    heavy += [name for name in MODULES if layer_of(name) == 4]
    code = f"import sys, hitl_vault; print(*[m for m in {heavy!r} if m in sys.modules])"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (found.stdout.split(), found.stderr) == ([], "")
