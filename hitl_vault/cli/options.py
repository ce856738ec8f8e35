"""How a command declares its arguments and options: annotations for Typer and the quick reader alike."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Option:
    """An option such as `--by NAME`; one that is a bool takes no value."""

    flag: str
    help: str
    metavar: str | None = None


@dataclass(frozen=True)
class Argument:
    """A word without a flag; the last one of a command may take many."""

    metavar: str
    help: str
    is_id: bool = False


@dataclass(frozen=True)
class Parameter:
    """A declared parameter of a command: what it is called, takes, defaults to, and how it is written."""

    name: str
    kind: type
    annotation: Any
    default: Any
    mark: Option | Argument

    @property
    def required(self) -> bool:
        """Whether it has to be given."""
        return self.default is inspect.Parameter.empty


def parameters(command: Callable[..., Any]) -> list[Parameter]:
    """Return what a command declares, in order."""
    hints = get_type_hints(command, include_extras=True)
    return [
        _parameter(name, hints[name], parameter.default)
        for name, parameter in inspect.signature(command).parameters.items()
    ]


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    annotation, mark = get_args(hint)
    inner = next((kind for kind in get_args(annotation) if kind is not type(None)), annotation)
    kind = list if list in (get_origin(annotation), get_origin(inner)) else inner
    return Parameter(name=name, kind=kind, annotation=annotation, default=default, mark=mark)


Vault = Annotated[
    str | None,
    Option(
        "--vault",
        "The vault's folder, else HITL_VAULT, else this folder, ./vault, or the nearest folder above "
        "that is a vault.",
        "PATH",
    ),
]
StateDir = Annotated[
    str | None, Option("--state-dir", "Where the record is kept, else HITL_STATE_DIR.", "PATH")
]
Json = Annotated[bool, Option("--json", "Write JSON, for programs.")]
By = Annotated[str | None, Option("--by", "Who you are, else HITL_APPROVER.", "NAME")]
Id = Annotated[str, Argument("ID", "The request's id, or any part of it that no other has.", True)]
Ids = Annotated[
    list[str], Argument("ID...", "The ids of requests, or any part of each that no other has.", True)
]
MaybeIds = Annotated[
    list[str] | None, Argument("[ID...]", "The ids of requests, or any part of each that no other has.", True)
]
Files = Annotated[
    list[str] | None,
    Option(
        "--file", "A file that the action uses: its content is approved too. May be repeated.", "[NAME=]PATH"
    ),
]
Action = Annotated[str, Argument("ACTION", "What would be done, such as `payment` or `deploy`.")]
Summary = Annotated[str, Option("--summary", "One line of what will happen.", "TEXT")]
Reason = Annotated[str, Option("--reason", "Why it should.", "TEXT")]
Agent = Annotated[str, Option("--agent", "Who asks.", "NAME")]
Run = Annotated[str | None, Option("--run", "The run that this request belongs to.", "ID")]
Key = Annotated[
    str | None,
    Option("--key", "Your own name for the request: asking again under it returns the same request.", "KEY"),
]
Timeout = Annotated[
    str | None, Option("--timeout", "Time to decide, such as 90s, 10m, 2h, 1d, or none.", "TIME")
]
RiskLevel = Annotated[str | None, Option("--risk", "low, medium, high or critical.", "LEVEL")]
