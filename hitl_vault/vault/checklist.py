"""The boxes in a note that are nobody's answer: a checklist of a template's or an agent's own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from hitl_vault.vault.fences import lines_in_place, outside

ITEM = re.compile(
    r"^(?P<indent>[> \t]*)(?:[-*+]|\d{1,9}[.)]) {1,4}\[(?P<mark>[!-~ ])\][ \t]+"
    r"(?!(?:Approve|Reject)[ \t]*$|Yes, and the same for )(?P<label>[^\n]*[^ \t\n])[ \t]*$",
    re.MULTILINE,
)
"""An item of a checklist, also nested or in a callout."""

Marks: TypeAlias = Mapping[tuple[str, int], str]
"""What stands in each box, by its label and how many have had the same label before."""


def marks_in(text: str) -> Marks:
    """Return what stands in the boxes of checklists outside of fences."""
    return {name: item["mark"] for name, item in _items(text)}


def with_marks(text: str, marks: Marks) -> str:
    """Return text in which the boxes that are named in `marks` say so, and every other byte is the same."""
    parts, at = list[str](), 0
    for name, item in _items(text) if marks else ():
        parts += text[at : item.start("mark")], marks.get(name, item["mark"])
        at = item.end("mark")
    return "".join(parts) + text[at:]


def _items(text: str) -> Iterator[tuple[tuple[str, int], re.Match[str]]]:
    plain, seen = lines_in_place(text), Counter[str]()
    for span in outside(plain):
        for item in ITEM.finditer(plain, *span):
            label = item["label"]
            yield (label, seen[label]), item
            seen[label] += 1
