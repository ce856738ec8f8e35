"""Twenty thousand hostile strings: each one inert block for two Markdown readers, and harmless to print."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

import mistune
import pytest
from markdown_it import MarkdownIt

import hitl_vault as hv
from hitl_vault.cli import render
from hitl_vault.domain.text import BLANK
from hitl_vault.vault import inert
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.templates import Templates
from tests import noted

MANY, PAGES = 20_000, 400
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
COMMONMARK = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OTHER = mistune.create_markdown(renderer="ast", plugins=["table", "task_lists", "footnotes", "math", "url"])
MARKS = "`~-=#>[](){}|*_!+.:;\"'\\/&<%^$@ \t\n\r0aA"
DRAWER = Drawer(Templates())


def strings(seed: int) -> Iterator[str]:
    """Yield hostile strings for ever: known attacks, marks of Markdown, any character, mixed and repeated."""
    draw = random.Random(seed)
    while True:
        parts = [_part(draw) for _ in range(draw.randrange(1, 7))]
        yield draw.choice(["", "\n", "\r\n", " "]).join(parts)


def _part(draw: random.Random) -> str:
    kind = draw.randrange(4)
    if kind == 0:
        return draw.choice(noted.ATTACKS)
    if kind == 1:
        return draw.choice("`~-#>:|%$=*_ \n\t\\") * draw.randrange(1, 40)
    if kind == 2:
        return "".join(draw.choices(MARKS, k=draw.randrange(1, 30)))
    return "".join(chr(draw.randrange(0x110000)) for _ in range(draw.randrange(1, 8)))


def hidden(text: str) -> set[str]:
    """Return the characters of a text that cannot be seen, move the cursor or change the direction."""
    return {c for c in set(text) if c not in "\n\t" and (unicodedata.category(c) in HIDDEN or c in BLANK)}


def test_each_is_one_inert_block_for_two_readers() -> None:
    for text in islice(strings(1), MANY):
        block = str(inert.block(text))
        assert not hidden(block)
        assert "<%" not in block
        first = COMMONMARK.parse(f"{block}\n\nEnd\n")
        assert [token.type for token in first] == ["fence", "paragraph_open", "inline", "paragraph_close"]
        assert first[2].content == "End"
        second = [token["type"] for token in OTHER(f"{block}\n\nEnd\n") if token["type"] != "blank_line"]  # type: ignore[union-attr, index]
        assert second == ["block_code", "paragraph"], repr(text)


def test_each_prints_without_control_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for text in islice(strings(2), MANY):
        line = hv.text.one_line(text, 60)
        assert not hidden(line)
        assert "\n" not in line
        assert "\t" not in line
        assert not hidden(render.cut(text, 40))
        for shown in render.block(text):
            assert not hidden(shown)
            assert hv.text.columns(shown) <= 80


def test_a_whole_note_made_of_them_keeps_its_outline() -> None:
    """Front matter, headings and boxes are those of a harmless request, whatever stands in its fields."""
    draw = strings(3)
    plain = outline(noted.request("zz", {"a": "b"}))
    for _ in range(PAGES):
        action, name, value, agent, summary, reason, run = islice(draw, 7)
        request = noted.request(
            "zz",
            {_valid(name): _valid(value)},
            agent=_valid(agent),
            summary=_valid(summary),
            reason=_valid(reason),
        )
        assert outline(request) == plain, repr((name, value, agent, summary, reason, action, run))


def _valid(text: str) -> str:
    return text.encode("utf-8", "replace").decode() or "x"


def outline(request: hv.Request) -> list[str]:
    """Return what a reader finds in a note: the kinds of its blocks, and the words of its headings."""
    note = DRAWER.draw(noted.pending(request)).decode()
    body = re.sub(r"\A---\n.*?\n---\n", "", note, flags=re.DOTALL)
    assert not hidden(note)
    kept = (
        "fence",
        "heading_open",
        "inline",
        "list_item_open",
        "blockquote_open",
        "html_block",
        "code_block",
    )
    return [
        token.content if token.type == "inline" and token.level < 3 else token.type
        for token in COMMONMARK.parse(body)
        if token.type in kept
    ]
