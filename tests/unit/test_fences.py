"""Fenced blocks are found where CommonMark finds them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hitl_vault.vault.fences import fences, outside, unclosed

_lines = st.lists(
    st.sampled_from(
        [
            "```",
            "````",
            "`````",
            "~~~",
            "~~~~",
            "```text",
            "~~~ a`b",
            "``` a`b",
            "   ```",
            "    ```",
            "```  ",
            "``",
            "",
            "x",
            "# x",
            "~~~\t",
            "``` ~~~",
            " ~~~~ ",
        ]
    ),
    max_size=12,
).map("\n".join)


@settings(max_examples=500, deadline=None)
@given(_lines)
def test_fences_are_those_of_a_markdown_parser(text: str) -> None:
    theirs = [token for token in MarkdownIt().parse(text) if token.type == "fence"]
    assert [_plain(fence) for fence in fences(text)] == [_plain(token) for token in theirs]


def _plain(block: Any) -> tuple[str, list[str]]:
    """Blanks aside: a parser removes the fence's own indentation."""
    return block.info.strip(), block.content.split()


@settings(max_examples=300, deadline=None)
@given(_lines)
def test_every_character_is_in_a_fence_or_outside_of_it(text: str) -> None:
    parts = [text[start:end] for start, end in outside(text)]
    inside = [text[fence.start : fence.end] for fence in fences(text)]
    assert len("".join(parts)) + len("".join(inside)) == len(text)
    assert [list(fences(part)) for part in parts] == [[] for _ in parts]


@settings(max_examples=300, deadline=None)
@given(_lines)
def test_an_open_fence_can_be_closed(text: str) -> None:
    assert unclosed(f"{text}\n{unclosed(text)}\n") == ""


@pytest.mark.parametrize(
    ("text", "line"), [("x", ""), ("```\nx\n```", ""), ("```\nx", "```"), ("  ~~~~ a\n```", "~~~~")]
)
def test_the_closing_line_is_the_opening_run(text: str, line: str) -> None:
    assert unclosed(text) == line
