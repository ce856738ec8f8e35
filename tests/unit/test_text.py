"""Text made harmless to look at."""

from __future__ import annotations

import hashlib
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hitl_vault.domain.text import (
    bounded,
    columns,
    fence,
    look_alikes,
    measure,
    mixed_scripts,
    one_line,
    plural,
    turning_words,
    visible,
)
from tests.noted import hostile


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, ä ß 日本 😀", "plain text, ä ß 日本 😀"),
        ("line\n\tfeed", "line\n\tfeed"),
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("\u202egnp.exe", "⟨U+202E⟩gnp.exe"),
        ("a\rb", "a⟨U+000D⟩b"),
        ("\x1b[2J", "⟨U+001B⟩[2J"),
        ("a\u00a0b\u3000c", "a⟨U+00A0⟩b⟨U+3000⟩c"),
        ("\u3164\u2800\u115f\u034f", "⟨U+3164⟩⟨U+2800⟩⟨U+115F⟩⟨U+034F⟩"),
        ("❤\ufe0f", "❤⟨U+FE0F⟩"),
        ("\U000e0041\U000e0100", "⟨U+E0041⟩⟨U+E0100⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("\ue000\uffff", "⟨U+E000⟩⟨U+FFFF⟩"),
        ("\x7f\x85\u2028\u2029", "⟨U+007F⟩⟨U+0085⟩⟨U+2028⟩⟨U+2029⟩"),
        ("⟨U+200B⟩", "⟨U+27E8⟩U+200B⟩"),
    ],
)
def test_what_cannot_be_seen_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_no_character_of_a_hidden_category_survives() -> None:
    everything = "".join(map(chr, range(0x110000)))
    left = set(visible(everything)) - {"\n", "\t"}
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not [char for char in left if unicodedata.category(char) in hidden]
    assert not [char for char in left if unicodedata.category(char) == "Zs" and char != " "]


@given(st.text() | hostile, st.text() | hostile)
def test_two_texts_never_look_the_same(one: str, other: str) -> None:
    assert (visible(one) == visible(other)) == (one == other)


@pytest.mark.parametrize("text", ["ж" * 1_000_000, "\u200b" * 1_000_000, "plain text " * 100_000])
def test_a_megabyte_takes_well_under_a_second(text: str) -> None:
    started = time.process_time()
    visible(text)
    assert time.process_time() - started < 0.6


@pytest.mark.parametrize(
    ("text", "width", "line"),
    [
        ("short", 80, "short"),
        ("two\nlines", 80, "two⟨U+000A⟩lines"),
        ("x" * 100, 20, "x" * 6 + "⟨… 100 in all⟩"),
        ("日" * 20, 20, "日" * 3 + "⟨… 20 in all⟩"),
        ("y" * 300, None, "y" * 300),
    ],
)
def test_one_line_says_what_it_leaves_out(text: str, width: int | None, line: str) -> None:
    assert one_line(text, width) == line


@given(hostile, st.integers(20, 60))
def test_one_line_is_one_line_and_fits(text: str, width: int) -> None:
    line = one_line(text, width)
    assert columns(line) <= width
    assert len(line.splitlines()) <= 1


def test_a_long_text_is_never_cut_in_silence() -> None:
    text = "é" * 5000
    head, line = bounded(text, 1000).split("\n")
    assert head == "é" * 500
    assert line == f"⟨… 10000 bytes in all, sha256:{hashlib.sha256(text.encode()).hexdigest()}⟩"


@given(hostile, st.integers(0, 200))
def test_bounded_shows_all_or_says_so(text: str, limit: int) -> None:
    shown = bounded(text, limit)
    assert shown == visible(text) or shown.rsplit("\n", 1)[1].startswith("⟨… ")


