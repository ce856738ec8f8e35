"""A change to what a person saw is told; what editors and formatters do to a note is not."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hitl_vault.errors import BallotInvalid
from hitl_vault.vault.ballot import PERSON_FIELDS, read_ballot
from hitl_vault.vault.files import LIMIT
from hitl_vault.vault.seal import MOST, differences
from tests.sample_note import FRONT, HEAD, NOTE, NOTES, note


def told(found: str, drawn: str = NOTE) -> list[str]:
    """What is said about a note that was drawn as the sample, or that it cannot be read."""
    try:
        return differences(drawn.encode(), found.encode())
    except BallotInvalid as error:
        return [str(error)]


JSON = HEAD[HEAD.index("{\n") : HEAD.index("\n```\n\n## In")]
CONTEXT = json.loads(JSON)

TOLERATED: dict[str, Callable[[str], str]] = {
    "nothing": lambda text: text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CR": lambda text: text.replace("\n", "\r"),
    "BOM": lambda text: "\ufeff" + text,
    "blanks at line ends": lambda text: re.sub(r"(?m)^(?!---)(.+)$", r"\1 \t", text),
    "blank lines doubled": lambda text: text.replace("\n\n- [ ]", "\n\n\n\n- [ ]").replace(
        "\n\n>", "\n \n\n>"
    ),
    "blank lines dropped": lambda text: text.replace("\n\n- [ ]", "\n- [ ]").replace("\n\n>", "\n>"),
    "approved by status": lambda text: text.replace('status: "pending"', "status: approved"),
    "status as a list": lambda text: text.replace('status: "pending"', "status:\n  - approved"),
    "approver and comment": lambda text: text.replace(
        'approver: ""\ncomment: ""', "approver: ana\ncomment: |\n  ok"
    ),
    "code and signature added": lambda text: text.replace("run:", "code: 12\nsignature: x\nrun:"),
    "approve ticked": lambda text: text.replace("[ ] Approve", "[x] Approve"),
    "reject ticked": lambda text: text.replace("[ ] Reject", "[X] Reject"),
    "another mark": lambda text: text.replace("[ ] Reject", "[-] Reject"),
    "indented boxes": lambda text: text.replace("- [ ]", "  - [ ]"),
    "asterisks for boxes": lambda text: text.replace("- [ ]", "* [ ]"),
    "plus signs for boxes": lambda text: text.replace("- [ ]", "+   [x]"),
    "quotes dropped": lambda text: text.replace(FRONT, FRONT.replace('"', "")),
    "quotes changed": lambda text: text.replace(FRONT, FRONT.replace('"', "'")),
    "fields in another order": lambda text: text.replace(FRONT, _reordered(FRONT)),
    "front matter comments": lambda text: text.replace("action:", "# note to self\naction:"),
    "further fields": lambda text: text.replace("action:", "mood: fine\naliases: [a, b]\naction:"),
    "a field as a one-item list": lambda text: text.replace('risk: "high"', "risk:\n  - high"),
    "tags inline": lambda text: text.replace('tags:\n  - "approval"', "tags: [approval, mine]"),
    "a tag as text": lambda text: text.replace('tags:\n  - "approval"', "tags: approval"),
    "capitals in a field's name": lambda text: text.replace("risk:", "Risk:"),
    "blanks after a heading's mark": lambda text: text.replace("## Con", "##   Con").replace(
        "# Pay", "#\tPay"
    ),
    "no blank in a quote": lambda text: text.replace("> [!", ">[!"),
    "the context on one line": lambda text: text.replace(JSON, json.dumps(CONTEXT)),
    "the context with tabs": lambda text: text.replace(JSON, json.dumps(CONTEXT, indent="\t")),
    "the context in another order": lambda text: text.replace(
        JSON, json.dumps(CONTEXT, sort_keys=True)[:-1] + " }"
    ),
    "numbers written otherwise": lambda text: text.replace("900", "9.0e2"),
    "escapes in strings": lambda text: text.replace('"ACME"', '"\\u0041CME"'),
    "a longer fence": lambda text: _fenced(text, "`````"),
    "tildes for a fence": lambda text: _fenced(text, "~~~"),
    "a blank before the info": lambda text: text.replace("```json", "``` json"),
    "the person's notes": lambda text: text + "\n# x\n<!-- y -->\n```\n## Notes\n",
    "no final newline": lambda text: text.removesuffix("\n"),
}


def _fenced(text: str, mark: str) -> str:
    return re.sub(r"(?ms)^```( ?json.*?\n)```", rf"{mark}\1{mark}", text, count=1)


def _reordered(front: str) -> str:
    lines = front.splitlines(keepends=True)
    return "".join([*lines[-2:], *reversed(lines[:-2])])


@pytest.mark.parametrize("name", TOLERATED)
def test_what_editors_sync_tools_and_formatters_do_is_no_change(name: str) -> None:
    found = TOLERATED[name](NOTE)
    assert (found != NOTE) == (name != "nothing")
    assert told(found) == []


CHECKLIST = note(("## Context", "- [ ] Amount checked\n\t1) [ ] twice\n> * [x] read\n\n## Context"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[ ] Amount", "[x] Amount"),
        ("[ ] twice", "[X] twice"),
        ("[x] read", "[ ] read"),
        ("- [ ] Amount", "+ [-] Amount"),
    ],
)
def test_what_is_ticked_in_a_checklist_is_the_persons(old: str, new: str) -> None:
    assert told(_swapped(CHECKLIST, old, new), CHECKLIST) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Amount checked", "Amount"),
        ("- [ ] Amount checked\n", ""),
        ("\t1) [ ] twice", "1) [ ] twice"),
        ("> * [x] read", "* [x] read"),
        ("[ ] twice", "[\u2713] twice"),
    ],
)
def test_what_a_checklist_asks_is_not(old: str, new: str) -> None:
    assert told(_swapped(CHECKLIST, old, new), CHECKLIST)


_FRONT_FIRST = ["quotes dropped", "quotes changed", "fields in another order"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(sorted(set(TOLERATED) - {"BOM", "CR", "CRLF", *_FRONT_FIRST})), max_size=5))
def test_any_mix_of_them_is_no_change_either(names: list[str]) -> None:
    found = NOTE
    for name in dict.fromkeys(names):
        found = TOLERATED[name](found)
    assert told(TOLERATED["BOM"](TOLERATED["CRLF"](found))) == []


CHANGED = [
    ("900", "90", """the context's "amount" reads 90 instead of 900"""),
    ("900", "900.01", """the context's "amount" reads 900.01 instead of 900"""),
    ("900", '"900"', """the context's "amount" reads "900" instead of 900"""),
    ("true", "1", """the context's "urgent" reads 1 instead of true"""),
    ("true", "false", """the context's "urgent" reads false instead of true"""),
    ('"ACME"', '"ACM\u0415"', """the context's "to.name" reads "ACM\u0415" instead of "ACME\""""),
    ('    "name": "ACME",\n', "", """the context's "to.name" is missing"""),
    ('"amount": 900', '"amount": 900, "cc": [1]', """the context has a new "cc": ["1"]"""),
    ('"amount": 900', '"amount": 900, "amount": 900', """the context names "amount" twice"""),
    ('"amount": 900', '"amount": 90, "amount": 900', """the context names "amount" twice"""),
    ('"amount": 900', '"amount": NaN', "NaN is no JSON value"),
    ('"amount": 900', '// fine\n  "amount": 900', "cannot be read as JSON"),
    ('"amount": 900,', '"amount": 900, /* 9 */', "cannot be read as JSON"),
    ("{\n  ", "[" * 30_000 + "{\n  ", "cannot be read as JSON"),
    ('"amount": 900,', '"amount": 900,\n\n\n\n\n', "gaps"),
    ('"amount": 900,', '"amount":' + " " * 300 + "900,", "gaps"),
    ("# Payment", "# Payout", "“# Payout” stands where “# Payment” stood"),
    ("# Payment", "## Payment", "“## Payment” stands where “# Payment” stood"),
    ("# Payment", "# P\u0430yment", "stands where"),
    ("# Payment", "# Pay\u200bment", "stands where"),
    ("# Payment", "# Payment\u00a0", "stands where"),
    ("# Payment", "# Payment\u202e", "stands where"),
    ("# Payment", "# Pa\u0301yment", "stands where"),
    ("# Payment\n", "# Payment\n<!-- ok -->\n", "text was added: “<!-- ok -->”"),
    ("# Payment\n", "# Payment\n%%ok%%\n", "text was added: “%%ok%%”"),
    ("# Payment\n", "# Payment\n<div hidden>\n", "text was added"),
    ("# Payment\n", "# Payment\n[status]: https://example.org\n", "text was added"),
    ("# Payment\n", "# Payment\n[^1]: x\n", "text was added"),
    ("# Payment\n", "# Payment\n\n![](https://example.org/x.png)\n", "text was added"),
    ("# Payment\n", "# Payment\n---\n", "text was added: “---”"),
    ("High", "Low", "Low risk"),
    ("> [!warning]", "> [!info]", "stands where"),
    ("> [!warning]", "\\> [!warning]", "stands where"),
    ("> [!warning]", ">> [!warning]", "stands where"),
    ("- [ ] Approve\n", "", "text is missing: “- [ ] Approve”"),
    ("- [ ] Approve", "- [ ] Approve all", "“- [ ] Approve all” stands where"),
    ("- [ ] Approve", "- [ ] Approve\n- [x] Approve", "text was added: “- [x] Approve”"),
    ("- [ ] Approve", "- [ ] Reject", "stands where|missing"),
    ("- [ ] Approve", "- [\u0445] Approve", "stands where"),
    ("- [ ] Approve", "    - [ ] Approve", "stands where"),
    ("To answer", "    To answer", "stands where"),
    ("Pay the invoice.", "Pay the invoice!", "“Pay the invoice!” stands where “Pay the invoice.” stood"),
    ("Pay the invoice.\n", "", "text is missing: “Pay the invoice.”"),
    ("Pay the invoice.\n", "\n" * 50 + "Pay the invoice.\n", "text was added"),
    ("Pay the", "* Pay the", "stands where"),
    ("- [x] Approve", "* [x] Approve", "stands where"),
    ("```text\nAsked", "```markdown\nAsked", "stands where"),
    ("```json", "```json5", "stands where"),
    ("```json", "```", "stands where"),
    ("```json", "  ```json", "hidden|indented|changed"),
    ("## Context", "```\n## Context", "stands where"),
    ("# Payment", "~~~\n# Payment", "stands where|missing"),
    ("# Payment", "# Payment\n````text\nx\n````", "text was added"),
    (NOTES, "", 'the heading "## Notes" is missing'),
    (NOTES, "### Notes\n", 'the heading "## Notes" is missing'),
    ("## Context", "## Notes\n\n## Context", "text is missing"),
    ('risk: "high"', "risk: low", 'the field "risk" reads low instead of high'),
    ('risk: "high"', "risk: [high, low]", 'the field "risk" reads'),
    ('expires: "2026-01-02T04:04:05Z"\n', "", 'the field "expires" is missing'),
    ("T04:04", "T05:04", 'the field "expires" reads'),
    ('tags:\n  - "approval"', "tags: [other]", 'the field "tags" reads'),
    ('id: "2026', 'id: "2025', 'the field "id" reads'),
    ("sha256:5f", "sha256:4f", 'the field "digest" reads'),
]


