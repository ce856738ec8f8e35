"""Where notes lie in a vault, and which files of it are notes at all."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath

from hitl_vault.domain.identity import ids_in, is_id
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Record
from hitl_vault.errors import VaultError, VaultNotFound
from hitl_vault.vault.walking import files, links


class Folder(StrEnum):
    """The folders of a vault; a note in the last one is out of play."""

    PENDING = "Pending_Approval"
    APPROVED = "Approved"
    REJECTED = "Rejected"
    DONE = "Done"
    STANDING = "Standing_Rules"
    SET_ASIDE = "Set_Aside"


_HOME = {
    State.PENDING: Folder.PENDING,
    State.APPROVED: Folder.APPROVED,
    State.EXECUTING: Folder.APPROVED,
    State.REJECTED: Folder.REJECTED,
    State.EXPIRED: Folder.REJECTED,
    State.CANCELLED: Folder.REJECTED,
    State.EXECUTED: Folder.DONE,
    State.FAILED: Folder.DONE,
    State.UNKNOWN: Folder.DONE,
}
OF_REQUESTS = (Folder.PENDING, Folder.APPROVED, Folder.REJECTED, Folder.DONE)
"""The folders in which the notes of requests lie."""

_IN_PLAY = {str(folder): folder for folder in Folder if folder is not Folder.SET_ASIDE}


def folder_of(state: State) -> Folder:
    """Return the folder in which the note of a request in `state` lies."""
    return _HOME[state]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A note's place: `name` is its path below the folder, with `/`; bytes that are not UTF-8 are escaped."""

    folder: Folder
    path: Path
    name: str

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Every id that the file's name could carry; letter case is ignored."""
        return tuple(ids_in(self.path.name.removesuffix(".md").lower()))

    @cached_property
    def canonical(self) -> bool:
        """Whether the name is exactly `<id>.md`, directly in the folder."""
        return is_id(self.name.removesuffix(".md"))


