"""Where a vault is, and which settings count: the only reader of the environment.

Each setting is looked up in the same order: argument, environment, vault file, default.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from hitl_vault.config import pin
from hitl_vault.config.pin import POLICY_FILE, SETTINGS_FILE, SETTINGS_FOLDER, TEMPLATES, Change
from hitl_vault.config.settings import (
    Settings,
    new_settings_text,
    parse_settings,
    read_settings,
    settings_of,
)
from hitl_vault.domain import text
from hitl_vault.domain.requirement import Mode
from hitl_vault.errors import ConfigError, VaultNotFound

__all__ = [
    "POLICY_FILE",
    "SETTINGS_FILE",
    "SETTINGS_FOLDER",
    "TEMPLATES",
    "Change",
    "Config",
    "Settings",
    "approver",
    "begin",
    "earlier",
    "find_vault",
    "in_force",
    "is_vault",
    "load",
    "make_private",
    "new_settings_text",
    "parse_settings",
    "proposed",
    "read_settings",
    "settle",
]


@dataclass(frozen=True, kw_only=True)
class Config:
    """A vault's folder, its state directory, and its settings.

    With `pinned`, settings, policy and templates count as a person accepted them, not as they lie there.
    """

    root: Path
    state: Path
    settings: Settings
    pinned: bool = False

    @property
    def source(self) -> Path:
        """The folder from which settings, policy and templates are taken; as it is at the moment."""
        accepted = pin.accepted(self.state) if self.pinned else None
        return accepted or self.root / SETTINGS_FOLDER

    def waiting(self) -> str:
        """Return the sentence that says what was changed and is not in force; empty if all counts."""
        changes = self.unaccepted() if self.pinned else []
        names = ", ".join(text.one_line(change.name, 60) for change in changes)
        return (
            f"Changed and not in force: {names}. `hitl policy accept` shows the difference." if names else ""
        )

    def as_pinned(self) -> Config:
        """Return the same, pinned unless the mode is `open`."""
        return replace(self, pinned=self.settings.mode is not Mode.OPEN)

    def unaccepted(self) -> list[Change]:
        """Return what lies in the vault's `.hitl/` otherwise than it was accepted."""
        return pin.changes(self.root, self.state)

    def approver(self, argument: str | None = None) -> str:
        """Return who answers: the argument, else `HITL_APPROVER`, else as the settings say; may be empty."""
        return approver(argument) or self.settings.approver

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.state / "ledger.db"


def load(vault: str | Path | None = None, *, state_dir: str | Path | None = None) -> Config:
    """Find a vault and read its settings: those that were accepted, unless their mode is `open`.

    Raises `VaultNotFound` if there is none, `ConfigError` if its settings cannot be used.
    """
    root = find_vault(vault, state_dir=state_dir)
    home = pin.home(_trusted(state_dir), root)
    found = home and in_force(root, home.state)
    if not found:
        found = _as_found(root, state_dir)
        if not (home and home.state == found.state):
            found = in_force(root, found.state) or found
    _refuse_copy(found)
    return found


def in_force(root: Path, state: Path) -> Config | None:
    """Return a vault with the settings that were accepted for its record; None if the mode is `open`.

    Whatever lies in the vault, and wherever it was moved to, these count until others are accepted.
    """
    accepted = pin.accepted(state)
    settings = read_settings(accepted / SETTINGS_FILE) if accepted else None
    if settings is None or settings.mode is Mode.OPEN:
        return None
    return Config(root=root, state=state, settings=settings, pinned=True)


def begin(root: Path, *, state_dir: str | Path | None = None) -> Config:
    """Take a vault that was made just now as it is, whatever vault was at its place before."""
    found = _as_found(root, state_dir)
    settle(found, state_dir=state_dir)
    return found


def _as_found(root: Path, state_dir: str | Path | None) -> Config:
    settings = read_settings(root / SETTINGS_FOLDER / SETTINGS_FILE)
    return Config(root=root, state=_state(settings, state_dir), settings=settings)