@pytest.mark.parametrize(("old", "new", "said"), CHANGED)
def test_a_change_to_what_a_person_saw_is_told_in_words(old: str, new: str, said: str) -> None:
    found = told(_swapped(NOTE, old, new))
    assert any(part in line for line in found for part in said.split("|")), found


def _swapped(text: str, old: str, new: str) -> str:
    at = text.rindex(old) if old == NOTES else text.index(old)
    return text[:at] + new + text[at + len(old) :]


def test_text_that_moved_is_told() -> None:
    block = HEAD[HEAD.index("## In the") :]
    assert told(note((block, ""), ("# Payment\n", f"# Payment\n\n{block}")))


def test_hidden_characters_are_told_though_the_value_is_the_same() -> None:
    drawn = note(('"ACME"', '"AC\\u202eME"'))
    assert told(note(('"ACME"', '"AC\u202eME"')), drawn) == [
        "the context holds hidden characters or large gaps"
    ]


def test_a_context_that_is_no_json_is_compared_as_text() -> None:
    drawn = note(('"amount"', "amount"))
    assert told(drawn, drawn) == []
    assert told(drawn.replace("900", "901"), drawn)


@pytest.mark.parametrize(
    ("drawn", "found", "same"),
    [
        ("1250.00", "1250", True),
        ("1250.00", "1250.01", False),
        ("True", "true", True),
        ("yes", "true", False),
        ("007", "7", False),
        ("'1e3'", "1000", False),
        ("x", "'x '", True),
        ("", "null", True),
        ("[]", "", True),
        ('{"a": 1.0}', '{"a": 1}', True),
        ('{"a": 1}', '{"a": 2}', False),
        ("[a, b]", "\n- a\n- b", True),
        ("[a, b]", "[b, a]", False),
    ],
)
def test_the_agents_own_fields_are_compared_as_obsidian_rewrites_them(
    drawn: str, found: str, same: bool
) -> None:
    before, after = (note(("action:", f"amount: {value}\naction:")) for value in (drawn, found))
    assert (told(after, before) == []) is same


