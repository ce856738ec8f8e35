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
from itertools import chain, count
from pathlib import Path

from hitl_vault.durable import sync_folder
from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.files import PREFIX, TAKEN, TRADED, read_note, trade_mark, write_hidden

_HERE = -100  # AT_FDCWD: paths count from the working directory
_FREE, _TRADE = 1, 2
_UNKNOWN = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)


def create_note(path: Path, data: bytes, *, sync: bool = False) -> bool:
    """Put a new note at `path`, whole; False if something is there already. The folder must exist.

    With `sync` it is on the disk before anything else happens.
    """
    temporary = write_hidden(path.parent, data, sync=sync)
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
        if sync:
            sync_folder(path.parent)


def replace_note(path: Path, data: bytes, seen: bytes) -> bool:
    """Replace the note at `path`, whole, if it still holds `seen`; else change nothing and return False.

    A note that is just being written holds something else. Who has the old one open keeps it.
    """
    hidden = _ready_to_trade(path, data, seen)
    try:
        traded = _rename(hidden, path, _TRADE)
        same = _holds(hidden, seen) if traded else _replace_plainly(hidden, path, seen)
    except FileNotFoundError:
        traded = same = False
    except OSError:
        os.unlink(hidden)
        raise
    if traded and not same:
        _trade_back(hidden, path, data)
    Path(hidden).unlink(missing_ok=True)
    return same


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
    """Return a name from which a crash can be undone."""
    return os.path.join(path.parent, f"{PREFIX}{secrets.token_hex(8)}-{_ending(path, 200)}{TAKEN}")


def _ending(path: Path, most: int) -> str:
    """Return the end of a very long name, so that there is room for more before it."""
    return os.fsencode(path.name)[-most:].decode("utf-8", "ignore")


def _ready_to_trade(path: Path, data: bytes, seen: bytes) -> str:
    """Write `data` under a name that tells after a crash what is of no use: it, and what was seen."""
    temporary = write_hidden(path.parent, data)
    known = secrets.token_hex(4) + "".join(trade_mark(content) for content in (data, seen))
    hidden = os.path.join(path.parent, f"{PREFIX}{known}-{_ending(path, 170)}{TRADED}")
    try:
        os.rename(temporary, hidden)
    except BaseException:  # an interrupt leaves no litter either
        os.unlink(temporary)
        raise
    return hidden


def _trade_back(hidden: str, path: Path, ours: bytes) -> None:
    """Give what was found its place again; what was saved there meanwhile gets a name beside it."""
    try:
        _rename(hidden, path, _TRADE)
    except OSError:  # the note is gone, or the disk fails
        _put_back(hidden, path)
        return
    if not _holds(hidden, ours):
        _put_back(hidden, path)


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
    for name in chain([path], beside):
        try:
            if _rename(hidden, name, _FREE):
                return
        except FileExistsError:
            continue
        if not os.path.lexists(name):
            os.rename(hidden, name)
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