def _refuse_copy(found: Config) -> None:
    """Raise `ConfigError` if the record is that of a vault elsewhere that is still there.

    Else whoever can write some folder makes a copy of a vault there, and decides with it.
    """
    owner = pin.place(found.state)
    if owner in (None, found.root):
        return
    try:
        copied = is_vault(owner) and not owner.samefile(found.root)
    except OSError:  # nobody can tell
        copied = True
    if copied:
        import shlex  # seldom needed

        path = found.root / SETTINGS_FOLDER / SETTINGS_FILE
        raise ConfigError(
            f"{path}: id: {found.settings.id} is the vault at {owner}; use that one "
            f"(--vault {shlex.quote(str(owner))}), or write another id into a copy that is to be a vault "
            "of its own"
        )


def settle(config: Config, *, state_dir: str | Path | None = None) -> None:
    """Note where a vault's record is, so that nobody who writes the vault can have another one looked at."""
    base, home = _trusted(state_dir), pin.Home(id=config.settings.id, state=config.state)
    if pin.home(base, config.root) != home:
        pin.settle(base, config.root, home)
    if pin.place(config.state) != config.root:
        make_private(config.state)
        pin.occupy(config.state, config.root)


def proposed(config: Config, data: bytes) -> Settings:
    """Return the settings that a vault's file holds; `ConfigError` if they cannot be used for its record."""
    path = config.root / SETTINGS_FOLDER / SETTINGS_FILE
    settings = settings_of(data, path)
    if settings.id != config.settings.id:
        raise ConfigError(f"{path}: id: the record is that of {config.settings.id}; write this id again")
    return settings


def earlier(root: Path, *, state_dir: str | Path | None = None) -> pin.Home | None:
    """Return which vault was at `root` when it was opened last, and where its record is."""
    return pin.home(_trusted(state_dir), root)


def find_vault(vault: str | Path | None = None, *, state_dir: str | Path | None = None) -> Path:
    """Return the vault's folder: the argument, `HITL_VAULT`, or the first here, in `./vault`, upward.

    One that was opened before comes first: within a vault anybody who writes it can plant another.
    """
    named = vault if vault is not None else os.environ.get("HITL_VAULT") or None
    if named is not None:
        root = typed_path(named)
        if not os.fspath(named):
            raise VaultNotFound("--vault is empty; name the vault's folder")
        if root.exists() and not root.is_dir():
            raise VaultNotFound(f"{root} is not a folder; name the vault's folder")
        if not is_vault(root):
            raise VaultNotFound(f"no vault at {root}; `hitl init {root}` makes one")
        return root.resolve()
    here = Path.cwd()
    found = [path.resolve() for path in (here, here / "vault", *here.parents) if is_vault(path)]
    if found:
        base = _trusted(state_dir)
        return next((root for root in found if pin.home(base, root)), found[0])
    raise VaultNotFound(
        f"no vault in {here} or above it; name one with --vault or HITL_VAULT, or make one: `hitl init vault`"
    )


def is_vault(root: Path) -> bool:
    """Tell whether `root` has a vault's settings file."""
    return (root / SETTINGS_FOLDER / SETTINGS_FILE).is_file()


def approver(argument: str | None = None) -> str:
    """Return who votes: the argument, else `HITL_APPROVER`, else nobody by name (empty)."""
    return argument if argument is not None else os.environ.get("HITL_APPROVER", "")


def typed_path(path: str | Path) -> Path:
    """Return a path as a person types it, with `~` for a home folder; `ConfigError` if there is none."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"{path}: there is no home folder of that name; write the whole path") from error


def _state(settings: Settings, argument: str | Path | None) -> Path:
    base = argument or os.environ.get("HITL_STATE_DIR") or settings.state_dir or _user_state()
    return typed_path(base).resolve() / settings.id


def _trusted(argument: str | Path | None) -> Path:
    """Return the folder of state directories that no file in a vault can choose."""
    return typed_path(argument or os.environ.get("HITL_STATE_DIR") or _user_state()).resolve()


def _user_state() -> Path:
    import platformdirs

    return Path(platformdirs.user_state_dir("hitl-vault", appauthor=False))


def make_private(folder: Path) -> None:
    """Create the state directory, readable by its owner alone (0700)."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise ConfigError(f"{folder}: the state directory cannot be made: {error.strerror}") from error
