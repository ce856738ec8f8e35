"""Request ids: sortable by time, readable, safe as a file name everywhere."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base32: no i, l, o, u
_TAIL = 8
_SLUG = 32

ID = re.compile(rf"\d{{8}}-\d{{6}}-[a-z0-9](?:[a-z0-9-]{{0,{_SLUG - 1}}})-[{_ALPHABET}]{{{_TAIL}}}", re.ASCII)


@lru_cache(256)
def slug(action: str) -> str:
    """Return `action` in lower-case ASCII letters, digits and single hyphens; `action` if nothing is left."""
    ascii_text = unicodedata.normalize("NFKD", action).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")
    return words[:_SLUG].strip("-") or "action"


def new_id(action: str, at: datetime) -> str:
    """Return a fresh id such as `20260102-030405-payment-7k3m9x2q`; 40 random bits."""
    tail = "".join(map(_ALPHABET.__getitem__, (byte & 31 for byte in secrets.token_bytes(_TAIL))))
    return f"{at.astimezone(UTC):%Y%m%d-%H%M%S}-{slug(action)}-{tail}"


def is_id(text: str) -> bool:
    """Tell whether `text` has the form of a request id."""
    return ID.fullmatch(text) is not None


def ids_in(name: str) -> Iterator[str]:
    """Yield every id that a file name could carry; of those that begin at one place the shortest first.

    A conflict copy adds words to the name, and a device name may look like more of the id
    (`…-7k3m9x2q-desktop1.md`), so the caller asks the ledger which of them exists.
    """
    seen: set[str] = set()
    for start in re.finditer(r"(?=\d{8}-\d{6}-)", name):
        for end in range(start.start(), len(name) + 1):
            candidate = name[start.start() : end]
            if candidate not in seen and is_id(candidate):
                seen.add(candidate)
                yield candidate
