"""Reads a well-formed command line without loading Typer, which takes longer than most commands.

Whatever is not plainly right (an unknown option, a missing argument, `--help`) is left to Typer,
which explains it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hitl_vault.cli.options import Argument, Option, Parameter, parameters


class NotPlain(Exception):
    """The command line needs a closer reading."""


def read(command: Callable[..., Any], words: Sequence[str]) -> dict[str, Any]:
    """Return the arguments that `words` give a command; raise `NotPlain` if they need a closer reading."""
    declared = parameters(command)
    options = {p.mark.flag: p for p in declared if isinstance(p.mark, Option)}
    values, loose = _options(options, words)
    values |= _arguments([p for p in declared if isinstance(p.mark, Argument)], loose)
    for parameter in declared:
        if parameter.name not in values:
            if parameter.required:
                raise NotPlain
            values[parameter.name] = parameter.default
    return values


def _options(options: dict[str, Parameter], words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    loose: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            return values, [*loose, *rest]
        if word.startswith("-") and word != "-":
            parameter, value = _option(options, word, rest)
            several = [*values.get(parameter.name, []), value] if parameter.kind is list else value
            values[parameter.name] = several
        else:
            loose.append(word)
    return values, loose


def _option(options: dict[str, Parameter], word: str, rest: Iterator[str]) -> tuple[Parameter, Any]:
    flag, equals, value = word.partition("=")
    parameter = options.get(flag)
    if parameter is None or (parameter.kind is bool and equals):
        raise NotPlain
    if parameter.kind is bool:
        return parameter, True
    return parameter, _typed(parameter, value if equals else _next(rest))


def _next(rest: Iterator[str]) -> str:
    for word in rest:
        return word
    raise NotPlain


def _typed(parameter: Parameter, value: str) -> Any:
    if parameter.kind is not int:
        return value
    if not (value.isascii() and value.isdigit()):
        raise NotPlain
    return int(value)


def _arguments(declared: list[Parameter], words: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    left = list(words)
    for parameter in declared:
        if not left:
            break
        values[parameter.name] = left if parameter.kind is list else left.pop(0)
        left = [] if parameter.kind is list else left
    if left:
        raise NotPlain
    return values


def merged(given: dict[str, Any], place: dict[str, Any]) -> dict[str, Any]:
    """Return a command's arguments, with what stood before its name where it says nothing itself."""
    return given | {name: value for name, value in place.items() if name in given and given[name] is None}
