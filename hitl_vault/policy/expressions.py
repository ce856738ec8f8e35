"""Conditions in CEL: compiled once, evaluated to true or false, and nothing else."""

from __future__ import annotations

import difflib
import importlib.util
import re
import sys
import threading
from collections.abc import Mapping
from functools import lru_cache
from importlib.machinery import PathFinder
from typing import Any

from hitl_vault.errors import MissingExtra

VARIABLES = ("action", "context", "agent", "run", "risk", "score", "now")
"""What a condition may speak of."""

FUNCTIONS = (
    *("size", "contains", "startsWith", "endsWith", "matches", "type", "dyn"),
    *("string", "bytes", "double", "int", "uint", "timestamp", "duration"),
    *("getFullYear", "getMonth", "getDayOfYear", "getDayOfMonth", "getDate", "getDayOfWeek"),
    *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
)
"""The functions of CEL that conditions may call, beside its macros `has`, `all`, `exists` and their like."""

LONGEST = 4096
"""Characters of one expression."""

DEEPEST = 2
"""How deep `all`, `exists` and the other macros over lists may be nested; each level multiplies the time."""

_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")
_NAME = re.compile(r"[A-Za-z]\w*")
_QUOTES = "'\""
_loading = threading.Lock()


class ExpressionInvalid(ValueError):
    """The text is no condition in CEL."""


class ExpressionFailed(ValueError):
    """The condition cannot be decided for this request."""


@lru_cache(4096)
def compiled(source: str, variables: tuple[str, ...] = VARIABLES) -> Any:
    """Return the program of an expression, with its method `execute`.

    Raises `ExpressionInvalid` if it is not CEL, or speaks of a variable or function that there is not.
    """
    if len(source) > LONGEST:
        raise ExpressionInvalid(f"longer than {LONGEST} characters")
    if _nesting(source) > DEEPEST:
        raise ExpressionInvalid(f"nests `all`, `exists` and their like deeper than {DEEPEST} levels")
    try:
        program = _cel().compile(source)
        references = program.references()
    except ValueError as error:
        raise ExpressionInvalid(_syntax(str(error))) from error
    bound = set(_BOUND.findall(source))
    for name in set(references["variables"]) - bound:
        _check_known("variable", name, variables)
    for name in filter(_NAME.fullmatch, references["functions"]):
        _check_known("function", name, FUNCTIONS)
    return program


def facts(values: Mapping[str, Any]) -> Any:
    """Return variables in the form in which programs take them, converted once for any number of programs."""
    return _cel().Context(dict(values))


def holds(source: str, values: Mapping[str, Any]) -> bool:
    """Tell whether a condition holds; `values` give every variable that it may speak of.

    Raises `ExpressionFailed`, saying why, where it cannot be decided, `ExpressionInvalid` where it is none.
    """
    program = compiled(source, tuple(values))
    try:
        return decided(program.execute(facts(values)))
    except ExpressionFailed:
        raise
    except Exception as error:
        raise ExpressionFailed(why(error)) from error


def decided(found: object) -> bool:
    """Return what a program found, if it is true or false."""
    if found is True or found is False:
        return found
    raise ExpressionFailed(f"it gives {type(found).__name__} instead of true or false")


def why(error: BaseException) -> str:
    """Say in a few words why a program failed."""
    if isinstance(error, KeyError):
        return f"there is no member {str(error).strip(_QUOTES)!r}"
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, TypeError) and "overload" in text:
        return "a value has another type than the condition expects"
    return text.split(". ")[0][:200]


def _cel() -> Any:
    """Return the compiled part of the package alone: the command line that it brings along takes 0.2 s."""
    if "cel.cel" in sys.modules:
        return sys.modules["cel.cel"]
    with _loading:
        return sys.modules.get("cel.cel") or _load()


def _load() -> Any:
    package = importlib.util.find_spec("cel")
    spec = package and PathFinder.find_spec("cel.cel", package.submodule_search_locations)
    if not spec or not spec.loader:
        raise MissingExtra("rules with `when` need CEL: pip install common-expression-language")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # Whoever imports the package later gets this one; it cannot be initialised twice.
    sys.modules["cel.cel"] = module
    return module


def _nesting(source: str) -> int:
    """Return how deep macros over lists are nested."""
    macros = {found.start() + found[0].index("(") for found in _BOUND.finditer(source)}
    opened: list[bool] = []
    deepest = 0
    for at, char in enumerate(source if macros else ""):
        if char == "(":
            opened.append(at in macros)
            deepest = max(deepest, sum(opened))
        elif char == ")" and opened:
            opened.pop()
    return deepest


def _check_known(what: str, name: str, known: Any) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, list(known), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
        raise ExpressionInvalid(f"there is no {what} {name!r}; {hint}")


def _syntax(text: str) -> str:
    found = re.search(r"<input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)", text)
    if found is None:
        return text.splitlines()[0][:200]
    single = found[3].startswith("token recognition error at: '=")
    return f"at character {found[2]}: {'write == to compare' if single else found[3][:160]}"
