"""Front matter is read so that a person and the server cannot see different values, or not at all."""

from __future__ import annotations

import time
from collections.abc import Mapping

import frontmatter
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.frontmatter import HANDLER, LIMIT, StrictHandler, Value, emit, parse

ALIAS_BOMB = "a: &a [x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 8)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

REFUSED = [
    ("", "empty"),
    ("\n\n", "empty"),
    ("# only a comment\n", "empty"),
    ("approved\n", "not a field"),
    ("- status: approved\n", "not a field"),
    ("status:approved\n", "ordinary space"),
    ("status:\u00a0approved\n", "ordinary space"),
    ("status:\u00a0approved\nid: x\n", "ordinary space"),
    ("status: approved\n...\nstatus: rejected\n", "line 3"),
    ("status: approved\n...\n", "ends the YAML early"),
    ("--- \nx: y\n", "ends the YAML early|second document|empty"),
    ("%YAML 1.1\n", "line|empty"),
    ("status: pending\nstatus: approved\n", "second time"),
    ('status: pending\n"status": approved\n', "second time"),
    ("a:\n  b: 1\n  b: 2\n", "second time"),
    ("a: &x approved\n", "anchor"),
    ("&x status: approved\n", "anchor"),
    ("a: &x\n  b: c\n", "anchor"),
    ("a: *x\n", "alias"),
    ("a: x\n*x : approved\n", "not plain text|YAML"),
    ("<<: {status: approved}\n", "merges"),
    ('"<<": x\n', "merges"),
    ("status: !!str approved\n", "tag"),
    ("status: ! approved\n", "tag"),
    ("a: !!set\n  b:\n", "tag"),
    ("a: !!python/object/apply:os.system ['true']\n", "tag"),
    ("? [a, b]\n: c\n", "not plain text"),
    ("? |\n  status\n: approved\n", "not plain text"),
    ("? {a: b}\n: c\n", "not plain text"),
    ("a: {b: c}\n", "within braces"),
    ("a: [b? c]\n", "within brackets|YAML"),
    ("a:\n\t- b\n", "tab"),
    ("a: |\n\tb\n", "tab"),
    ('a: [b, ?"c"]\n', "`,\\?`"),
    ("a: |#x\n", "has `|#`"),
    ('"\\ud800": x\n', "YAML"),
    ("a: 'x\n", "YAML"),
    ('a: "\\q"\n', "YAML"),
    ('a: "\\ud800"\n', "YAML"),
    ('a: "\\U00110000"\n', "YAML"),
    ('a: "\\U80000000"\n', "YAML"),
    ("a: @b\n", "YAML"),
    ("a: `b`\n", "YAML"),
    ("a: b: c\n", 'the value holds `: `; put it into quotes: `a: "b: c"`'),
    ("comment: x\u2028status: approved\n", r"U\+2028"),
    ("comment: x\u2029status: approved\n", r"U\+2029"),
    ("comment: x\u0085status: approved\n", r"U\+0085"),
    ("comment: x\x0bstatus: approved\n", r"U\+000B"),
    ("comment: x\x1b[2J\n", r"U\+001B"),
    ("\ufeffstatus: approved\n", r"U\+FEFF"),
    ("<<<<<<< HEAD\nstatus: approved\n=======\nstatus: rejected\n>>>>>>> b\n", "line 2 .*conflict"),
    ("status: approved\n<<<<<<< HEAD\n=======\n>>>>>>> b\n", "line 3 .*conflict"),
    ('comment: "\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> b\n"\nstatus: approved\n', "conflict"),
    ("a: " + "[" * 24_000 + "\n", "larger|brackets"),
    ("a: " + "[" * 16_000 + "\n", "brackets"),
    ("a: " + "[{" * 8_000 + "\n", "brackets"),
    ("a: " + "[" * 200 + "]" * 200 + "\n", "deeper"),
    ("a: " + '["]", ' * 100 + "1" + "]" * 100 + "\n", "deeper"),
    ("- " * 5_000 + "a\n", "nested lists"),
    ("? " * 5_000 + "a\n", "nested lists"),
    ("\n".join(" " * n + "a:" for n in range(60)) + "\n", "deeper"),
    (ALIAS_BOMB, "anchor"),
    ("a: " + "x" * LIMIT + "\n", "larger than 16 KiB"),
]


