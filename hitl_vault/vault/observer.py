"""Hears of changes through watchdog's observer, on systems without inotify."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from hitl_vault.vault.listener import FOLDERS, SETTINGS_FOLDER, Calls, identity, replaced

_FOLDER_EVENTS = (DirCreatedEvent, DirDeletedEvent, DirMovedEvent)
_EVENTS: list[type[FileSystemEvent]] = [
    *_FOLDER_EVENTS,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileDeletedEvent,
]
_STOP_WITHIN = 2.0


class ObserverListener(FileSystemEventHandler):
    """Watches the vault with one recursive watch, limited to the kinds of event that matter.

    Where the system tells when a file was closed that is reported, otherwise each modification.
    """

    def __init__(self, root: Path, calls: Calls) -> None:
        self._root = str(root)
        self._calls = calls
        self._homes = tuple(os.path.join(self._root, name) for name in (*FOLDERS, SETTINGS_FOLDER))
        self._inside = tuple(home + os.sep for home in self._homes)
        self._observer: BaseObserver | None = None
        self._lost: str | None = None

    def start(self) -> None:
        """Begin; see `Listener`."""
        self._watched = {path: identity(path) for path in (self._root, *self._homes)}
        observer = self._observer = Observer()
        closes = type(observer).__name__.startswith("Inotify")
        events = [FileClosedEvent if closes and kind is FileModifiedEvent else kind for kind in _EVENTS]
        try:
            observer.schedule(self, self._root, recursive=True, event_filter=events)
            observer.start()
        except OSError:
            self.stop()
            raise

    def stop(self) -> None:
        """End; see `Listener`."""
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            with suppress(RuntimeError):  # never started, or called from the observer itself
                observer.join(_STOP_WITHIN)

    def fault(self) -> str | None:
        """Say why changes may go unheard; see `Listener`."""
        observer = self._observer
        emitters = observer.emitters if observer else set()
        if observer is None or not observer.is_alive() or not emitters:
            return "the thread that hears of changes has ended"
        if not all(emitter.is_alive() for emitter in emitters):
            return "a thread that hears of changes has ended"
        return self._lost or replaced(self._watched)

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Take one event from watchdog, whose thread an exception would end."""
        try:
            self._hear(event)
        except Exception as error:
            self._calls.failed(error)

    def _hear(self, event: FileSystemEvent) -> None:
        paths = [os.fsdecode(path) for path in (event.src_path, event.dest_path) if path]
        if isinstance(event, _FOLDER_EVENTS):
            self._folder(event, paths)
            return
        for path in paths:
            if path.startswith(self._inside):
                self._calls.path(path)

    def _folder(self, event: FileSystemEvent, paths: list[str]) -> None:
        """A folder that holds notes has come or gone: the same inode may be in use again, so start over."""
        home = next((path for path in paths if path == self._root or path in self._homes), None)
        if home and not isinstance(event, DirCreatedEvent):
            self._lost = f"{Path(home).name} was moved or replaced"
        if home:
            self._calls.stir()
