"""A process from which actors are forked, so that none of them spends time on starting Python."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from tests.faults.forking import Forker


class Stage(Forker):
    """Starts actors and ends them, each with whatever it started itself."""

    def __init__(self) -> None:
        super().__init__("tests.faults.stage")
        self._living: set[int] = set()

    def start(self, order: dict[str, Any]) -> int:
        """Start an actor and return its pid."""
        pid = self._fork(order)
        self._living.add(pid)
        return pid

    def kill(self, pid: int) -> None:
        """Kill an actor, as a power cut would, with the commands that it runs."""
        self._living.discard(pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)

    def living(self) -> set[int]:
        """Return the actors that have not ended."""
        self._living = {pid for pid in self._living if Path(f"/proc/{pid}").exists()}
        return self._living

    def close(self) -> None:
        """End them all, and it."""
        for pid in list(self._living):
            self.kill(pid)
        super().close()


def main() -> None:
    """Serve until standard input ends."""
    from tests.faults import parts

    parts.warm_up()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are nobody's business
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _act(json.loads(line))
        print(pid, flush=True)


def _act(order: dict[str, Any]) -> None:
    from tests.faults import parts

    code = 0
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        said = os.open(f"{order['folder']}/{order['name']}.err", os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(said, 1)
        os.dup2(said, 2)
        parts.play(order)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        code = 70
    os._exit(code)


if __name__ == "__main__":
    main()