def test_what_is_told_is_bounded_in_number_length_and_time() -> None:
    lines = "".join(f"line {n} {'x' * 300}\n" for n in range(60))
    found = told(note(("# Payment\n", f"# Payment\n{lines}")))
    assert len(found) == MOST + 1
    assert found[-1] == f"and {60 - MOST} more changes"
    assert max(map(len, found)) < 400
    started = time.monotonic()
    assert told(note(("# Payment\n", "# Payment\n" + "x\ny\n" * (LIMIT // 5))))
    assert told(note(("# Payment\n", "# Payment\n" + "```\n" * (LIMIT // 5))))
    assert told(note((JSON, "[" + "9" * 200_000 + "]")))
    assert time.monotonic() - started < 5


def test_ballots_that_were_read_already_are_not_read_again() -> None:
    ballots = [read_ballot(text.encode()) for text in (NOTE, note(("900", "90")))]
    assert differences(*ballots) == told(note(("900", "90")))


def test_an_adopted_text_with_its_own_notes_heading_is_sealed_as_a_whole() -> None:
    theirs = "---\nstatus: pending\n---\nPay 900\n\n## Notes\n\nfrom 1\n\n- [ ] Approve\n\n## Notes\n"
    found = theirs.replace("from 1", "from 2")
    assert differences(theirs.encode(), found.encode(), skip=1) == ["“from 2” stands where “from 1” stood"]
    assert differences(theirs.encode(), (theirs + "mine").encode(), skip=1) == []


# An independent judge: what a Markdown parser shows, and what PyYAML reads.


def shown(text: str) -> tuple[object, ...]:
    """What a person sees of a note, ticks and blanks aside."""
    system, body = _parts(text)
    html = MarkdownIt("commonmark", {"html": False}).render(body)
    above = html.partition("<h2>Notes</h2>")
    plain = re.sub(r'<code class="language-json">(.*?)</code>', _canonical, above[0], flags=re.DOTALL)
    plain = re.sub(r"</?(?:p|br|ul|li|blockquote)(?: /)?>", "", plain)
    plain = re.sub(r"\[(?:[!-~ ]|&\w+;)\](?=\s+(?:Approve|Reject))", "[]", plain)
    return above[1], "".join(plain.split()), system


def _parts(text: str) -> tuple[dict[str, str], str]:
    """What the system wrote in the front matter, and the body."""
    front = re.match(r"---[ \t]*\n(.*?)^---[ \t]*$", text, re.DOTALL | re.MULTILINE)
    assert front
    read = yaml.load(front[1].replace("\t", " "), Loader=yaml.BaseLoader)
    fields = {key.strip().casefold(): value for key, value in read.items()}
    names = re.findall(r"(?m)^\w+", FRONT)
    return {key: _flat(fields.get(key)) for key in names if key not in PERSON_FIELDS}, text[front.end() :]


def _canonical(block: re.Match[str]) -> str:
    try:
        return json.dumps(json.loads(block[1].replace("&quot;", '"')), sort_keys=True)
    except ValueError:
        return block[0]


def _flat(value: object) -> str:
    """A field as text; a tag may have its `#`."""
    return (" ".join(value) if isinstance(value, list) else str(value)).strip().removeprefix("#")


_CHARS = [
    *"aZ0 \n\t<>`~#*-+_=[]|\\!%&:\"'{},.xX",
    "\u200b",
    "\u0430",
    "\u202e",
    "\u00a0",
    "\u2028",
    "\U0001f600",
]
_SPOTS = st.integers(0, len(NOTE) - 1)


@settings(max_examples=2000, deadline=None)
@given(_SPOTS, st.sampled_from(["insert", "replace", "delete"]), st.sampled_from(_CHARS))
@example(NOTE.index("```json"), "insert", "`")
@example(NOTE.index("- [ ] A") + 3, "replace", "x")
@example(len(NOTE) - 1, "insert", "#")
def test_whatever_a_single_character_changes_for_the_person_is_told(at: int, edit: str, char: str) -> None:
    found = NOTE[:at] + ("" if edit == "delete" else char) + NOTE[at + (edit != "insert") :]
    if told(found):
        return
    assert shown(found) == shown(NOTE)
    assert _ink(found) == _ink(NOTE)


def _ink(text: str) -> str:
    """Everything above the Notes but blanks, marks in boxes and of lists, and the length of fences."""
    body = _parts(text)[1]
    head = re.sub(
        r"(?m)^ *[-*+] +\[[!-~ ]\](?=[ \t]+(?:Approve|Reject)[ \t]*$)", "[]", body[: body.rindex("Notes")]
    )
    return "".join(re.sub(r"(?m)^ {0,3}`{3,}[ \t]*(?=json|text|$)", "```", head).split())


@pytest.mark.parametrize("at", [at for at, char in enumerate(HEAD) if not char.isspace()])
def test_deleting_any_visible_character_above_the_notes_is_told(at: int) -> None:
    found = NOTE.replace(HEAD, HEAD[:at] + HEAD[at + 1 :])
    assert told(found)
