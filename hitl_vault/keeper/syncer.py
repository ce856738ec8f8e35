"""Makes drawn notes durable off the hot path, and tells up to which entry that is done."""

from __future__ import annotations

import os
import queue
import stat
import threading
from collections.abc import Collection
from pathlib import Path

from hitl_vault.vault.passing import passes

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_Batch = tuple[Collection[Path], int]


class Syncer:
    """A thread that fsyncs notes and their folders in the order in which they were drawn.

    After a `failure` nothing counts as synced any more.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.synced_up_to = 0
        self.failure: OSError | None = None

    def submit(self, paths: Collection[Path], seq: int) -> None:
        """Sync `paths`; afterwards `synced_up_to` is at least `seq`."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="hitl-syncer", daemon=True)
            self._thread.start()
        self._queue.put((paths, seq))

    def stop(self) -> None:
        """Finish what was submitted and end the thread."""
        if self._thread:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while (batch := self._queue.get()) is not None:
            paths, seq = batch
            try:
                for path in paths:
                    _sync(path)
                for folder in {path.parent for path in paths}:
                    _sync(folder)
            except OSError as error:
                # The system may have dropped what it could not write, and would not fail again: whatever
                # was drawn since the last success has to be written anew before it can count as synced.
                self.failure = self.failure or error
            else:
                if self.failure is None:
                    self.synced_up_to = max(self.synced_up_to, seq)


def _sync(path: Path) -> None:
    try:
        handle = os.open(path, _READ)
    except OSError as error:
        if passes(error):
            raise
        return  # moved on since, and its new place is in a later batch; or made a pipe, a link or worse
    try:
        if stat.S_IFMT(os.fstat(handle).st_mode) in (stat.S_IFREG, stat.S_IFDIR):
            os.fsync(handle)
    finally:
        os.close(handle)
