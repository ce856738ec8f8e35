"""Front matter is read so that a person and the server cannot see different values, or not at all."""

from __future__ import annotations

import time

import frontmatter
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.frontmatter import HANDLER, LIMIT, StrictHandler, Value, parse

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