@given(st.lists(hostile, min_size=1, max_size=4))
def test_no_text_leaves_its_fence(texts: list[str]) -> None:
    page = "\n\n".join(f"{fence(text)}\n\nbetween" for text in texts)
    tokens = MarkdownIt("commonmark").enable("table").parse(page)
    assert [token.type for token in tokens if token.type in ("fence", "inline")] == ["fence", "inline"] * len(
        texts
    )
    assert {token.content for token in tokens if token.type == "inline"} == {"between"}
    assert "<%" not in page


@pytest.mark.parametrize(
    ("text", "fenced"),
    [
        ("a", "```text\na\n```"),
        ("", "```text\n\n```"),
        ("a\n", "```text\na\n```"),
        ("a\r\nb", "```text\na\nb\n```"),
        ("````", "`````text\n````\n`````"),
        ("<% x %>", "```text\n<⟨U+0025⟩ x %>\n```"),
    ],
)
def test_a_fence_is_longer_than_what_is_in_it(text: str, fenced: str) -> None:
    assert fence(text) == fenced


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("paypal.com", {}),
        ("pаypal.com", {"pаypal.com": ("Cyrillic", "Latin")}),
        ("Москва Berlin", {}),
        ("аррӏе.com", {"аррӏе.com": ("Cyrillic", "Latin")}),
        ("ana@аррӏе.com or ana@apple.com", {"ana@аррӏе.com": ("Cyrillic", "Latin")}),
        ("Конец. Begin", {}),
        ("Ελλάδα und Tokyo 東京", {}),
        ("gοogle аpple", {"gοogle": ("Greek", "Latin"), "аpple": ("Cyrillic", "Latin")}),
    ],
)
def test_words_of_mixed_scripts_are_named(text: str, found: dict[str, tuple[str, ...]]) -> None:
    assert mixed_scripts(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pay --ref \u05d0 5 9000", ["\u05d0"]),
        ("pay \u0627\u0628 5, 9000, 7", ["\u0627\u0628"]),
        ("\u05d0 5 9000 \u05d1\u05d2 1 2", ["\u05d0", "\u05d1\u05d2"]),
        ("\u05d0 \u0665 \u0669", ["\u05d0"]),
        ("5 9000 \u05d0", []),
        ("\u05d0 5 to 9000", []),
        ("\u05d0 1,000.50", []),
        ("\u05d0\u05d1 900 \u05d2 5", []),
        ("\u00e9 5 9000", []),
        ("pay 5 9000", []),
    ],
)
def test_words_that_turn_the_order_of_numbers_are_named(text: str, found: list[str]) -> None:
    assert turning_words(text) == found


def test_a_name_that_turns_its_own_value_is_told_and_a_word_of_a_command() -> None:
    told = "\u05d0 turns the numbers after it around"
    for value in (
        {"argv": ["pay", "\u05d0", "5", "9000"]},
        {"\u05d0 5": 9000},
        {"a": [{"b": "\u05d0 5 9000"}]},
        {"\u05d0 5": "9000"},
        "\u05d0 5 9000",
    ):
        assert look_alikes(value, "plain") == told
    assert look_alikes({"\u05d0 5": {"a": 9000}, "b": ["\u05d0", "5"]}) == ""


@pytest.mark.parametrize("value", [{"\u05d0 5": [9000]}, ["\u05d0", [5, 9000]], {"\u05d0": [5, 9000]}])
def test_a_list_stands_on_lines_of_its_own_where_no_word_turns_its_numbers(value: object) -> None:
    assert look_alikes(value) == ""


def test_look_alikes_are_told_wherever_they_stand_in_a_value() -> None:
    context = {
        "to": ["p\u0430ypal.com", {"n\u0430me": None}],
        "amount": 900,
        "note": ("fine", "\u0430b c\u0430d"),
    }
    assert look_alikes(context, "plain") == (
        "p\u0430ypal.com mixes Cyrillic and Latin, n\u0430me mixes Cyrillic and Latin, "
        "\u0430b mixes Cyrillic and Latin, c\u0430d mixes Cyrillic and Latin"
    )
    assert look_alikes({"to": "paypal.com"}, 1, None) == ""


