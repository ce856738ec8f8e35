"""The Typer application: help, completion, and what is wrong with a command line that is not plain."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.main import get_command

from hitl_vault.cli.listing import version
from hitl_vault.cli.options import Argument, Option, Parameter, parameters
from hitl_vault.cli.quick import merged
from hitl_vault.cli.table import COMMANDS, FAMILIES

HELP = """
Agents ask; people answer in a folder of Markdown.

An agent asks, with [bold]hitl request[/] or from Python. You answer in the note, \
or with [bold]hitl approve[/] and [bold]hitl reject[/]. Nothing runs unless a person, or a rule \
of yours, said yes.
"""
EPILOG = (
    "Any part of an id will do that no other has. Exit codes: 0 done or approved, 1 error, 2 usage, "
    "3 rejected, 4 expired, 5 cancelled, 6 still pending, 7 a question ([bold]wait --questions[/]). "
    "[bold]hitl demo --auto[/] shows it all in about ten seconds."
)


def application() -> typer.Typer:
    """Build the application from the table of commands."""
    app = typer.Typer(
        name="hitl",
        help=HELP,
        epilog=EPILOG,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_place)
    families = {name: _family(app, name) for name in FAMILIES}
    for name, command in COMMANDS.items():
        family, _, own = name.rpartition(" ")
        place = families.get(family, app)
        place.command(own, rich_help_panel=None if family else command.group)(_typered(command.load()))
    return app


def _family(app: typer.Typer, name: str) -> typer.Typer:
    group = next(command.group for word, command in COMMANDS.items() if word.startswith(f"{name} "))
    family = typer.Typer(help=FAMILIES[name], no_args_is_help=True, rich_markup_mode="rich")
    app.add_typer(family, name=name, rich_help_panel=group)
    return family


def run_with_typer(words: list[str]) -> int:
    """Run a command line with Typer and return its exit code."""
    try:
        result = get_command(application()).main(args=words, prog_name="hitl", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return result if isinstance(result, int) else 0


def _version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


def _place(
    context: typer.Context,
    vault: Annotated[str | None, typer.Option("--vault", metavar="PATH", help="The vault's folder.")] = None,
    state_dir: Annotated[
        str | None, typer.Option("--state-dir", metavar="PATH", help="Where the record is kept.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    context.obj = {"vault": vault, "state_dir": state_dir}


def _typered(command: Callable[..., int | None]) -> Callable[..., None]:
    """Return a command in the form that Typer reads."""

    def call(typed: typer.Context, **given: Any) -> None:
        raise typer.Exit(command(**merged(given, typed.obj or {})) or 0)

    call.__doc__ = command.__doc__
    call.__name__ = command.__name__
    declared = [_parameter(p) for p in parameters(command)]
    typed = inspect.Parameter("typed", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    call.__signature__ = inspect.Signature([typed, *declared])  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in (typed, *declared)}
    return call


def _parameter(parameter: Parameter) -> inspect.Parameter:
    mark = parameter.mark
    info = _option(mark) if isinstance(mark, Option) else _argument(mark)
    return inspect.Parameter(
        parameter.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=parameter.default,
        annotation=Annotated[parameter.annotation, info],
    )


def _option(mark: Option) -> Any:
    return typer.Option(mark.flag, help=mark.help, metavar=mark.metavar, show_default=False)


def _argument(mark: Argument) -> Any:
    complete = _complete if mark.is_id else None
    return typer.Argument(metavar=mark.metavar, help=mark.help, show_default=False, autocompletion=complete)


def _complete(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    from hitl_vault.cli.listing import completions

    before = (ctx.parent.obj if ctx.parent else None) or {}
    vault = ctx.params.get("vault") or before.get("vault")
    return completions(incomplete, vault, ctx.params.get("state_dir") or before.get("state_dir"))
