"""`run`: a command that runs only once it is approved, and whose end is recorded."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import hitl_vault as hv
from hitl_vault.cli import options as o
from hitl_vault.cli.ask import asked, span
from hitl_vault.cli.exits import BY_SIGNAL, ERROR, Interrupted, Usage, say

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")

Patience = Annotated[
    str | None,
    o.Option("--wait-timeout", "Wait no longer than this; the request stays pending (exit code 6).", "TIME"),
]


def run(
    action: o.Action,
    command: Annotated[
        list[str], o.Argument("-- COMMAND...", "The command and its arguments; no shell reads them.")
    ],
    summary: o.Summary = "",
    reason: o.Reason = "",
    agent: o.Agent = "shell",
    run: o.Run = None,
    key: o.Key = None,
    timeout: o.Timeout = None,
    risk: o.RiskLevel = None,
    file: o.Files = None,
    wait_timeout: Patience = None,
    vault: o.Vault = None,
    state_dir: o.StateDir = None,
) -> int:
    """Run a command once it is approved; exit as it does."""
    if not command:
        raise Usage("nothing to run; write: hitl run ACTION -- COMMAND…")
    context = {"program": _program(command[0]), "argv": list(command), "cwd": os.getcwd()}
    asking = asked(action, context, summary or " ".join(command), reason, run, key, timeout, risk, file)
    limit = None if wait_timeout is None else span(wait_timeout, "--wait-timeout")
    with hv.open_gate(vault, agent=agent, state_dir=state_dir, keeper=True) as gate:
        request = gate.ask(**asking)
        with _withdrawn_if_interrupted(gate, request):
            say(f"waiting for an answer to {request.id}")
            gate.wait(request.id, limit)
        return _carry_out(gate.claim(request.id, context, action=action))


def _program(name: str) -> str:
    """Return the file that a command's name stands for now: what is found for it later may be another."""
    found = shutil.which(name)
    if found is None:
        raise Usage(f"{name}: no such program; write its name as in a shell, or its path")
    return os.path.abspath(found)


@contextmanager
def _withdrawn_if_interrupted(gate: hv.Gate, request: hv.Request) -> Iterator[None]:
    """Withdraw a request that nobody would run any more; one with a key can be asked again."""
    try:
        with _handled(_ENDING, _interrupt):
            yield
    except Interrupted:
        if request.key is None:
            gate.cancel(request.id, reason="the command was interrupted before an answer came")
        raise


@contextmanager
def _handled(names: Sequence[str], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle signals, but for those that we were started to ignore, as by `nohup`."""
    numbers = [getattr(signal, name) for name in names]
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise Interrupted(number)


def _carry_out(grant: hv.Grant) -> int:
    """Run what was approved, record how it ended, and return its exit code."""
    relay = Relay()
    with grant, _handled(_PASSED_ON, relay.pass_on):
        try:
            process = subprocess.Popen(
                grant.context["argv"], executable=grant.context["program"], cwd=grant.context["cwd"]
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            grant.failed(f"cannot be started: {reason}")
            say(f"{grant.context['program']}: cannot be started in {grant.context['cwd']}: {reason}")
            return ERROR
        code = _exit_code(relay.follow(process))
        if code:
            grant.failed(f"exit code {code}")
        else:
            grant.executed({"exit_code": code})
    return code


def _exit_code(status: int) -> int:
    """Return what a shell would: 128 and the signal's number if one ended the command."""
    return status if status >= 0 else BY_SIGNAL - status


class Relay:
    """Passes the signals that we get on to the command, so that what stops us stops it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def follow(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for the command and return its status."""
        self._process = process
        for number in self._early:
            process.send_signal(number)
        return process.wait()

    def pass_on(self, number: int, frame: FrameType | None) -> None:
        """Pass a signal on, as soon as the command runs."""
        if number == signal.SIGINT and _terminal_tells_everybody():
            return
        if self._process is None:
            self._early.append(number)
        else:
            self._process.send_signal(number)


def _terminal_tells_everybody() -> bool:
    """Tell whether Ctrl-C reaches the command without us: both are in the foreground of one terminal."""
    try:
        with open("/dev/tty", "rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
