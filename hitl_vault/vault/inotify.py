"""Hears of changes through watchdog's reader of Linux inotify, with nothing between kernel and caller.

watchdog's own observer pairs the two halves of a move. For that it holds back a note that leaves the
vault, and everything behind it, for 500 ms, and it hands each event through two more threads, which
doubles the time an event takes. Here pairing is of no use: both ends of a move are worth a look anyway.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from errno import EACCES
from itertools import count
from pathlib import Path

from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

from hitl_vault.vault.listener import FOLDERS, LIMITS, SETTINGS_FOLDER, Calls, Identity, identity, replaced
from hitl_vault.vault.passing import passes

_SELF = InotifyConstants.IN_DELETE_SELF | InotifyConstants.IN_MOVE_SELF
_ARRIVED = InotifyConstants.IN_CREATE | InotifyConstants.IN_MOVED_TO
_LEFT = InotifyConstants.IN_DELETE | InotifyConstants.IN_MOVED_FROM
_ROOT = Mask(_ARRIVED | _SELF | InotifyConstants.IN_ONLYDIR)
_INSIDE = Mask(_ROOT | _LEFT | InotifyConstants.IN_CLOSE_WRITE | InotifyConstants.IN_DONT_FOLLOW)
_STOP_WITHIN = 2.0


@dataclass(frozen=True, kw_only=True)
class _Watched:
    path: str
    identity: Identity
    is_root: bool
    id: CallbackId


class InotifyListener:
    """Watches the vault's root, its settings folder and every folder below those that hold notes.

    A file is reported when it was closed after writing, has arrived by a move or a link, or has
    left; not for each write, because then half of it would be read. Only a file that is new and
    still open may be reported early as well, when the reader is behind.
    """

    def __init__(self, root: Path, calls: Calls) -> None:
        self._root = str(root)
        self._calls = calls
        self._watched: dict[WatchDescriptor, _Watched] = {}
        self._paths: dict[str, WatchDescriptor] = {}
        self._refused: set[str] = set()
        self._lost: str | None = None
        self._ids = count(1)
        self._reader: InotifyFD | None = None

    def start(self) -> None:
        """Begin; see `Listener`. `OSError` with ENOSPC or EMFILE if a limit of inotify is reached."""
        self._reader = InotifyFD()
        self._reader.start()
        try:
            self._watch(self._root, is_root=True)
            for name in (*FOLDERS, SETTINGS_FOLDER):
                self._enter(os.path.join(self._root, name), deep=name in FOLDERS)
        except OSError:
            self.stop()
            raise

    def stop(self) -> None:
        """End; see `Listener`."""
        reader, self._reader = self._reader, None
        if reader is None:
            return
        self._watched.clear()
        reader.stop()
        with suppress(RuntimeError):  # called from the reader itself
            reader.join(_STOP_WITHIN)

    def fault(self) -> str | None:
        """Say why changes may go unheard; see `Listener`."""
        if self._reader is None or not self._reader.is_alive():
            return "the thread that hears of changes has ended"
        if self._lost:
            return self._lost
        return (
            replaced({one.path: one.identity for one in self._watched.copy().values()}) or self._unwatched()
        )

    def _unwatched(self) -> str | None:
        for name in FOLDERS:
            path = os.path.join(self._root, name)
            known = path in self._paths or path in self._refused or os.path.islink(path)
            if not known and os.path.isdir(path):
                return f"{name} was not watched"
        opened = next((path for path in self._refused.copy() if os.access(path, os.R_OK)), None)
        return opened and f"{Path(opened).name} can be read again"

    def _watch(self, path: str, *, is_root: bool = False) -> None:
        was = identity(path)  # asked first: whatever takes its place now is noticed later
        if self._reader is None:
            return
        mask, id = _ROOT if is_root else _INSIDE, CallbackId(next(self._ids))
        wd = self._reader.add_callback(os.fsencode(path), mask, self, id)
        if wd < 0:  # watchdog reports every error but this one
            raise PermissionError(EACCES, os.strerror(EACCES), path)
        self._forget(wd)  # the same folder, known by the path that it had before
        self._watched[wd] = _Watched(path=path, identity=was, is_root=is_root, id=id)
        self._paths[path] = wd

    def _forget(self, wd: WatchDescriptor) -> None:
        watched = self._watched.pop(wd, None)
        if watched is None:
            return
        if self._paths.get(watched.path) == wd:
            del self._paths[watched.path]
        if self._reader is not None:
            self._reader.remove_callbacks([(wd, watched.id)])

    def _leave(self, path: str) -> None:
        """Forget a folder that was moved away, and those below it: their paths are no longer true."""
        below = path + os.sep
        for known, wd in list(self._paths.items()):
            if known == path or known.startswith(below):
                self._forget(wd)

    def _enter(self, path: str, *, deep: bool = True, report: bool = False) -> None:
        """Watch a folder, then look at what it holds: what arrived before the watch made no event."""
        waiting = [path]
        while waiting:
            for entry in self._listed(waiting.pop(), deep=deep):
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith("."):
                        waiting.append(entry.path)
                elif report:
                    self._calls.path(entry.path)

    def _listed(self, path: str, *, deep: bool) -> list[os.DirEntry[str]]:
        try:
            if path not in self._paths:
                self._watch(path)
            return list(os.scandir(path)) if deep else []
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            if error.errno in LIMITS or passes(error):
                raise
            self._refused.add(path)
            self._calls.failed(error)
            return []

    def on_event(self, event: InotifyEvent) -> None:
        """Take one event from watchdog's reader, whose thread an exception would end."""
        try:
            self._hear(event)
        except Exception as error:
            self._calls.failed(error)

    def _hear(self, event: InotifyEvent) -> None:
        watched = self._watched.get(event.wd)
        if watched is None:
            return
        if event.mask & _SELF:
            self._calls.stir()
            return
        name = os.fsdecode(event.name)
        path = f"{watched.path}{os.sep}{name}"
        if watched.is_root:
            if name in FOLDERS and event.mask & InotifyConstants.IN_ISDIR:
                self._enter(path, report=True)
        elif event.mask & InotifyConstants.IN_ISDIR:
            self._hear_folder(event, path)
        elif not event.mask & InotifyConstants.IN_CREATE or _is_complete(path):
            self._calls.path(path)

    def _hear_folder(self, event: InotifyEvent, path: str) -> None:
        if event.mask & InotifyConstants.IN_MOVED_FROM:
            self._leave(path)
        elif event.mask & _ARRIVED and not event.name.startswith(b"."):
            self._enter(path, report=True)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """Note that the kernel has dropped a watch, because its folder is gone."""
        watched = self._watched.pop(wd, None)
        if watched is not None:
            if self._paths.get(watched.path) == wd:
                del self._paths[watched.path]
            self._calls.stir()

    def on_queue_overflow(self) -> None:
        """Note that the kernel has dropped events; new folders may be among them, so start over."""
        self._lost = "more changes came at once than the system can report"
        self._calls.stir()


def _is_complete(path: str) -> bool:
    """Tell whether a created file may be whole: for a link, a FIFO or a second name no close follows."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return not stat.S_ISREG(found.st_mode) or found.st_nlink > 1 or found.st_size > 0
