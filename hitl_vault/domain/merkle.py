"""A Merkle tree as in RFC 6962 that only grows, kept as the few hashes that its root and its growth need."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


class Tree:
    """A tree of `size` leaves; `peaks` are the roots of its full subtrees, largest first.

    Adding a leaf takes a few hashes at most times, whatever the size; so does the root.
    """

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peaks)
        if len(self._peaks) != size.bit_count() or any(len(peak) != 32 for peak in self._peaks):
            raise ValueError(f"these are not the peaks of a tree of {size} leaves")

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """What has to be kept to go on from here."""
        return tuple(self._peaks)

    def add(self, data: bytes) -> None:
        """Add a leaf."""
        node = hashlib.sha256(b"\0" + data).digest()
        full = self.size
        while full & 1:
            node = _parent(self._peaks.pop(), node)
            full >>= 1
        self._peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the Merkle tree hash."""
        if not self._peaks:
            return hashlib.sha256().digest()
        node = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            node = _parent(peak, node)
        return node


def _parent(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
