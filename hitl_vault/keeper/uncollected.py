"""Keeps Python from looking for garbage while a batch of records is in use, none of which is garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Put off the collection of cycles in this process until the context is left; for a moment only.

    Collected in the middle, the batch would count as long-lived, and in a burst all that lives would be
    looked through again and again for it.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
