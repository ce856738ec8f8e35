"""Work that waits in order, each name once."""

from __future__ import annotations

from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def first(queue: dict[str, T], most: int) -> list[tuple[str, T]]:
    """Take at most `most` of what waits longest out of the queue."""
    taken = list(islice(queue.items(), most))
    for id, _ in taken:
        del queue[id]
    return taken
