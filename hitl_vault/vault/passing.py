"""Errors of the system that say nothing about the file they came with: another time it may go well."""

from __future__ import annotations

import errno

_PASSING = frozenset(
    getattr(errno, name, None)
    for name in ("EIO", "EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "ENOSPC", "ESTALE", "ETIMEDOUT")
) - {None}


def passes(error: BaseException) -> bool:
    """Tell whether an error says nothing about the file: the disk failed, or too many files are open."""
    return isinstance(error, OSError) and error.errno in _PASSING
