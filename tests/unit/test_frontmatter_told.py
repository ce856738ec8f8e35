"""Front matter that is refused: the line, what stands there, and what to do about it."""

from __future__ import annotations

import pytest
import yaml

from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.frontmatter import HANDLER, StrictHandler, parse

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
        ('a: "\\U00110000"\n', "a value cannot be read"),
        ('a: "\\U80000000"\n', "a value cannot be read"),
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
