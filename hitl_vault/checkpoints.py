"""Signed checkpoints of a vault's record, made step by step so that their cost does not grow with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from hitl_vault.config import SETTINGS_FOLDER, Config
from hitl_vault.domain.checkpoint import Checkpoint, origin_of
from hitl_vault.domain.merkle import Tree
from hitl_vault.errors import LedgerBroken, SignatureInvalid
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.trust.keys import Key, Keys
from hitl_vault.trust.signed_note import PublicKey, Signer, signed_by_one_of
from hitl_vault.vault.files import write_note
from hitl_vault.vault.layout import Layout

_PURPOSE = "checkpoint"
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
        self._layout = Layout(config.root)
        self._ledger = ledger
        self._keys = Keys(config.state)
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
            checkpoint = Checkpoint.read(signed_by_one_of(self.public_keys(), data["note"]))
            kept = Kept(note=data["note"], tree=tree, last=data["last"])
        except (FileNotFoundError, ValueError, KeyError, TypeError, SignatureInvalid):
            return None
        return kept if checkpoint == Checkpoint.of(self._origin, tree) else None

    def reach(self) -> tuple[int, datetime | None]:
        """Return the size and the time of the newest checkpoint, unchecked; 0 and None if there is none."""
        path = self._state / _KEPT
        try:
            at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            return int(json.loads(path.read_bytes())["size"]), at
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return 0, None

    def public_keys(self) -> list[PublicKey]:
        """Return every key whose checkpoints of this vault count, the one that signs now first."""
        self._signer()
        return [self._signer_of(key).public for key in self._keys.ring().usable]

    def public_key(self) -> PublicKey:
        """Return the key that checks the checkpoints that are made now."""
        return self._signer().public

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
        copy = self._layout.root / SETTINGS_FOLDER / COPY
        self._layout.check(copy)
        write_note(copy, note.encode(), sync=False)

    def _signer(self) -> Signer:
        return self._signer_of(self._keys.current(self._ledger.now()))

    def _signer_of(self, key: Key) -> Signer:
        return Signer(self._origin, key.derive(_PURPOSE))


def _rewritten(kept: Kept) -> LedgerBroken:
    size = kept.tree.size
    return LedgerBroken(
        f"entry {size} is not what it was at the last checkpoint: the record was written anew", seq=size
    )
