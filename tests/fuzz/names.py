"""The names of files in a vault: which of them are notes, and whose."""

from __future__ import annotations

import os

from hitl_vault.vault.layout import Layout, is_copy
from tests.fuzz.target import Target

LAYOUT = Layout("/vault")
FOLDERS = ("Pending_Approval", "Approved", "Rejected", "Done", "Standing_Rules")
OWN = "mail/PAYMENT_Acme.md"


def name(data: bytes) -> str:
    """A path is a note exactly where the layout says so, and every id that it carries stands in its name."""
    text = os.fsdecode(data)[:4096]
    place = LAYOUT.classify(f"/vault/{text}")
    assert (place is not None) == _is_note(text), text
    copy = is_copy(text, OWN)
    assert not (copy and text == OWN)
    is_copy(OWN, text)
    if place is None:
        return "no note"
    file = text.rpartition("/")[2].lower()
    assert all(id in file and _is_id(id) for id in place.ids)
    assert not place.canonical or place.name.removesuffix(".md") in place.ids
    return "the note" if place.canonical else "a copy" if copy else "a note"


def _is_note(text: str) -> bool:
    folder, *rest = text.split("/")
    plain = all(part and part[0] != "." and part[:2] != "~$" for part in rest)
    return folder in FOLDERS and bool(rest) and plain and text.endswith(".md")


def _is_id(text: str) -> bool:
    day, time, *slug, tail = text.split("-")
    digits = len(day) == 8 and len(time) == 6 and f"{day}{time}".isdigit()
    return digits and bool(slug) and len(tail) == 8 and tail.isalnum() and text.isascii()


LARGE = {
    "name-of-4000-letters": b"Done/" + b"a" * 4_000 + b".md",
    "name-of-270-dates": b"Done/" + b"20260102-030405-" * 16 + b".md",
    "copy-of-4000-brackets": b"Done/mail/PAYMENT_Acme (" + b"conflict " * 400 + b".md",
    "copy-of-4000-underlines": b"mail/PAYMENT_Acme_" + b"a_conflict" * 390 + b"x.md",
}
NAMES = (Target(name="name", check=name, large=LARGE),)