def test_a_character_without_a_name_belongs_to_no_script() -> None:
    assert mixed_scripts("a\U000e1000b\ue000") == {}
    assert mixed_scripts("a\U00017000b") == {}, "a Tangut letter, which Python cannot name"


@pytest.mark.parametrize("char", ["a", "é", "\u65e5", "\U0001f600"])
def test_a_text_is_cut_by_its_bytes_never_within_a_character(char: str) -> None:
    size = len(char.encode())
    assert bounded(char * 10, 10 * size) == char * 10
    for limit in range(9 * size, 10 * size):
        assert bounded(char * 10, limit) == f"{char * 9}\n{measure(char * 10)}"


def test_what_is_not_shown_is_measured_whole_whatever_is_in_it() -> None:
    text = "\ud800x" * 100
    data = text.encode("utf-8", "surrogatepass")
    line = f"⟨… {len(data)} bytes in all, sha256:{hashlib.sha256(data).hexdigest()}⟩"
    assert bounded(text, 14) == f"⟨U+D800⟩x\n{line}"
    assert bounded("abc", None) == bounded("abc", 3) == "abc"


def test_what_can_be_seen_counts_not_what_was_written() -> None:
    marked = bounded("\u200b" * 3, 30)
    assert marked.startswith("⟨U+200B⟩⟨U+200B⟩⟨U+2")
    assert marked.endswith(measure("\u200b" * 3))


@pytest.mark.parametrize(("run", "ticks"), [(0, 3), (1, 3), (2, 3), (3, 4), (4, 5), (9, 10)])
def test_a_fence_has_one_backtick_more_than_any_run_in_it_and_at_least_three(run: int, ticks: int) -> None:
    lines = fence(f"a {'`' * run} b {'`' * min(run, 3)} c").splitlines()
    assert (lines[0], lines[-1]) == ("`" * ticks + "text", "`" * ticks)


def test_a_fence_takes_as_many_bytes_as_it_is_given() -> None:
    assert fence("abcdef", "json", 3) == f"```json\nabc\n{measure('abcdef')}\n```"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 3, "abc"),
        ("a" * 32, 13, "⟨… 32 in all⟩"),
        ("a" * 17, 16, "aaa" + "⟨… 17 in all⟩"),
        ("\u65e5" * 8, 16, "\u65e5" * 8),
        ("\u65e5" * 9, 17, "\u65e5\u65e5" + "⟨… 9 in all⟩"),
        ("\uff21" * 9, 16, "\uff21\uff21" + "⟨… 9 in all⟩"),
        ("e\u0301" * 16, 32, "e\u0301" * 16),
        ("a\nb\tc", None, "a⟨U+000A⟩b⟨U+0009⟩c"),
        ("\n", 8, "⟨U+000A⟩"),
    ],
)
def test_a_line_takes_as_many_columns_as_it_is_given_and_says_how_long_it_was(
    text: str, width: int | None, shown: str
) -> None:
    assert one_line(text, width) == shown


def test_marks_without_a_width_do_not_make_a_line_longer_than_its_columns() -> None:
    piled = "a" + "\u0301" * 1000 + "b"
    assert one_line(piled, 20) == "a" + "\u0301" * 20 + "⟨… 1002 in all⟩"


@pytest.mark.parametrize(
    ("text", "wide"),
    [
        ("abc", 3),
        ("é", 1),
        ("e\u0301", 1),
        ("\u65e5", 2),
        ("\uff21", 2),
        ("\uff71", 1),
        ("\U0001f600", 2),
        ("", 0),
    ],
)
def test_wide_letters_take_two_columns_and_combining_marks_none(text: str, wide: int) -> None:
    assert columns(text) == wide


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 requests"), (1, "1 request"), (2, "2 requests"), (11, "11 requests")]
)
def test_only_one_of_a_kind_is_not_many(count: int, told: str) -> None:
    assert plural(count, "request") == told
