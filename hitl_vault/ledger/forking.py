"""Keeps SQLite out of forked processes: nothing of it may be open at the moment of a fork.

SQLite remembers, for the whole process, which locks its connections hold. A forked process inherits
that memory but not the locks, so that even connections of its own would be wrong about them.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forking(Protocol):
    """What has to be put away while the process forks."""

    def before_fork(self) -> None:
        """Close what is open and let nobody open anything."""
        ...

    def after_fork(self) -> None:
        """Go on, in the process that forked."""
        ...

    def begin_anew(self) -> None:
        """Go on in the forked process, which has none of the other's threads."""
        ...


_watched: weakref.WeakSet[Forking] = weakref.WeakSet()
_stopped: list[Forking] = []


def watch_forks(ledger: Forking) -> None:
    """Put `ledger` away at each fork, for as long as it lives."""
    _watched.add(ledger)


def _before() -> None:
    _stopped.extend(_watched)
    for ledger in _stopped:
        ledger.before_fork()


def _in_parent() -> None:
    while _stopped:
        _stopped.pop().after_fork()


def _in_child() -> None:
    while _stopped:
        _stopped.pop().begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
