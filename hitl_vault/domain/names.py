"""When people would take two names for the same."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(256)
def alike(name: str) -> str:
    """Return what names have in common that people would take for the same.

    Compatible letters, case, blanks and invisible characters make no difference; accents and scripts do.
    """
    before = None
    while name != before:  # dropping a character may let its neighbours combine
        before = name
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
        name = "".join(char for char in folded if unicodedata.category(char)[0] not in "CZ")
    return name
