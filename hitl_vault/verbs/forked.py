"""Lets what works with threads begin anew in a forked process, which has none of the other's threads."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Threaded(Protocol):
    """What works with threads."""

    def begin_anew(self) -> None:
        """Go on in a forked process: with locks that nobody holds, and without the other's threads."""
        ...


_living: weakref.WeakSet[Threaded] = weakref.WeakSet()


def anew_in_forks(threaded: Threaded) -> None:
    """Let it begin anew in each process that is forked off, for as long as it lives."""
    _living.add(threaded)


def _in_child() -> None:
    for threaded in list(_living):
        threaded.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