class Layout:
    """The folders below one vault's root. Nothing here reads a file or follows a link.

    The root may be a link. A folder below it may not: whoever can write notes could lead the keeper
    anywhere with one. So nothing behind one is looked at or written to.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(os.path.abspath(root))
        self._prefix = str(self.root).rstrip(os.sep) + os.sep
        self._place = lru_cache(4096)(self._place_of)

    def path(self, folder: Folder) -> Path:
        """Return the path of a folder."""
        return self.root / folder

    def note(self, id: str, state: State) -> Path:
        """Return the one place where a note of ours belongs; for an adopted one ask `home`."""
        return Path(self.spelled(id, state))

    def spelled(self, id: str, state: State) -> str:
        """Return what `note` returns as a string: to make a path of it takes as long as to read the note."""
        return f"{self._prefix}{folder_of(state)}{os.sep}{id}.md"

    def at(self, relative: str) -> str:
        """Return the path of what lies at `relative` below the root, with `/`."""
        return self._prefix + relative

    def below(self, path: str | os.PathLike[str]) -> str:
        """Return where in the vault a path lies, with `/`; the opposite of `at`."""
        return os.fspath(path).removeprefix(self._prefix).replace(os.sep, "/")

    def link_above(self, path: str | os.PathLike[str]) -> str:
        """Return the first folder on the way from the root to `path` that is a link, empty if none is."""
        text = os.fspath(path)
        end = text.find(os.sep, len(self._prefix))
        while end > 0:
            if os.path.islink(text[:end]):
                return self.below(text[:end])
            end = text.find(os.sep, end + 1)
        return ""

    def check(self, path: str | os.PathLike[str]) -> None:
        """Raise `VaultError` if the way to `path` leads through a link. To be asked right before writing."""
        if link := self.link_above(path):
            raise VaultError(_linked(link))

    def links(self, *folders: Folder) -> list[str]:
        """Say of every link to a folder, in the place of these folders or below them, what to do about it."""
        found = [link for folder in folders for link in links(self.path(folder))]
        return [_linked(self.below(link)) for link in found]

    def home(self, record: Record) -> Path:
        """Return the one place where the note of a record belongs.

        An adopted one keeps its own name: where it was found while it is pending, then at a folder's top.
        """
        adopted, folder = record.request.adopted, folder_of(record.state)
        if adopted is None:
            return self.note(record.id, record.state)
        name = adopted.name if folder is Folder.PENDING else PurePosixPath(adopted.name).name
        return self.path(folder) / name

    def make(self) -> list[str]:
        """Create the folders that are missing, never the vault itself: that is `VaultNotFound`.

        Returns what is wrong with those that cannot be made.
        """
        return [problem for folder in Folder if (problem := self._made(folder))]

    def _made(self, folder: Folder) -> str:
        if os.path.islink(self.path(folder)):
            return _linked(folder)
        try:
            self.path(folder).mkdir(exist_ok=True)
        except FileNotFoundError:
            raise VaultNotFound(f"no vault at {self.root}; `hitl init {self.root}` makes one") from None
        except FileExistsError:
            return f"{folder} is a file; put a folder in its place"
        return ""

    def resolved(self) -> Iterator[Place]:
        """Yield every note that lies outside of `Pending_Approval/`, as it is found."""
        for folder in (Folder.APPROVED, Folder.REJECTED, Folder.DONE):
            yield from self.notes(folder)

    def notes(self, folder: Folder) -> Iterator[Place]:
        """Yield every note in a folder and below, as it is found; `OSError` if that fails for the moment."""
        yield from filter(None, map(self.classify, files(self.path(folder))))

    def classify(self, path: str | os.PathLike[str]) -> Place | None:
        """Return the place of a note, or None for everything that is not one.

        Not notes: what lies outside the five folders that are in play, names that do not end in
        `.md`, and every path with a component that starts with a dot or `~$`: editors and sync
        tools name their temporary files so.
        """
        return self._place(os.fspath(path))

    def _place_of(self, text: str) -> Place | None:
        if not text.endswith(".md") or not text.startswith(self._prefix):
            return None
        first, _, name = text[len(self._prefix) :].replace(os.sep, "/").partition("/")
        folder = _IN_PLAY.get(first)
        if folder is None or _passing(name):
            return None
        return Place(folder=folder, path=Path(text), name=_printable(name))


def _linked(folder: str) -> str:
    return (
        f"{_printable(folder)} is a link to another folder; nothing behind it is read or changed: "
        "put a real folder in its place"
    )


def _passing(name: str) -> bool:
    return any(not part or part.startswith((".", "~$")) for part in name.split("/"))


def _printable(name: str) -> str:
    return name if name.isascii() else name.encode("utf-8", "backslashreplace").decode()


_COPY = re.compile(
    r"""
      \.sync-conflict-\d{8}-\d{6}-\w+          # Syncthing
    | [ ]\([^()]*\bconflict(?:ed|s)?\b.*\)     # Obsidian Sync, Dropbox, Nextcloud, pCloud
    | [ ]\(sfconflict\b.*\)                    # Seafile
    | [ ]\[conflicted\](?:[ ]?\(\d+\))?        # pCloud
    | [ ]\(case\ conflict.*\)                  # Dropbox
    | _conflict-[\d-]+                         # ownCloud
    | _[\w.-]+_conflict(?:\(\d+\))?            # Synology
    | \.conflict\d*                            # Resilio, rclone
    | -(?:desktop|laptop|win)-\w+              # OneDrive: the computer's name
    | -[\w-]+-(?:pc|macbook(?:-\w+)*)
    | (?:[ ]-)?[ ](?:copy|kopie|copie)(?:[ ]\(?\d+\)?)?   # Finder, Explorer
    | [ ]?\(\d{1,3}\)                          # Google Drive, browsers
    | [ ]\d{1,3}                               # iCloud
    | _(?:backup|base|local|remote)_\d+        # git mergetool
    """,
    re.VERBOSE,
)


def is_copy(name: str, original: str) -> bool:
    """Tell whether `name` is what a sync tool or file manager calls another copy of `original`.

    Both are names as in `Place.name`. Letter case and Unicode form are ignored; a copy lies
    in the same sub-folder. A note that carries an id is told by `Place.ids` instead.
    """
    where, _, file = _plain(name).rpartition("/")
    home, _, own = _plain(original).rpartition("/")
    if where != home or file == own:
        return False
    stem, file = own.removesuffix(".md"), file.removesuffix(".md")
    if file == f"copy of {stem}":
        return True
    return file.startswith(stem) and _COPY.fullmatch(file, len(stem)) is not None


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
