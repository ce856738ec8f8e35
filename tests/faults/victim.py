"""A process that forks one victim per line it reads, so that no victim spends time on starting Python.

A victim stops itself before it begins, so that a tracer can take hold of it. What it does is a
scenario; what it prints is what it acknowledges, one JSON object to a line.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import traceback
from typing import Any

from hitl_vault.errors import HitlVaultError

CLEAR = 3
"""The exit code of a victim that gave up with one of the product's own errors."""

_ANY_TRACER = 0x59616D61, -1


def main() -> None:
    """Serve until standard input ends."""
    from tests.faults import scenarios
    from tests.faults.impatience import be_impatient

    be_impatient()
    scenarios.warm_up()
    print("ready", flush=True)
    for line in sys.stdin:
        _fork(json.loads(line))


def _fork(order: dict[str, Any]) -> None:
    pid = os.fork()
    if pid == 0:
        _be_victim(order)
    print(pid, flush=True)
    _, status = os.waitpid(pid, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)


def _be_victim(order: dict[str, Any]) -> None:
    code = 0
    try:
        out = os.open(order["out"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(out, 1)
        os.dup2(os.open(f"{order['out']}.err", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(*_ANY_TRACER, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        _play(order)
    except HitlVaultError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        code = CLEAR
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        code = 70
    os._exit(code)


def _play(order: dict[str, Any]) -> None:
    from tests.faults import scenarios

    scenarios.play(order["scenario"], order["root"], order["state"], order["facts"])


if __name__ == "__main__":
    main()
