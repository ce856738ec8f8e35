"""A checklist in a note: what is ticked in it, and drawing it so again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.vault.checklist import marks_in, with_marks

TEXT = """\
Look first:

- [ ] Amount checked
- [x] Sender known
    * [ ] and called
> 1. [-] Read
- [ ] Amount checked
- [x] Approve
- [ ] Yes, and the same for 7d

```text
- [x] Amount checked
```
"""


def test_every_item_outside_of_fences_is_found_but_for_the_answers() -> None:
    assert marks_in(TEXT) == {
        ("Amount checked", 0): " ",
        ("Sender known", 0): "x",
        ("and called", 0): " ",
        ("Read", 0): "-",
        ("Amount checked", 1): " ",
    }


def test_marks_are_drawn_where_they_were_and_nothing_else_changes() -> None:
    marks = {("Amount checked", 1): "x", ("Sender known", 0): " ", ("Gone", 0): "x", ("Approve", 0): " "}
    changed = [
        (a, b) for a, b in zip(TEXT.split("\n"), with_marks(TEXT, marks).split("\n"), strict=True) if a != b
    ]
    assert changed == [
        ("- [x] Sender known", "- [ ] Sender known"),
        ("- [ ] Amount checked", "- [x] Amount checked"),
    ]


LINES = st.sampled_from(
    [
        "- [ ] a",
        "- [x] a",
        "> - [-] b ",
        "\t2) [ ] a",
        "```",
        "~~~",
        "- [x] Approve",
        "text",
        "",
        "- [ ]",
        "\u2028",
    ]
)
TEXTS = st.lists(LINES, max_size=12).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n", "\r"]).map(lambda end: end.join(lines))
)


@given(TEXTS)
def test_text_with_its_own_marks_is_the_same_to_the_byte(text: str) -> None:
    assert with_marks(text, marks_in(text)) == text


@given(TEXTS)
def test_what_was_drawn_is_what_is_read(text: str) -> None:
    marks = dict.fromkeys(marks_in(text), "x")
    assert marks_in(with_marks(text, marks)) == marks
