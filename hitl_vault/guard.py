"""Wraps a callable so that it runs only once it is approved, and at most once for each approval."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ParamSpec, Protocol, TypeAlias, TypeVar, Unpack, cast, overload

from hitl_vault.domain.canonical import NotJson, canonical, digest
from hitl_vault.domain.decision import Decision
from hitl_vault.domain.request import Request
from hitl_vault.domain.unfit import unfit
from hitl_vault.errors import DigestMismatch
from hitl_vault.verbs.asking import AskOptions, CallOptions
from hitl_vault.verbs.grant import Grant, never_ran

P = ParamSpec("P")
R = TypeVar("R")

Text: TypeAlias = str | Callable[..., str]


class Asks(Protocol):
    """What guarding needs of a gate: four of its verbs."""

    @property
    def ask(self) -> Callable[..., Request]:
        """Ask for approval."""
        ...

    @property
    def wait(self) -> Callable[..., Decision]:
        """Wait for the decision."""
        ...

    @property
    def wait_async(self) -> Callable[..., Awaitable[Decision]]:
        """Wait for the decision on the running event loop."""
        ...

    @property
    def claim(self) -> Callable[..., Grant]:
        """Take the right to run."""
        ...


class Guard(Protocol):
    """`Gate.guard`, wherever it is called from: what it wraps keeps its signature."""

    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...

    @overload
    def __call__(
        self,
        function: None = None,
        /,
        *,
        action: str | None = None,
        context: Callable[..., Mapping[str, Any]] | None = None,
        summary: Text | None = None,
        reason: Text = "",
        key: Text | None = None,
        **options: Unpack[CallOptions],
    ) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


class Guarding:
    """The verbs of a gate that wrap a callable or a block."""

    @overload
    def guard(self: Asks, function: Callable[P, R], /) -> Callable[P, R]: ...

    @overload
    def guard(
        self: Asks,
        function: None = None,
        /,
        *,
        action: str | None = None,
        context: Callable[..., Mapping[str, Any]] | None = None,
        summary: Text | None = None,
        reason: Text = "",
        key: Text | None = None,
        **options: Unpack[CallOptions],
    ) -> Callable[[Callable[P, R]], Callable[P, R]]: ...

    def guard(
        self: Asks,
        function: Callable[P, R] | None = None,
        /,
        *,
        action: str | None = None,
        context: Callable[..., Mapping[str, Any]] | None = None,
        summary: Text | None = None,
        reason: Text = "",
        key: Text | None = None,
        **options: Unpack[CallOptions],
    ) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
        """Decorate a function, plain or async, so that each call asks, waits, claims, runs and records.

        The call's arguments are the context, or what `context` makes of them. `summary` (by default the
        docstring's first line), `reason` and `key` are texts or callables of the arguments; `options` are
        those of `CallOptions`, any other is a `TypeError`. The call raises `NotApproved` instead of running.
        """
        unknown = sorted(options.keys() - CallOptions.__optional_keys__)
        if unknown:
            raise TypeError(f"guard: no such option: {', '.join(unknown)}")

        def wrap(function: Callable[P, R]) -> Callable[P, R]:
            words = {"summary": summary or _first_line(function), "reason": reason, "key": key}
            name = action or function.__name__
            return _guarded(_Plan(self, function, name, context, words, options), function)

        return wrap if function is None else wrap(function)

    @contextmanager
    def approval(
        self: Asks, action: str, context: Mapping[str, Any] | None = None, **options: Unpack[AskOptions]
    ) -> Iterator[Grant]:
        """Ask, wait and claim; the block ends as executed, or as failed if it raises."""
        request = self.ask(action, context, **options)
        decision = self.wait(request.id)
        # What an approver changed is in the grant's context; one who said no has left the request's.
        with self.claim(request.id, decision.context, action=action) as grant:
            yield grant


def _guarded(plan: _Plan, function: Callable[P, R]) -> Callable[P, R]:
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(
            f"{function.__qualname__} is a generator, which runs only when somebody iterates over it; "
            "use `with gate.approval(...)` around that"
        )
    if inspect.iscoroutinefunction(function):
        return cast("Callable[P, R]", _async(plan, function))

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        request = plan.ask(args, kwargs)
        decision = plan.gate.wait(request.id)
        bound = plan.approved(request, decision, args, kwargs)
        with plan.claim(request, decision, args, kwargs) as grant:
            result = _run(function(*bound.args, **bound.kwargs))
            grant.executed(result)
        return result

    return call


def _run(result: R) -> R:
    """Return what a call has returned; `TypeError` for what only runs later, such as a generator."""
    if inspect.isgenerator(result) or inspect.iscoroutine(result):
        result.close()
    elif not (inspect.isasyncgen(result) or inspect.isawaitable(result)):
        return result
    elif hasattr(result, "cancel"):  # a task would begin as soon as we return
        result.cancel()
    raise TypeError(
        f"the guarded call returned a {type(result).__name__} and has not run; "
        "guard the coroutine function, or use `with gate.approval(...)` around what runs"
    )


def _async(plan: _Plan, function: Callable[..., Any]) -> Callable[..., Any]:
    from asyncio import to_thread  # heavy, and of use only to coroutine functions

    from hitl_vault.verbs.kept import kept

    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        request = await to_thread(plan.ask, args, kwargs)
        decision = await plan.gate.wait_async(request.id)
        bound = plan.approved(request, decision, args, kwargs)
        grant = await kept(lambda: plan.claim(request, decision, args, kwargs), never_ran)
        try:
            result = await function(*bound.args, **bound.kwargs)
        except BaseException as error:
            grant.failed(error)
            raise
        await kept(lambda: grant.executed(result))
        return result

    return call


class _Plan:
    """How calls of one function become requests."""

    def __init__(
        self,
        gate: Asks,
        function: Callable[..., Any],
        action: str,
        context: Callable[..., Mapping[str, Any]] | None,
        words: Mapping[str, Text | None],
        options: Mapping[str, Any],
    ) -> None:
        self.gate = gate
        self._function = function
        self._signature = inspect.signature(function)
        self._action = action
        self._context = context
        self._words = words
        self._options = options

    def ask(self, args: Any, kwargs: Any) -> Request:
        words = {
            name: text(*args, **kwargs) if callable(text) else text for name, text in self._words.items()
        }
        return self.gate.ask(self._action, self._context_of(args, kwargs), **words, **self._options)

    def claim(self, request: Request, decision: Decision, args: Any, kwargs: Any) -> Grant:
        # Taken from the arguments anew: what changed since the asking is not what was approved.
        context = self._context_of(args, kwargs)
        if decision.changed and digest(context) == request.context_digest:
            context = decision.context
        return self.gate.claim(request.id, context, action=self._action)

    def approved(
        self, request: Request, decision: Decision, args: Any, kwargs: Any
    ) -> inspect.BoundArguments:
        """Return the arguments to run with: the call's own, or what an approver put in their place."""
        bound = self._signature.bind(*args, **kwargs)
        for name, value in decision.context.items() if decision.changed else ():
            if digest(value) == digest(request.context[name]):
                continue
            if self._context is not None:
                raise DigestMismatch(
                    f"{request.id} was approved with another {name!r}, and {self._function.__qualname__} "
                    "cannot be called with it, since guard(context=...) makes the context; "
                    "use `with gate.approval(...) as grant:` and run with grant.context"
                )
            bound.arguments[name] = value
        return bound

    def _context_of(self, args: Any, kwargs: Any) -> Mapping[str, Any]:
        if self._context is not None:
            return self._context(*args, **kwargs)
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        context = dict(bound.arguments)
        first, value = next(iter(context.items()), ("", None))
        if first in ("self", "cls") and _owns(value, self._function):
            del context[first]
        for name, value in context.items():
            self._check(name, value)
        return context

    def _check(self, name: str, value: Any) -> None:
        try:
            canonical(value)
        except NotJson as error:
            raise NotJson(
                f"{self._function.__qualname__}: argument {unfit(value, name) or f'{name} is {error}'}; "
                "give guard(context=...) a callable that returns what the approver should see"
            ) from error


def _owns(value: Any, function: Callable[..., Any]) -> bool:
    """Tell whether a function is a method of a value, or of the class that the value is.

    A parameter's name alone tells nothing: what a plain function calls `self` is for the approver to see.
    """
    owner = getattr(function, "__qualname__", "").rpartition(".")[0]
    classes = (*type(value).__mro__, *(value.__mro__ if isinstance(value, type) else ()))
    return (function.__module__, owner) in [(one.__module__, one.__qualname__) for one in classes]


def _first_line(function: Callable[..., Any]) -> str:
    """Return the first line of a function's docstring, which says what it does."""
    return (inspect.getdoc(function) or "").partition("\n")[0]
