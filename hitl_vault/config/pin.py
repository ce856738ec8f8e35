"""Which settings, policy and templates of a vault a person has accepted, and where its record is kept.

Who may write the vault may change these files. So a copy of what was accepted is kept in the state
directory, one folder for each time, and beside the state directories a note of which vault has which.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hitl_vault.durable import sync_folder, write_private
from hitl_vault.errors import ConfigError

SETTINGS_FOLDER = ".hitl"
SETTINGS_FILE = "vault.yaml"
POLICY_FILE = "policy.yaml"
TEMPLATES = "templates"

_ACCEPTED, _CURRENT, _VAULTS, _PLACE = "accepted", "current", "vaults", "place.json"
_LARGEST = 1024 * 1024
_UNREADABLE = b"\0unreadable"

Contents = Mapping[str, bytes]
"""The pinned files of a vault, by their names below `.hitl/`."""


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where the record of the vault in some folder is kept, and which vault that is."""

    id: str
    state: Path


@dataclass(frozen=True, kw_only=True)
class Change:
    """A pinned file that is not as accepted; None where there is none."""

    name: str
    accepted: bytes | None
    found: bytes | None


def contents(folder: Path) -> dict[str, bytes]:
    """Return the pinned files below a `.hitl/` or below an accepted copy of one.

    A file that is no plain readable file of reasonable size has contents that equal those of no other.
    """
    return {name: data for name in _names(folder) if (data := _read(folder / name)) is not None}


def _names(folder: Path) -> Iterator[str]:
    yield SETTINGS_FILE
    yield POLICY_FILE
    try:
        found = sorted(os.listdir(folder / TEMPLATES))
    except OSError:  # none, or none that can be used
        return
    yield from (f"{TEMPLATES}/{name}" for name in found if name.endswith(".j2"))


def _read(path: Path) -> bytes | None:
    try:
        if not path.is_file():
            return _UNREADABLE if os.path.lexists(path) else None
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError:
        return _UNREADABLE
    return data if len(data) <= _LARGEST else _UNREADABLE


def accepted(state: Path) -> Path | None:
    """Return the folder with the copies of what was accepted last, None if nothing ever was."""
    path = state / _ACCEPTED / _CURRENT
    try:
        name = path.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: which settings were accepted cannot be read: {error}") from error
    folder = state / _ACCEPTED / name
    if not (name.isalnum() and (folder / SETTINGS_FILE).is_file()):
        raise ConfigError(f"{folder}: the accepted settings are gone; restore the state directory")
    return folder


def readable(data: bytes) -> bool:
    """Tell whether these are the contents of a plain file of reasonable size."""
    return data != _UNREADABLE


def changes(root: Path, state: Path) -> list[Change]:
    """Return what in a vault's `.hitl/` is not as accepted; nothing if nothing was accepted yet."""
    copy = accepted(state)
    return [] if copy is None else differences(contents(copy), contents(root / SETTINGS_FOLDER))


def differences(was: Contents, now: Contents) -> list[Change]:
    """Return the files that are not the same."""
    names = [*was, *(name for name in now if name not in was)]
    found = (Change(name=name, accepted=was.get(name), found=now.get(name)) for name in names)
    return [change for change in found if change.accepted != change.found]


def check(files: Contents) -> None:
    """Raise `ConfigError` if these cannot be accepted."""
    unreadable = [name for name, data in files.items() if not readable(data)]
    if unreadable or SETTINGS_FILE not in files:
        what = ", ".join(unreadable) or SETTINGS_FILE
        raise ConfigError(f"{what}: not a plain file of at most {_LARGEST} bytes; nothing was accepted")


def accept(state: Path, files: Contents) -> None:
    """Let these be the accepted files from now on. The copies of earlier ones stay."""
    check(files)
    name = _digest(files)
    folder = state / _ACCEPTED / name
    if not folder.exists():
        _copy(files, folder)
    write_private(state / _ACCEPTED / _CURRENT, name.encode())


def _digest(files: Contents) -> str:
    parts = (f"{name}\0{hashlib.sha256(data).hexdigest()}\n" for name, data in sorted(files.items()))
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:32]


def _copy(files: Contents, folder: Path) -> None:
    """Write a folder of files in one step, on the disk when this returns."""
    hidden = folder.with_name(f".{folder.name}-{os.urandom(6).hex()}")
    try:
        (hidden / TEMPLATES).mkdir(mode=0o700, parents=True)
        for name, data in files.items():
            write_private(hidden / name, data)
        hidden.rename(folder)
    except BaseException as error:
        import shutil  # slow to import

        shutil.rmtree(hidden, ignore_errors=True)
        if not (isinstance(error, OSError) and folder.exists()):  # else another process was quicker
            raise
    sync_folder(folder.parent)
    sync_folder(folder.parent.parent)


def home(base: Path, root: Path) -> Home | None:
    """Return where the record of the vault at `root` is, as noted below `base`; None if nothing was noted."""
    path = _card(base, root)
    try:
        found = json.loads(path.read_bytes())
        return Home(id=str(found["id"]), state=Path(found["state"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}; restore it, or remove it") from error


def settle(base: Path, root: Path, home: Home) -> None:
    """Note where the record of the vault at `root` is."""
    path = _card(base, root)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(path, {"root": str(root), "id": home.id, "state": str(home.state)})


def place(state: Path) -> Path | None:
    """Return the folder of the vault whose record this is, as noted; None if nothing was noted.

    What was noted of a state directory says nothing of a copy of it.
    """
    path = state / _PLACE
    try:
        found = json.loads(path.read_bytes())
        return Path(found["root"]) if found["state"] == str(state) else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}; restore it, or remove it") from error


def occupy(state: Path, root: Path) -> None:
    """Note in a state directory which vault's record it is."""
    _write(state / _PLACE, {"root": str(root), "state": str(state)})


def _write(path: Path, card: Mapping[str, str]) -> None:
    write_private(path, json.dumps(card).encode("utf-8", "surrogateescape"))


def _card(base: Path, root: Path) -> Path:
    return base / _VAULTS / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.json"
