"""Calls in a thread whose result nobody loses, also if the coroutine that awaits it is cancelled."""

from __future__ import annotations

from asyncio import CancelledError, Future, get_running_loop, shield, wait
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar

R = TypeVar("R")


async def kept(call: Callable[[], R], undo: Callable[[R], object] | None = None) -> R:
    """Call in a thread and return the result; if cancelled meanwhile, let the call end and undo what it did.

    The cancellation goes on only after both; an error in either is its cause.
    """
    running = _started(call)
    try:
        return await shield(running)
    except CancelledError as stop:
        try:
            result = await _ended(running)
            if undo is not None:
                await _ended(_started(lambda: undo(result)))
        except Exception as error:
            raise stop from error
        raise


def _started(call: Callable[[], R]) -> Future[R]:
    # No task: those the loop cancels when it ends, and the thread's result would be lost.
    return get_running_loop().run_in_executor(None, copy_context().run, call)


async def _ended(running: Future[R]) -> R:
    """Wait for a thread, however often that is cancelled."""
    while not running.done():
        with suppress(CancelledError):
            await wait([running])
    return running.result()
