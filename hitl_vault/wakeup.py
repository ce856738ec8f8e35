"""Wakes one thread."""

from __future__ import annotations

import threading


class Wakeup:
    """Ends one wait of one thread, whether rung before it or during it, and however often.

    A lock and nothing else: a `threading.Event` would have to be cleared, and takes ten calls in Python
    for what is one here.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def ring(self) -> None:
        """Wake whoever waits, or whoever waits next. Never blocks; any thread may ring."""
        try:
            self._lock.release()
        except RuntimeError:  # rung already
            return

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is rung, for at most `timeout` seconds (0 or more); tell whether it was."""
        return self._lock.acquire(timeout=-1 if timeout is None else timeout)
