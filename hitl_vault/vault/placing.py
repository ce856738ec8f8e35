"""Changing a note only where nobody else has changed it meanwhile.

To look and then to write leaves a moment in which what somebody saves is lost. Linux can rename into a
free name, and let two files trade places, in one step; elsewhere that moment remains, and is short.
"""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path

from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.files import PREFIX, TAKEN, read_note, write_hidden

_HERE = -100  # AT_FDCWD: paths count from the working directory
_FREE, _TRADE = 1, 2
_UNKNOWN = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)


def create_note(path: Path, data: bytes) -> bool:
    """Put a new note at `path`, whole; False if something is there already. The folder must exist."""
    temporary = write_hidden(path.parent, data)
    try:
        if _rename(temporary, path, _FREE):
            return True
        if os.path.lexists(path):
            return False
        os.replace(temporary, path)
    except FileExistsError:
        return False
    else:
        return True
    finally:
        Path(temporary).unlink(missing_ok=True)


def replace_note(path: Path, data: bytes, seen: bytes) -> bool:
    """Replace the note at `path`, whole, if it still holds `seen`; else change nothing and return False.

    A note that is just being written holds something else. Who has the old one open keeps it.
    """
    temporary, ours = write_hidden(path.parent, data), True
    try:
        if not _rename(temporary, path, _TRADE):
            return _replace_plainly(temporary, path, seen)
        same = ours = _holds(temporary, seen)
        if not same:
            _trade_back(temporary, path)
            ours = True
    except FileNotFoundError:
        return False
    else:
        return same
    finally:
        if ours:  # else it is what somebody has just saved
            Path(temporary).unlink(missing_ok=True)


def take(path: Path, seen: bytes) -> bool:
    """Remove the note at `path` if it still holds `seen`, or is gone; put it back and return False if not.

    What cannot be read as a note stays where it is: `BallotInvalid` says why (see `move_aside`).
    """
    hidden = _taken(path)
    try:
        os.rename(path, hidden)
    except FileNotFoundError:
        return True
    try:
        same = read_note(Path(hidden)) == seen
    except (BallotInvalid, OSError):
        _put_back(hidden, path)
        read_note(path)  # says why, under the file's own name
        raise
    if same:
        os.unlink(hidden)
    else:
        _put_back(hidden, path)
    return same


def _taken(path: Path) -> str:
    """Return a name from which a crash can be undone; of a very long name the end is kept."""
    name = os.fsencode(path.name)[-200:].decode("utf-8", "ignore")
    return os.path.join(path.parent, f"{PREFIX}{secrets.token_hex(8)}-{name}{TAKEN}")


def _trade_back(theirs: str, path: Path) -> None:
    try:
        _rename(theirs, path, _TRADE)
    except OSError:  # the note is gone, or the disk fails
        _put_back(theirs, path)


def _replace_plainly(temporary: str, path: Path, seen: bytes) -> bool:
    same = _holds(path, seen)
    if same:
        os.replace(temporary, path)
    return same


def _holds(path: str | Path, seen: bytes) -> bool:
    try:
        return read_note(Path(path)) == seen
    except FileNotFoundError:
        raise
    except (BallotInvalid, OSError):
        return False


def _put_back(hidden: str, path: Path) -> None:
    """Give a file its name again, or one beside it where somebody has just made another."""
    beside = (path.with_name(f"{path.stem} ({number}).md") for number in count(1))
    for name in (path, *(next(beside) for _ in range(99))):
        try:
            if not _rename(hidden, name, _FREE):
                os.rename(hidden, name)
        except FileExistsError:
            continue
        return


def _rename(old: str, new: Path, how: int) -> bool:
    """Rename in one step, raising what went wrong; False where the system cannot."""
    call = _renameat2()
    if call is None:
        return False
    if call(_HERE, os.fsencode(old), _HERE, os.fsencode(new), how) == 0:
        return True
    problem = ctypes.get_errno()
    if problem in _UNKNOWN:
        return False
    raise OSError(problem, os.strerror(problem), os.fspath(new))


@cache
def _renameat2() -> Callable[..., int] | None:
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return call
