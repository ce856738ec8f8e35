"""A checkpoint of the record: how many entries it has and the one root that they all amount to.

As text it is a C2SP tlog-checkpoint: the origin, the size and the base64 root, a line each. The
leaves of the tree (RFC 6962) are the hashes of the entries, 32 bytes each.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from hitl_vault.domain.entry import Entry
from hitl_vault.domain.merkle import Tree
from hitl_vault.errors import LedgerBroken


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What a record was: its `origin`, its `size` in entries and the `root` over them."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """Return the checkpoint that `str` wrote; `ValueError` if the text is none."""
        origin, size, root = (*text.split("\n"), "", "")[:3]
        if not origin or not (size.isascii() and size.isdigit()) or str(int(size)) != size:
            raise ValueError("not a checkpoint: expected an origin, a size and a root")
        try:
            data = base64.b64decode(root, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("not a checkpoint: its root is not base64") from None
        if len(data) != 32:
            raise ValueError("not a checkpoint: its root is not a SHA-256")
        return cls(origin=origin, size=int(size), root=data)

    @classmethod
    def of(cls, origin: str, tree: Tree) -> Checkpoint:
        """Return the checkpoint of a record whose entries make `tree`."""
        return cls(origin=origin, size=tree.size, root=tree.root())

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def origin_of(vault_id: str) -> str:
    """Return the origin of a vault's checkpoints, which is also the name of the key that signs them."""
    return f"hitl-vault/{vault_id}"


class Witness:
    """Holds a record, entry by entry, against a checkpoint that was kept elsewhere."""

    def __init__(self, kept: Checkpoint) -> None:
        self.kept = kept
        self._tree = Tree()
        self._check()

    def take(self, entry: Entry) -> None:
        """Take the next entry; `LedgerBroken` if the first ones are not those of the checkpoint."""
        if self._tree.size < self.kept.size:
            self._tree.add(bytes.fromhex(entry.hash))
            self._check()

    def finish(self) -> None:
        """Say that there are no more entries; `LedgerBroken` if the checkpoint had more."""
        if self._tree.size < self.kept.size:
            raise LedgerBroken(
                f"the record ends with entry {self._tree.size}, and had {self.kept.size} at the checkpoint: "
                "entries were removed at its end",
                seq=self._tree.size + 1,
            )

    def _check(self) -> None:
        if self._tree.size == self.kept.size and self._tree.root() != self.kept.root:
            raise LedgerBroken(
                f"the first {self.kept.size} entries are not those of the checkpoint: "
                "the record was written anew",
                seq=1 if self.kept.size else None,
            )
