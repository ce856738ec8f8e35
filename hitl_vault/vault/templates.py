"""Finding, compiling and rendering the Jinja2 templates of notes.

A vault may bring its own in `.hitl/templates/`; they run in a sandbox, and one that fails is
reported once and replaced by the shipped template of the same purpose.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template, TemplateError, Undefined
from jinja2.sandbox import SandboxedEnvironment

from hitl_vault._version import __version__
from hitl_vault.domain.identity import slug
from hitl_vault.vault.inert import Inert
from hitl_vault.vault.shipped import shipped

log = logging.getLogger("hitl_vault")

SUFFIX = ".md.j2"
GENERAL = "request"
_MAX_SOURCE = 64 * 1024
_MAX_OUTPUT = 200 * 1024

_FAULTS = (
    *(TemplateError, ArithmeticError, AttributeError, LookupError, MemoryError),
    *(OSError, RuntimeError, TypeError, ValueError),
)
"""Whatever a vault's own template does wrong, the request is shown."""

_ALIASES = {
    "payment": "pay refund transfer withdrawal charge payout purchase invoice wire billing",
    "deploy": "deployment release rollout ship promote",
    "code-execution": "run-code execute-code code exec shell command run-command bash python script",
    "file-deletion": "delete-file delete-files file-delete remove-file remove-files rm unlink",
    "send-message": "send-email send-mail email mail message sms post-message reply send-sms email-send",
}
_TEMPLATE_OF = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}


class Templates:
    """The templates of one vault, read once. `overrides` is its `.hitl/templates/`, if it has one."""

    def __init__(self, overrides: Path | None = None) -> None:
        self.problems: list[str] = []
        self._folder = overrides
        self._shipped = {path.name: path.read_text("utf-8") for path in shipped("templates").glob("*.j2")}
        self._own = dict(self._read_overrides())
        self._plain = _environment(Environment, self._shipped.get)
        self._sandbox = _environment(SandboxedEnvironment, self._own_source)
        self._choose = lru_cache(1024)(self._choose_uncached)

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever any template or this program does: a note may then be drawn differently."""
        sources = [__version__, *sorted(self._shipped.items()), *sorted(self._own.items())]
        return hashlib.sha256(repr(sources).encode()).hexdigest()

    def render(
        self, action: str, wanted: str | None, values: Callable[[], Mapping[str, Any]], needs: Sequence[str]
    ) -> str:
        """Return the body of a note. A vault's own template must print everything in `needs`.

        `values` is called for each template that is tried: none sees what another one picked.
        """
        own, ours = self._choose(action, wanted)
        if own is not None:
            try:
                return _checked(self._sandbox.get_template(own).render(values()), needs)
            except _FAULTS as error:
                self._report(own, error)
        return ours.render(values())

    def check(self) -> list[str]:
        """Compile every template of the vault; return what is wrong, one line each."""
        for name in self._own:
            try:
                self._sandbox.get_template(name)
            except _FAULTS as error:
                self._report(name, error)
        return list(self.problems)

    def _choose_uncached(self, action: str, wanted: str | None) -> tuple[str | None, Template]:
        names = [name + SUFFIX for name in _candidates(action, wanted)]
        own = next((name for name in names if name in self._own or name in self._shipped), None)
        ours = next(name for name in names if name in self._shipped)
        return (own if own in self._own else None), self._plain.get_template(ours)

    def _own_source(self, name: str) -> str | None:
        return self._own.get(name) or self._shipped.get(name.removeprefix("shipped/"))

    def _read_overrides(self) -> Iterator[tuple[str, str]]:
        if self._folder is None or not self._folder.is_dir():
            return
        for path in sorted(self._folder.glob("*.j2")):
            try:
                yield path.name, _read(path)
            except (OSError, ValueError) as error:
                self._report(path.name, error)

    def _report(self, name: str, error: Exception) -> None:
        line = getattr(error, "lineno", None)
        where = f"{self._folder}/{name}" + (f", line {line}" if line else "")
        problem = f"{where}: {type(error).__name__}: {error}; the shipped template is used"
        if problem not in self.problems:
            self.problems.append(problem)
            log.warning("%s", problem)


@lru_cache(1024)
def title_of(action: str) -> str:
    """Return a heading from the name of an action: `user.delete` gives `User delete`."""
    return slug(action).replace("-", " ").capitalize()


def _candidates(action: str, wanted: str | None) -> Iterator[str]:
    if wanted:
        yield wanted.removesuffix(SUFFIX)
    parts = re.split(r"[.:/]", action)
    for name in (slug(action), slug(parts[-1]), slug(parts[0])):
        yield name
        if name in _TEMPLATE_OF:
            yield _TEMPLATE_OF[name]
    yield GENERAL


def _environment(kind: type[Environment], source: Any) -> Environment:
    environment = kind(
        loader=FunctionLoader(source),
        undefined=StrictUndefined,
        finalize=_printable,
        autoescape=True,  # what blocks, macros and super() return is then told from bare text
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.globals.clear()  # nothing in a note needs them, and each render would copy them
    return environment


def _printable(value: object) -> object:
    if isinstance(value, Inert) or type(value) is int:
        return value
    if isinstance(value, Undefined):
        str(value)  # raises, with the name that is missing or forbidden
    raise TypeError(f"a template may not print {type(value).__name__}; use facts(), block() or command()")


def _read(path: Path) -> str:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _MAX_SOURCE:
        raise ValueError(f"a template is a regular file of at most {_MAX_SOURCE} bytes")
    return path.read_text("utf-8")


def _checked(body: str, needs: Sequence[str]) -> str:
    missing = [need for need in needs if need not in body]
    if missing:
        raise ValueError(
            f"it leaves out {str(missing[0]).splitlines()[0]!r}; a note must show the whole request"
        )
    if len(body) > _MAX_OUTPUT:
        raise ValueError(f"it draws more than {_MAX_OUTPUT} characters")
    return body
