"""The quick reader and Typer understand the same command lines in the same way."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from hitl_vault.cli import app, quick
from hitl_vault.cli.options import Argument, By, Ids, Json, Option, Vault


def several(
    ids: Ids,
    by: By = None,
    comment: Annotated[str, Option("--comment", "Words.", "TEXT")] = "",
    limit: Annotated[int, Option("--limit", "How many.", "N")] = 50,
    json: Json = False,
    vault: Vault = None,
) -> int:
    """Take several words."""
    raise NotImplementedError


def one_then_many(
    action: Annotated[str, Argument("ACTION", "What.")],
    command: Annotated[list[str], Argument("COMMAND...", "How.")],
    key: Annotated[str | None, Option("--key", "A name.", "KEY")] = None,
) -> int:
    """Take a word, then many."""
    raise NotImplementedError


def maybe(id: Annotated[str | None, Argument("[ID]", "Which.")] = None, json: Json = False) -> int:
    """Take a word or none."""
    raise NotImplementedError


COMMANDS = {"several": several, "one_then_many": one_then_many, "maybe": maybe}

PLAIN = [
    ("several", "a"),
    ("several", "a b c"),
    ("several", "a --by ana b"),
    ("several", "--by=ana a"),
    ("several", "--by= a"),
    ("several", "a --comment=x=y --json --limit 0"),
    ("several", "a --comment --json"),
    ("several", "a --by x --by y"),
    ("several", "a - b"),
    ("several", "a -- --by b"),
    ("several", "--vault /x a --limit 7"),
    ("one_then_many", "deploy -- ls -la --all"),
    ("one_then_many", "deploy --key k -- sh -c x"),
    ("one_then_many", "-- deploy ls"),
    ("one_then_many", "deploy ls x"),
    ("maybe", ""),
    ("maybe", "x --json"),
    ("maybe", "--json"),
]
NOT_PLAIN = [
    ("several", ""),
    ("several", "--json"),
    ("several", "a --nonsense"),
    ("several", "a --by"),
    ("several", "a -x"),
    ("several", "a --limit many"),
    ("several", "a --limit -1"),
    ("several", "a --json=yes"),
    ("several", "--help"),
    ("several", "a -h"),
    ("one_then_many", "deploy"),
    ("maybe", "x y"),
]


def with_typer(name: str, words: list[str]) -> dict[str, Any]:
    """Return what Typer makes of a command line."""
    seen: dict[str, Any] = {}
    command = COMMANDS[name]

    def record(**given: Any) -> int:
        seen.update(given)
        return 0

    record.__doc__ = command.__doc__
    record.__annotations__ = command.__annotations__
    record.__wrapped__ = command  # type: ignore[attr-defined]
    application = typer.Typer()
    application.command()(app._typered(record))
    result = CliRunner().invoke(application, words)
    assert result.exit_code == 0, result.output
    return {key: value or [] if key in ("ids", "command") else value for key, value in seen.items()}


@pytest.mark.parametrize(("name", "line"), PLAIN)
def test_a_plain_line_means_the_same_to_both(name: str, line: str) -> None:
    assert quick.read(COMMANDS[name], line.split()) == with_typer(name, line.split())


@pytest.mark.parametrize(("name", "line"), NOT_PLAIN)
def test_what_is_not_plain_is_left_to_typer(name: str, line: str) -> None:
    with pytest.raises(quick.NotPlain):
        quick.read(COMMANDS[name], line.split())