@pytest.mark.parametrize(("raw", "reason"), REFUSED)
@pytest.mark.parametrize("handler", [HANDLER, StrictHandler(yaml.SafeLoader)], ids=["fast", "pure"])
def test_what_parsers_disagree_about_is_refused_quickly_with_a_reason(
    handler: StrictHandler, raw: str, reason: str
) -> None:
    started = time.process_time()
    with pytest.raises(BallotInvalid, match=reason):
        handler.load(raw)
    assert time.process_time() - started < 1


READ: list[tuple[str, Value]] = [
    ("v: approved", "approved"),
    ('v: "approved"', "approved"),
    ("v: 'it''s'", "it's"),
    ("v:    approved   # a comment", "approved"),
    ("v:\tapproved", "approved"),
    ("v:", ""),
    ("v: null", ""),
    ("v: ~", ""),
    ('v: "null"', "null"),
    ("v: yes", "yes"),
    ("v: 12:30", "12:30"),
    ("v: 010", "010"),
    ("v: 1250.00", "1250.00"),
    ("v: 2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
    ("v: \u00a0x", "\u00a0x"),
    ("v: =", "="),
    ("v:\n  - approved", ["approved"]),
    ("v:\n- approved", ["approved"]),
    ("v: [approved]", ["approved"]),
    ("v: []", []),
    ("v: {}", {}),
    ('v: {"a": [b, {"c": d}]}', {"a": ["b", {"c": "d"}]}),
    ("v:\n  a: b\n  c:\n    - d", {"a": "b", "c": ["d"]}),
    ("v: |\n  one\n  two\n", "one\ntwo\n"),
    ("v: |-\n  one\n\n  two", "one\n\ntwo"),
    ("v: >\n  one\n  two\n", "one two\n"),
    ("v: one\n  two", "one two"),
    ('v: "a\\nb\\u00e9"', "a\nb\u00e9"),
    ("v: https://example.org/#x", "https://example.org/#x"),
    ("v: \U0001f44d", "\U0001f44d"),
]


@pytest.mark.parametrize(("raw", "value"), READ)
@pytest.mark.parametrize("handler", [HANDLER, StrictHandler(yaml.SafeLoader)], ids=["fast", "pure"])
def test_a_scalar_is_the_string_that_stands_there(handler: StrictHandler, raw: str, value: Value) -> None:
    assert handler.load(raw) == {"v": value}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no front matter"),
        ("# Title\n", "no front matter"),
        ("\n---\na: b\n---\n", "stands before"),
        (" ---\na: b\n---\n", "stands before|no front matter"),
        ("hello\n---\na: b\n---\n", "stands before"),
        ("\ufeff---\na: b\n---\n", "stands before"),
        ("----\na: b\n----\n", "no front matter"),
        ("---\na: b\n", "not closed"),
        ("---\na: b\n...\n", "not closed"),
        ("---\na: b\n ---\n", "not closed"),
        ("---\na: b\n----\n", "not closed"),
        ("---", "no front matter|stands before"),
        ("---\n---\n", "empty"),
        ("--- a: b\n---\n", "stands before"),
    ],
)
def test_front_matter_stands_between_two_lines_of_three_hyphens(text: str, reason: str) -> None:
    with pytest.raises(BallotInvalid, match=reason):
        parse(text)


def test_the_parts_are_kept_as_they_stand() -> None:
    parts = parse("--- \nb: 1\na: 2 # why\n---\t\n\n  body\n---\n")
    assert (parts.raw, parts.body) == ("b: 1\na: 2 # why\n", "\n  body\n---\n")
    assert list(parts.fields) == ["b", "a"]


def test_python_frontmatter_takes_the_handler() -> None:
    post = frontmatter.loads('---\nb: yes\na: "2"\n---\nbody', handler=StrictHandler())
    assert (post.metadata, post.content) == ({"b": "yes", "a": "2"}, "body")
    assert frontmatter.dumps(post) == '---\nb: "yes"\na: "2"\n\n---\n\nbody'


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


_SEEDS = [raw for raw, _ in READ] + [raw for raw, _ in REFUSED if len(raw) < 200]
_BITS = ["\n", " ", "\n  ", ":", ": ", "- ", "? ", "|\n  ", ">-\n ", "[", "]", "{", "}", ",", "#", " #"]
_BITS += ['"', "'", "&a ", "*a", "!", "%", "\\", "\t", "\u00a0", "---", "...", "<<", "~", "\\u0085", "=", "@"]


@settings(max_examples=1500, deadline=None)
@given(
    st.sampled_from(_SEEDS),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2), st.sampled_from(_BITS)), max_size=4),
)
def test_libyaml_and_pure_python_read_the_same_or_refuse_both(
    raw: str, edits: list[tuple[int, int, str]]
) -> None:
    for at, cut, bit in edits:
        raw = raw[:at] + bit + raw[at + cut :]
    assert _load(HANDLER, raw) == _load(StrictHandler(yaml.SafeLoader), raw)


