"""Signed checkpoints of a vault's record, made step by step so that their cost does not grow with it."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hitl_vault.config import SETTINGS_FOLDER, Config
from hitl_vault.domain.checkpoint import Checkpoint, origin_of
from hitl_vault.domain.merkle import Tree
from hitl_vault.errors import ConfigError, LedgerBroken, SignatureInvalid
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.trust.signed_note import PublicKey, Signer, verified
from hitl_vault.vault.files import write_note

_SEED = "checkpoint.key"
_PUBLIC = "checkpoint.pub"
_KEPT = "checkpoint.json"
COPY = "checkpoint"
"""The newest checkpoint's name in the settings folder: whatever copies the vault keeps it elsewhere."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The newest checkpoint, the tree that it stands for, and the hash of the last entry in it."""

    note: str
    tree: Tree
    last: str


class Checkpoints:
    """Makes checkpoints of one vault's ledger. Safe to use from several processes at once."""

    def __init__(self, config: Config, ledger: Ledger) -> None:
        self._state = config.state
        self._copy = config.root / SETTINGS_FOLDER / COPY
        self._ledger = ledger
        self._origin = origin_of(config.settings.id)

    def make(self, *, most: int | None = None) -> str:
        """Return a signed checkpoint of the whole record, or of at most `most` entries more than the newest.

        Raises `LedgerBroken` if the record no longer has what the newest checkpoint was made of.
        """
        signer = self._signer()
        kept = self.newest()
        tree = Tree(kept.tree.size, kept.tree.peaks) if kept else Tree()
        last = self._check_end(kept) if kept else ""
        for entry in self._ledger.entries(after=tree.size, limit=most):
            if kept and entry.seq == kept.tree.size + 1 and entry.prev != kept.last:
                raise _rewritten(kept)
            tree.add(bytes.fromhex(entry.hash))
            last = entry.hash
        if kept and tree.size == kept.tree.size:
            return kept.note
        note = signer.sign(str(Checkpoint.of(self._origin, tree)))
        self._keep(note, tree, last)
        return note

    def newest(self) -> Kept | None:
        """Return the newest checkpoint; None if there is none, or none whose signature and tree hold."""
        path = self._state / _KEPT
        try:
            data = json.loads(path.read_bytes())
            tree = Tree(data["size"], map(bytes.fromhex, data["peaks"]))
            checkpoint = Checkpoint.read(verified(data["note"], self.public_key()))
            kept = Kept(note=data["note"], tree=tree, last=data["last"])
        except (FileNotFoundError, ValueError, KeyError, TypeError, SignatureInvalid):
            return None
        return kept if checkpoint == Checkpoint.of(self._origin, tree) else None

    def standing(self) -> tuple[int, datetime | None]:
        """Return the size and the time of the newest checkpoint, unchecked; 0 and None if there is none."""
        path = self._state / _KEPT
        try:
            at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            return int(json.loads(path.read_bytes())["size"]), at
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return 0, None

    def public_keys(self) -> list[PublicKey]:
        """Return every key whose checkpoints of this vault count, the one that signs now first."""
        return [self.public_key()]

    def public_key(self) -> PublicKey:
        """Return the key that checks this vault's checkpoints; made with the first of them."""
        try:
            return PublicKey.read((self._state / _PUBLIC).read_text("ascii"))
        except FileNotFoundError:
            return self._signer().public
        except ValueError as error:
            raise ConfigError(f"{self._state / _PUBLIC}: {error}; remove it, it is made again") from error

    def _check_end(self, kept: Kept) -> str:
        if kept.tree.size == 0:
            return ""
        end = next(self._ledger.entries(after=kept.tree.size - 1, limit=1), None)
        if end is None:
            raise LedgerBroken(
                f"the record ends with entry {self._ledger.last_seq()}, and had {kept.tree.size} "
                "at the last checkpoint: entries were removed at its end",
                seq=self._ledger.last_seq() + 1,
            )
        if end.hash != kept.last:
            raise _rewritten(kept)
        return end.hash

    def _keep(self, note: str, tree: Tree, last: str) -> None:
        data = {"note": note, "size": tree.size, "peaks": [peak.hex() for peak in tree.peaks], "last": last}
        write_note(self._state / _KEPT, json.dumps(data).encode(), sync=True)
        write_note(self._copy, note.encode(), sync=False)

    def _signer(self) -> Signer:
        path = self._state / _SEED
        if not path.exists():
            _make_secret(path)
        try:
            signer = Signer(self._origin, bytes.fromhex(path.read_text("ascii").strip()))
        except ValueError as error:
            raise ConfigError(f"{path}: not a key of 32 bytes in hex; restore it from a backup") from error
        public = self._state / _PUBLIC
        if not public.exists():
            write_note(public, f"{signer.public}\n".encode(), sync=True)
        return signer


def _rewritten(kept: Kept) -> LedgerBroken:
    size = kept.tree.size
    return LedgerBroken(
        f"entry {size} is not what it was at the last checkpoint: the record was written anew", seq=size
    )


def _make_secret(path: Path) -> None:
    """Write a fresh secret that its owner alone can read; another process may be quicker."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(f"{secrets.token_hex(32)}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink()
