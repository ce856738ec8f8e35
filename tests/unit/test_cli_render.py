"""What others wrote does no harm to a terminal, and fits."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hitl_vault as hv
from hitl_vault.cli import render

HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(list("\x1b\x07\x08\r\n\t\x7f\x9b\u200b\u202e\u2066\ufeff界é ⟨")),
    ),
    max_size=60,
)


def is_harmless(text: str) -> bool:
    return all(unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in text)


@given(HOSTILE, st.integers(1, 40))
def test_a_cut_text_is_one_harmless_line_that_fits(text: str, width: int) -> None:
    line = render.cut(text, width)
    assert is_harmless(line)
    assert hv.text.columns(line) <= width


@given(HOSTILE, st.integers(4, 40))
def test_wrapped_lines_are_harmless_and_fit(text: str, width: int) -> None:
    for line in render.wrapped(text, width):
        assert is_harmless(line)
        assert hv.text.columns(line) <= width


@given(st.text("ab 界", max_size=80), st.integers(4, 20))
def test_wrapping_loses_nothing_but_blanks(text: str, width: int) -> None:
    assert "".join(render.wrapped(text, width)).replace(" ", "") == text.replace(" ", "")


@given(HOSTILE)
def test_json_in_ascii_says_the_same(text: str) -> None:
    line = json.dumps({"text": text}, ensure_ascii=False)
    plain = hv.ascii_line(line)
    assert plain.isascii()
    assert is_harmless(plain)
    assert json.loads(plain) == json.loads(line)


@given(st.lists(st.tuples(HOSTILE, HOSTILE), max_size=4))
def test_a_table_is_harmless_and_as_wide_as_the_terminal(rows: list[tuple[str, str]]) -> None:
    cells = [[render.cut(a, 18), render.cut(b, 400)] for a, b in rows]
    for line in render.table(["ONE", "TWO"], cells, [["", ""]] * len(cells)):
        assert is_harmless(line)
        assert hv.text.columns(line) <= render.width()


@pytest.mark.parametrize(("columns", "width"), [("80", 80), ("200", 200), ("7", 40), ("", 80), ("x", 80)])
def test_the_width_is_what_the_terminal_says(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert render.width() == width
