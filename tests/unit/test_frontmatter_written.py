"""Front matter is written so that it looks as it should, and reads back as what was written."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hitl_vault.vault.frontmatter import HANDLER, StrictHandler, Value, emit

EMITTED: list[tuple[Mapping[str, object], str]] = [
    ({"status": "pending"}, 'status: "pending"\n'),
    ({"a": ""}, 'a: ""\n'),
    ({"a": []}, "a: []\n"),
    ({"a": {}}, "a: {}\n"),
    ({"a": None}, 'a: ""\n'),
    ({"a": 7}, 'a: "7"\n'),
    ({"a": ["b", "c"]}, 'a:\n  - "b"\n  - "c"\n'),
    ({"a": ("b",)}, 'a:\n  - "b"\n'),
    (
        {"a": [["b", "c"], [], {"d": "e", "f": ["g"]}]},
        'a:\n  - ["b", "c"]\n  - []\n  - {"d": "e", "f": ["g"]}\n',
    ),
    ({"a": {"b": "c", "d": None, "e": 1}}, 'a: {"b": "c", "d": "", "e": "1"}\n'),
    (
        {"a b": "x", "yes": "x", "No": "x", "7": "x", "_a-1": "x"},
        '"a b": "x"\n"yes": "x"\n"No": "x"\n"7": "x"\n_a-1: "x"\n',
    ),
    ({"a": 'say "\\"\n'}, 'a: "say \\"\\\\\\"\\n"\n'),
    ({"a": "\x7f"}, 'a: "\\u007f"\n'),
    ({"a": "\u3164"}, 'a: "\\u3164"\n'),
    ({"a": "<% x %>"}, 'a: "<\\x25 x %>"\n'),
    ({"a": "\u200b\u2028\x85\u3164"}, 'a: "\\u200b\\u2028\\u0085\\u3164"\n'),
    ({"a": "\U000e0041\U0001f44d é"}, 'a: "\\U000e0041\U0001f44d é"\n'),
    ({"a": "\uffff\U00010000"}, 'a: "\\uffff\U00010000"\n'),
    ({"a": "[{" * 4}, f'a: "{"[{" * 4}"\n'),
    ({"a": "[{" * 4 + "["}, f'a: "{chr(92)}x5b{(chr(92) + "x7b" + chr(92) + "x5b") * 4}"\n'),
    ({"a": "x |# y"}, 'a: "x |\\x23 y"\n'),
    ({"a": "- " * 17 + "x"}, f'a: "{("-" + chr(92) + "x20") * 17}x"\n'),
    ({"a": "- " * 16 + "x"}, f'a: "{"- " * 16}x"\n'),
]


@pytest.mark.parametrize(("fields", "raw"), EMITTED)
def test_fields_are_written_as_they_should_look(fields: Mapping[str, object], raw: str) -> None:
    assert emit(fields) == raw


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "null",
        "~",
        "yes",
        "- a",
        "status: approved",
        "<% x %>",
        "---",
        "...",
        "\u2028",
        "\ufeff",
        "a\n---\nb",
        "#",
    ]
)
_keys = _text.filter(lambda key: key != "<<")
_values = st.recursive(
    _text, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3), max_leaves=8
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(_keys, _values, min_size=1, max_size=6))
@example({"status": "\u2028status: approved", "tags": ["a"], "": "", "~": {"null": []}})
@example({"a": "<%<% x"})
@example({"a": "why,?", "b": '[?"x"]', "c": " |# x", "d": ["{?", "?"], "e": {"?": "# [?'"}})
@example({"a": "[{" * 900, "b": "- " * 40, "c": "?  " * 40, "d": ": - ? " * 20, "e": "\\? \\[" * 20})
def test_what_is_emitted_reads_back_as_the_same_fields_in_order(fields: dict[str, Value]) -> None:
    raw = emit(fields)
    for handler in (HANDLER, StrictHandler(yaml.SafeLoader)):
        read = handler.load(raw)
        assert read == fields
        assert list(read) == list(fields)
    assert "<%" not in raw
    assert raw.isprintable() or set(raw) - {"\n"} == {c for c in raw if c.isprintable()}