def _load(handler: StrictHandler, raw: str) -> object:
    try:
        return handler.load(raw)
    except BallotInvalid:
        return "refused"


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


TOLD = [
    ("a: 1\nb: 'x\n", "line 4 of the note is not the YAML of a field (found unexpected end of stream)"),
    (
        "a: 1\nb: @c\n",
        "line 3 of the note is not the YAML of a field (found character that cannot start any token)",
    ),
    (
        'a: 1\nb: "\\ud800"\n',
        "line 3 of the note is not the YAML of a field (found invalid Unicode character escape code)",
    ),
    ("a: 1\na: 2\n", "line 3 of the note names 'a' a second time; keep one"),
    ("a: x\u2028\n", "line 2 holds the character U+2028; remove it"),
    ("a: x\nb: x\x1b\n", "line 3 holds the character U+001B; remove it"),
    ("a: x\n<<<<<<< HEAD\n", "line 3 is a merge conflict marker; resolve the conflict"),
    ("\n\na: x\u2028\n", "line 4 holds the character U+2028; remove it"),
    ("a:\n\t- b\n", "line 3 is indented with a tab, or lacks a space in `|#` or `,?`"),
    ("a: 1\n  \nb: c: d\n", 'line 4 of the note: the value holds `: `; put it into quotes: `b: "c: d"`'),
]


@pytest.mark.parametrize(("raw", "told"), TOLD)
def test_a_message_begins_with_the_line_of_the_note_and_what_is_there(raw: str, told: str) -> None:
    with pytest.raises(BallotInvalid) as error:
        HANDLER.load(raw)
    assert str(error.value).startswith(told)


def test_a_note_without_front_matter_is_told_what_its_first_line_must_be() -> None:
    for text, told in {
        "# Title\n": "there is no front matter; the first line must be `---`",
        "# Title\n---\n": "text stands before the front matter; `---` must be the very first line",
        "---\na: b\n": "the front matter is not closed; end it with a line `---`",
    }.items():
        with pytest.raises(BallotInvalid) as error:
            parse(text)
        assert str(error.value) == told


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ('a: "\\ud800"\n', "surrogates not allowed"),
        ('a: "\\U00110000"\n', "ValueError"),
        ('a: "\\U80000000"\n', "OverflowError"),
    ],
)
def test_a_message_without_libyaml_says_what_is_known(raw: str, told: str) -> None:
    with pytest.raises(BallotInvalid) as error:
        StrictHandler(yaml.SafeLoader).load(raw)
    assert str(error.value) == (
        f"the front matter is not the YAML of a field ({told}); write `name: value`, with an ordinary space"
    )


ANCHOR = "sets an anchor (`&`); remove it, or quote the value"
TAG = "has a tag (`!`); remove it, or quote the value"
NAME = "has a name that is not plain text; write `name: value`"
EARLY = "ends the YAML early; close the front matter with `---` alone"
DIRECTIVE = "holds a YAML directive or a second document"
NO_FIELD = "is not a field; write `name: value`, with an ordinary space after the colon"
DEEP = "is nested deeper than 16 levels; simplify it"
EXPLAINED = [
    ("a: 1\nb: {c: d}\n", 3, "has 'c' within braces; put the name into quotes", "c"),
    ('a: 1\nb: {"c": 1, "c": 2}\n', 3, "names 'c' a second time; keep one", "c"),
    ("a: 1\nb: *x\n", 3, "uses an alias (`*`); write the value itself, or quote it", None),
    ("a: 1\n? [a, b]\n: c\n", 3, NAME, None),
    ("a: 1\n? |\n  s\n: c\n", 3, NAME, None),
    ("a: 1\n? >\n  s\n: c\n", 3, NAME, None),
    ("a: 1\n<<: x\n", 3, "merges fields with `<<`; write them out", None),
    ("a: 1\nb: &x y\n", 3, ANCHOR, None),
    ("a: 1\n&x b: y\n", 3, ANCHOR, None),
    ("a: 1\nb: &x [y]\n", 3, ANCHOR, None),
    ("a: 1\nb: &x {}\n", 3, ANCHOR, None),
    ("a: 1\nb: !!str y\n", 3, TAG, None),
    ("a: 1\n!!str b: y\n", 3, TAG, None),
    ("a: 1\nb: !!seq [y]\n", 3, TAG, None),
    ("a: 1\nb: !!map {}\n", 3, TAG, None),
    ("- a\n", 2, NO_FIELD, None),
    ("# why\ntext\n", 3, NO_FIELD, None),
    ("a: 1\n...\n", 3, EARLY, None),
    ("a: 1\n---\nb: 2\n", 3, EARLY, None),
    ("--- \na: 1\n", 2, DIRECTIVE, None),
    ("%YAML 1.1\n---\na: 1\n", 2, DIRECTIVE, None),
    ("%TAG ! x\n---\na: 1\n", 2, DIRECTIVE, None),
    ("a: " + "[" * 16 + "]" * 16 + "\n", 2, DEEP, None),
    ("a: " + '{"b": ' * 16 + "1" + "}" * 16 + "\n", 2, DEEP, None),
    ("a:\n" + "".join(f"{' ' * n}-\n" for n in range(1, 17)) + " " * 18 + "x\n", 18, DEEP, None),
    ("".join(f"{' ' * n}a:\n" for n in range(17)), 18, DEEP, None),
]


