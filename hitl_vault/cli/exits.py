"""What the exit codes mean, and how an error becomes one or two lines and a code."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable

import hitl_vault as hv

DONE, ERROR, USAGE, REJECTED, EXPIRED, CANCELLED, PENDING, QUESTION = range(8)
BY_SIGNAL = 128
"""What a shell adds to the number of the signal that ended a command."""

_OF_STATE = {
    hv.State.PENDING: PENDING,
    hv.State.REJECTED: REJECTED,
    hv.State.EXPIRED: EXPIRED,
    hv.State.CANCELLED: CANCELLED,
}
_OF_ERROR: tuple[tuple[type[Exception], int], ...] = (
    (hv.Rejected, REJECTED),
    (hv.Blocked, REJECTED),
    (hv.Expired, EXPIRED),
    (hv.Cancelled, CANCELLED),
    (hv.WaitTimeout, PENDING),
)


class Usage(Exception):
    """What was typed cannot be meant; the message names the option and the remedy."""


class Interrupted(KeyboardInterrupt):
    """A signal ended the command."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def of_state(state: hv.State) -> int:
    """Return the exit code for a request's state: 0 for all that follows an approval."""
    return _OF_STATE.get(state, DONE)


def of_error(error: Exception) -> int:
    """Return the exit code for an error."""
    return next((code for kind, code in _OF_ERROR if isinstance(error, kind)), ERROR)


def say(line: str) -> None:
    """Write a line for the person to the error stream, with nothing in it that a terminal would act on."""
    print(f"hitl: {hv.text.visible(line)}", file=sys.stderr)


def confirmed(question: str, remedy: str) -> bool:
    """Ask a question for yes or no on the error stream; `Usage` with the remedy if there is nobody to ask."""
    if not sys.stdin.isatty():
        raise Usage(f"there is nobody to ask; {remedy}")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def answered(command: Callable[[], int | None]) -> int:
    """Run a command and return its exit code; every error becomes a line on the error stream."""
    try:
        return command() or DONE
    except Usage as error:
        say(str(error))
        return USAGE
    except KeyboardInterrupt as stop:
        return _interrupted(stop.number if isinstance(stop, Interrupted) else signal.SIGINT)
    except BrokenPipeError:
        return _nobody_reads()
    except hv.HitlVaultError as error:
        say(str(error))
        return of_error(error)
    except OSError as error:
        say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return ERROR
    except Exception as error:
        return _unexpected(error)


def _interrupted(number: int) -> int:
    with contextlib.suppress(OSError):  # the terminal that hung up reads nothing any more
        say("interrupted")
    return BY_SIGNAL + number


def _nobody_reads() -> int:
    """Give the output stream a place where flushing at exit does no harm."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ERROR


def _unexpected(error: Exception) -> int:
    if isinstance(error, ValueError):
        say(str(error))
        return ERROR
    say(f"this should not happen: {type(error).__name__}: {error}")
    say("please report it; `python -X dev -m hitl_vault.cli …` shows where it happened")
    if sys.flags.dev_mode:
        raise error
    return ERROR