@pytest.mark.parametrize(("raw", "line", "why", "field"), EXPLAINED)
@pytest.mark.parametrize("handler", [HANDLER, StrictHandler(yaml.SafeLoader)], ids=["fast", "pure"])
def test_what_is_refused_is_told_with_its_line_its_field_and_what_to_do(
    handler: StrictHandler, raw: str, line: int, why: str, field: str | None
) -> None:
    with pytest.raises(BallotInvalid) as error:
        handler.load(raw)
    assert (str(error.value), error.value.field) == (f"line {line} of the note {why}", field)


@pytest.mark.parametrize("value", ["[c, d? e]", '{"c": d?}', '[["c", d?]]'])
def test_a_question_mark_within_brackets_is_refused_where_parsers_part_ways(value: str) -> None:
    told = {True: "has a `?` within brackets; put the text into quotes", False: "is not the YAML of a field"}
    for handler, fast in ((HANDLER, yaml.__with_libyaml__), (StrictHandler(yaml.SafeLoader), False)):
        with pytest.raises(BallotInvalid) as error:
            handler.load(f"a: 1\nb: {value}\n")
        assert str(error.value).startswith(f"line 3 of the note {told[fast]}")
        assert handler.load('b: ["d? e"]\nc: d? e\n') == {"b": ["d? e"], "c": "d? e"}


@pytest.mark.parametrize("handler", [HANDLER, StrictHandler(yaml.SafeLoader)], ids=["fast", "pure"])
def test_values_may_be_nested_up_to_the_limit(handler: StrictHandler) -> None:
    for opening, closing in (("[", "]"), ('{"b": ', "}")):
        assert list(handler.load(f"a: {opening * 15}{closing * 15}\n")) == ["a"]
    lists = "".join(f"{' ' * n}-\n" for n in range(1, 16))
    assert list(handler.load(f"a:\n{lists}{' ' * 17}x\n")) == ["a"]
    assert list(handler.load("".join(f"{' ' * n}a:\n" for n in range(16)))) == ["a"]


def test_too_many_brackets_or_nested_lists_are_refused_before_they_are_parsed() -> None:
    told = "the front matter has too many brackets or nested lists; simplify it"
    for raw in ("a: " + "[" * 513, "a: " + "{" * 513, "a: " + "[{" * 256 + "[", "- " * 17 + "x"):
        with pytest.raises(BallotInvalid) as error:
            HANDLER.load(raw)
        assert str(error.value) == told
    for raw in ("a: " + "[{" * 256, "- " * 16 + "x"):
        with pytest.raises(BallotInvalid) as error:
            HANDLER.load(raw)
        assert str(error.value) != told
    assert HANDLER.load('a: "' + "[{" * 256 + '"') == {"a": "[{" * 256}


def test_front_matter_may_be_as_large_as_the_limit_in_bytes() -> None:
    assert len(HANDLER.load("a: " + "é" * ((LIMIT - 4) // 2) + "x")["a"]) == (LIMIT - 4) // 2 + 1
    with pytest.raises(BallotInvalid) as error:
        HANDLER.load("a: " + "é" * (LIMIT // 2 - 1))
    assert str(error.value) == "the front matter is larger than 16 KiB; shorten it"
    for raw in ("", "# only a comment\n"):
        with pytest.raises(BallotInvalid) as error:
            HANDLER.load(raw)
        assert str(error.value) == "the front matter is empty; its fields are missing"
