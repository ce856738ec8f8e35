"""The commands that ask, answer and look, with a real vault."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from pathlib import Path

import pytest

import hitl_vault as hv
from hitl_vault import acts
from hitl_vault.cli import table
from hitl_vault.cli.options import parameters
from hitl_vault.domain.record import Notice
from hitl_vault.ledger.protocol import Writer
from tests.acceptance.shell import Shell
from tests.house import eventually

HOSTILE = "\x1b[2J\x1b]0;owned\x07\r\x9b31mred\u202eevil\u200b\nhitl: all is well"


def harmless(text: str) -> bool:
    """Tell whether nothing in a text would move a cursor, change a colour or hide."""
    return all(char == "\n" or unicodedata.category(char) not in ("Cc", "Cf") for char in text)


@pytest.mark.parametrize("name", table.COMMANDS)
def test_help_mentions_every_option(hitl: Shell, name: str) -> None:
    result = hitl(*name.split(), "--help")
    assert result.code == 0
    for parameter in parameters(table.COMMANDS[name].load()):
        flag = getattr(parameter.mark, "flag", None)
        assert flag is None or re.search(rf"{flag}\b", result.out)


def test_the_page_of_help_groups_the_commands_and_fits(hitl: Shell) -> None:
    page = hitl("--help").out
    for name, command in table.COMMANDS.items():
        assert re.search(rf"│ {name.split()[0]} ", page)
        assert command.group in page
    assert max(map(len, page.splitlines())) <= 80
    assert "Exit codes" in page
    assert "7 a question" in " ".join(page.split())


def lost(hitl: Shell) -> str:
    """Return the id of a request whose executor vanished."""
    gate = hitl.house.gate("payer", keeper=False)
    request = gate.ask("payment", {"amount": 900})
    gate.decide(request.id, "approve", by="ana")
    gate.claim(request.id, {"amount": 900}, action=request.action)

    def vanish(writer: Writer) -> hv.Record:
        writer.lease(request.id, writer.now)
        return acts.vanish(writer, request.id)

    assert gate.ledger.write(vanish).state == "unknown"
    return request.id


@pytest.mark.parametrize(
    ("word", "result", "error"), [("executed", "the bank has it", ""), ("failed", None, "the bank has it")]
)
def test_who_looked_says_how_a_lost_run_ended(hitl: Shell, word: str, result: object, error: str) -> None:
    id = lost(hitl)
    assert "hitl settle ID executed" in " ".join(hitl("doctor").out.split())
    told = hitl("settle", id[-8:], word, "--by", "ben", "--comment", "the bank has it")
    assert (told.code, told.err, told.out.split()[:2]) == (0, "", [word, id[-8:]])
    outcome = hitl("show", id, "--json").json["outcome"]
    assert (outcome.get("result"), outcome.get("error", ""), outcome["by"]) == (result, error, "ben")
    note = (hitl.house.root / "Done" / f"{id}.md").read_text()
    assert "ben" in note and "the bank has it" in note
    assert hitl("settle", id, word, "--by", "ben").code == 1


def test_a_lost_run_is_settled_only_as_something_and_by_somebody(hitl: Shell) -> None:
    id = lost(hitl)
    for words, code in ((["unknown", "--by", "ben"], 2), (["executed"], 1), (["executed", "--by", " "], 1)):
        refused = hitl("settle", id, *words)
        assert (refused.code, bool(refused.err)) == (code, True)
    assert hitl("show", id, "--json").json["state"] == "unknown"
    assert hitl("settle", id, "executed", "--by", "ben").code == 0
    assert "result" not in hitl("show", id, "--json").json["outcome"]


@pytest.mark.parametrize(
    ("command", "untrue"),
    [("cancel", "HITL_APPROVER"), ("reject", "--where"), ("init", "HITL_VAULT")],
)
def test_help_promises_nothing_that_a_command_does_not_do(hitl: Shell, command: str, untrue: str) -> None:
    assert untrue not in hitl(command, "--help").out


def test_the_version_is_the_package_s(hitl: Shell) -> None:
    assert hitl("--version").out == f"hitl {hv.__version__}\n"


def test_asking_answering_and_looking(hitl: Shell) -> None:
    id = hitl.ask(
        "--context", '{"amount": 900}', "--summary", "Refund A-17", "--risk", "high", "--agent", "crm-bot"
    )
    listed = hitl("list").out
    assert all(word in listed for word in (id[-8:], "high", "payment", "crm-bot", "Refund A-17", "59m"))
    assert "No keeper is active" in listed
    answered = hitl("approve", id[-8:], "--by", "ana", "--comment", "fine")
    assert (answered.code, answered.err) == (0, "")
    assert answered.out.startswith("approved by ana")
    assert hitl("list").out.startswith("No requests are pending.")
    assert "approved" in hitl("list", "--all").out
    assert [path.parent.name for path in hitl.house.root.rglob(f"{id}.md")] == ["Approved"]
    decision = hitl("show", id, "--json").json["decision"]
    assert (decision["by"], decision["comment"]) == (["ana"], "fine")


def test_show_tells_facts_context_unchecked_words_and_history(hitl: Shell) -> None:
    id = hitl.ask(
        "--context", '{"to": {"iban": "DE1"}}', "--summary", "Pay", "--reason", "Because\nit is due"
    )
    hitl("reject", id, "--comment", "no money")
    page = hitl("show", id[-8:]).out
    for text in (
        id,
        "rejected",
        '"iban": "DE1"',
        "unchecked",
        "│ Because",
        "│ it is due",
        "no money",
        "sha256:",
    ):
        assert text in page
    assert page.index("expires") < page.index("Context") < page.index("unchecked") < page.index("History")
    assert f"Rejected/{id}.md" in page


EXITS = [
    ("list", 0),
    ("list --state rejected", 0),
    ("show {pending}", 0),
    ("approve {pending}", 0),
    ("approve {approved}", 0),
    ("reject {rejected}", 0),
    ("log --limit 1", 0),
    ("stats --since 1d", 0),
    ("verify", 0),
    ("wait {approved}", 0),
    ("request x --wait --key k", 0),
    ("reject {approved}", 1),
    ("approve {rejected}", 1),
    ("approve nobody", 1),
    ("show nobody", 1),
    ("approve 2", 1),
    ("list --vault /nonexistent", 1),
    ("request x --context @/nonexistent", 1),
    ("cancel nobody", 1),
    ("verify --export /nonexistent", 1),
    ("", 2),
    ("lst", 2),
    ("approve", 2),
    ("list --limit x", 2),
    ("list --state nonsense", 2),
    ("list --all --state pending", 2),
    ("request", 2),
    ("request x --context [1]", 2),
    ("request x --context nonsense", 2),
    ("request x --timeout soon", 2),
    ("request x --risk huge", 2),
    ("wait {pending} --timeout soon", 2),
    ("run deploy", 2),
    ("wait {rejected}", 3),
    ("wait {expired}", 4),
    ("approve {expired}", 4),
    ("cancel {expired}", 4),
    ("wait {cancelled}", 5),
    ("approve {cancelled}", 5),
    ("wait {pending} --timeout 0.1s", 6),
    ("approve {expired} nobody", 1),
    ("approve {expired} {pending}", 4),
]


@pytest.fixture
def ids(hitl: Shell) -> dict[str, str]:
    """One request in each state that has an exit code."""
    with hv.open_gate(keeper=False, agent="shell") as gate:
        found = {
            state: gate.ask("payment", {"n": n}, timeout=0.001 if state == "expired" else "1h").id
            for n, state in enumerate(["pending", "approved", "rejected", "expired", "cancelled"])
        }
        gate.decide(found["approved"], "approve")
        gate.decide(found["rejected"], "reject")
        gate.cancel(found["cancelled"])
        gate.decide(gate.ask("x", {}, key="k").id, "approve")
    return found


@pytest.mark.parametrize(("line", "code"), EXITS)
def test_the_exit_code_tells_how_it_ended(hitl: Shell, ids: dict[str, str], line: str, code: int) -> None:
    result = hitl(*line.format(**ids).split())
    assert result.code == code
    assert "Traceback" not in result.err
    if code == 1:
        assert 1 <= len(result.err.splitlines()) <= 2


LISTINGS = [
    "list --json",
    "list --all --json",
    "show {pending} --json",
    "stats --json",
    "verify --json",
    "doctor --json",
    "approve {pending} {approved} --json",
    "reject {approved} --json",
    "cancel {pending} --json",
    "wait {rejected} --json",
    "request x --json",
    "request x --key k --wait --json",
]


@pytest.mark.parametrize("line", LISTINGS)
def test_json_can_be_parsed_and_has_no_control_characters(
    hitl: Shell, ids: dict[str, str], line: str
) -> None:
    hitl.ask("--summary", HOSTILE, "--context", json.dumps({"x": HOSTILE}))
    result = hitl(*line.format(**ids).split())
    assert harmless(result.out)
    assert result.json


def test_json_of_a_request_names_its_note_and_hides_the_claim_s_token(hitl: Shell) -> None:
    with hv.open_gate(keeper=False, agent="shell") as gate:
        request = gate.ask("payment", {"amount": 1})
        gate.decide(request.id, "approve")
        gate.claim(request.id, {"amount": 1}, action=request.action).executed("done")
    shown = hitl("show", request.id, "--json")
    assert shown.json["state"] == "executed"
    assert Path(shown.json["note"]).is_file()
    assert shown.json["request"]["context"] == {"amount": 1}
    assert "token" not in shown.out


@pytest.mark.parametrize(
    "line", ["list", "list --all", "show {id}", "log", "stats", "approve {id}", "cancel {id}"]
)
def test_hostile_text_reaches_the_terminal_harmless(hitl: Shell, line: str) -> None:
    context = json.dumps({HOSTILE: HOSTILE})
    id = hitl.ask(
        "--summary", HOSTILE, "--reason", HOSTILE, "--agent", HOSTILE, "--context", context, action=HOSTILE
    )
    result = hitl(*line.format(id=id).split())
    assert result.out
    assert harmless(result.out)
    assert harmless(result.err)
    assert not re.search(r"^hitl:", result.out, re.MULTILINE)


def test_hostile_arguments_come_back_harmless(hitl: Shell) -> None:
    result = hitl("approve", HOSTILE)
    assert result.code == 1
    assert harmless(result.err)


def test_several_ids_are_each_reported_also_when_one_fails(hitl: Shell) -> None:
    first, second = hitl.ask(), hitl.ask()
    result = hitl("approve", first, "nobody", second)
    assert result.code == 1
    assert [line.split()[0] for line in result.out.splitlines()] == ["approved", "approved"]
    assert "nobody" in result.err
    answers = hitl("reject", first, "nobody", "--json").json
    assert [(answer["ok"], answer.get("state")) for answer in answers] == [(False, "approved"), (False, None)]
    hitl("cancel", second)
    (answer,) = hitl("approve", second, "--json").json
    assert (answer["ok"], answer["state"]) == (False, "cancelled")


def test_a_part_that_several_ids_have_names_them(hitl: Shell) -> None:
    first, second = hitl.ask(action="deploy"), hitl.ask(action="deploy")
    result = hitl("show", "deploy")
    assert result.code == 1
    assert first in result.err
    assert second in result.err


def test_list_says_how_many_more_there_are(hitl: Shell) -> None:
    with hv.open_gate(keeper=False) as gate:
        gate.ask_many([{"action": "deploy", "context": {"n": n}} for n in range(55)])
    listed = hitl("list").out
    assert listed.count("deploy") == 50
    assert "… and 5 more" in listed
    assert hitl("list", "--limit", "0").out.count("deploy") == 55
    assert "more;" not in hitl("list", "--limit", "55").out
    assert len(hitl("list", "--limit", "2", "--json").json) == 2


def test_list_can_be_of_one_agent_run_or_action(hitl: Shell) -> None:
    with hv.open_gate(keeper=False, agent="ci") as gate:
        gate.ask_many([{"action": "deploy", "context": {"n": n}, "run": "r1"} for n in range(3)])
        gate.ask("test", {}, run="r2", key="job-7")
    asked = hitl("request", "deploy", "--agent", "ops").out
    assert asked
    assert len(hitl("list", "--action", "deploy", "--json").json) == 4
    assert len(hitl("list", "--agent", "ci", "--action", "deploy", "--json").json) == 3
    assert [row["run"] for row in hitl("list", "--run", "r2", "--json").json] == ["r2"]
    assert "… and more; --limit 0 lists all." in hitl("list", "--run", "r1", "--limit", "2").out
    assert hitl("show", "job-7", "--json").json["action"] == "test"


@pytest.mark.parametrize("all", ["", "--all"])
def test_list_marks_what_is_on_hold_until_it_is_answered(hitl: Shell, all: str) -> None:
    gate = hitl.house.gate()
    held, fine = gate.ask("payment", {"n": 1}), gate.ask("payment", {"n": 2})
    hitl.house.edit(held, ('status: "pending"', "status: approved"), ("[ ] Reject", "[x] Reject"))
    eventually(lambda: gate.get(held.id).notice_kind == "held")

    def lines() -> dict[str, str]:
        return {line[:8]: line for line in hitl("list", *all.split()).out.splitlines()}

    assert "  held  " in lines()[held.id[-8:]]
    assert "  pending  " in lines()[fine.id[-8:]]
    noticed = {row["id"]: row.get("notice") for row in hitl("list", "--json").json}
    assert noticed == {held.id: "held", fine.id: None}
    gate.decide(held.id, "approve", by="ana")
    assert "held" not in str(lines())


@pytest.mark.parametrize("columns", ["40", "59"])
def test_list_fits_on_a_phone_without_age_risk_and_agent(
    hitl: Shell, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for action in ("an action with a long name", "x"):
        hitl.ask("--summary", "long 界 " * 60, "--agent", "an-agent-with-a-long-name", action=action)
    listed = hitl("list").out.splitlines()[:3]
    assert listed[0].split() == ["ID", "LEFT", "ACTION", "SUMMARY"]
    assert all(hv.text.columns(line) <= int(columns) for line in listed)
    gate = hitl.house.gate(keeper=False)
    id = gate.find(listed[1].split()[0])
    gate.ledger.write(lambda writer: acts.note(writer, id, hv.Kind.FLAGGED, Notice(text="Not understood.")))
    listed = hitl("list").out.splitlines()[:3]
    assert "  flagged  " in listed[1]
    assert all(hv.text.columns(line) <= int(columns) for line in listed)


def test_list_fits_in_80_columns_and_says_when_nobody_keeps(hitl: Shell) -> None:
    hitl.ask(
        "--summary",
        "long 界 " * 60,
        "--agent",
        "an-agent-with-a-long-name",
        action="an action with a long name",
    )
    assert all(hv.text.columns(line) <= 80 for line in hitl("list", "--all").out.splitlines())
    keeper = hitl.house.gate()
    request = keeper.ask("x")
    hitl.house.note(request)
    assert "No keeper" not in hitl("list").out


def test_the_context_may_come_from_a_file_or_from_standard_input(
    hitl: Shell, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "context.json").write_text('\ufeff{"from": "file"}', encoding="utf-8")
    stream = io.TextIOWrapper(io.BytesIO(b'{"from": "stdin"}'))
    monkeypatch.setattr("sys.stdin", stream)
    ids = [hitl.ask("--context", f"@{work}/context.json"), hitl.ask("--context", "-")]
    found = [hitl("show", id, "--json").json["request"]["context"]["from"] for id in ids]
    assert found == ["file", "stdin"]


def test_asking_again_under_a_key_gives_the_same_request(hitl: Shell) -> None:
    first = hitl.ask("--key", "job-7", "--context", "{}")
    assert hitl.ask("--key", "job-7") == first
    assert hitl.ask("--key", "") != hitl.ask("--key", "")
    conflict = hitl("request", "payment", "--key", "job-7", "--context", '{"n": 1}')
    assert conflict.code == 1
    assert first in conflict.err


@pytest.mark.parametrize(("timeout", "expires"), [("none", False), ("90s", True)])
def test_a_request_may_have_no_deadline(hitl: Shell, timeout: str, expires: bool) -> None:
    id = hitl.ask("--timeout", timeout)
    assert ("expires" in hitl("show", id, "--json").json["request"]) is expires


def test_the_place_may_stand_before_the_command_or_after_it(
    hitl: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = hitl.ask()
    monkeypatch.delenv("HITL_VAULT")
    monkeypatch.delenv("HITL_STATE_DIR")
    place = ["--vault", str(hitl.house.root), "--state-dir", str(hitl.house.state)]
    for words in ([*place, "list"], ["list", *place], ["list", f"--vault={hitl.house.root}", *place[2:]]):
        assert id[-8:] in hitl(*words).out
    # By way of Typer too, which a usage error needs.
    assert hitl(*place, "list", "--state", "x").code == 2


def test_who_answers_is_the_option_or_the_environment(hitl: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HITL_APPROVER", "eva")
    assert "by eva" in hitl("approve", hitl.ask()).out
    assert "by ana" in hitl("approve", hitl.ask(), "--by", "ana").out


def test_an_agent_may_not_approve_itself_where_names_count(hitl: Shell) -> None:
    (hitl.house.root / ".hitl/vault.yaml").write_text(
        (hitl.house.root / ".hitl/vault.yaml").read_text().replace("mode: open", "mode: attributed")
    )
    id = hitl.ask("--agent", "crm-bot")
    result = hitl("approve", id, "--by", "crm-bot")
    assert result.code == 1
    assert "pending" in hitl("show", id).out


def test_log_lists_entries_and_exports_lines_that_verify(hitl: Shell, work: Path) -> None:
    first, second = hitl.ask(), hitl.ask()
    hitl("approve", first)
    lines = hitl("log").out.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3", "4"]
    assert len(hitl("log", second[-8:]).out.splitlines()) == 1
    assert len(hitl("log", "--after", "1", "--limit", "2").out.splitlines()) == 2
    (work / "export.jsonl").write_text(hitl("log", "--json").out, encoding="utf-8")
    verified = hitl("verify", "--export", f"{work}/export.jsonl")
    assert (verified.code, verified.out) == (0, "4 entries, and every one fits.\n")


def test_verify_names_the_first_entry_that_does_not_fit(hitl: Shell, work: Path) -> None:
    for n in range(3):
        hitl.ask("--summary", f"number {n}")
    lines = hitl("log", "--json").out.splitlines()
    (work / "export.jsonl").write_text(
        "\n".join([lines[0], lines[1].replace("number 1", "number 7"), lines[2]])
    )
    result = hitl("verify", "--export", f"{work}/export.jsonl")
    assert result.code == 1
    assert "entry 2" in result.err
    assert hitl("verify", "--export", f"{work}/export.jsonl", "--json").json["seq"] == 2


def test_stats_count_what_happened_and_raise_alarms(hitl: Shell, ids: dict[str, str]) -> None:
    figures = hitl("stats", "--json").json
    counted = {name: figures[name] for name in ("asked", "pending", "approved", "rejected", "expired")}
    assert counted == {"asked": 6, "pending": 1, "approved": 2, "rejected": 1, "expired": 1}
    assert figures["by_action"]["payment"]["asked"] == 5
    assert [alert.split()[0] for alert in figures["alerts"]] == ["33%", "1"]
    assert figures["median_seconds"] is not None
    page = hitl("stats").out
    assert "median" in page
    assert "! " in page


def test_init_makes_a_vault_and_leaves_one_alone(hitl: Shell, work: Path) -> None:
    made = hitl("init", f"{work}/new", "--timeout", "2h", "--approver", "ana")
    assert made.code == 0
    assert f"{work}/new" in made.out
    settings = (work / "new/.hitl/vault.yaml").read_text()
    assert hitl("init", f"{work}/new").code == 0
    assert (work / "new/.hitl/vault.yaml").read_text() == settings
    assert hitl("init", f"{work}/new", "--timeout", "3h").code == 1
    assert not (work / "other").exists()


def test_init_says_that_it_left_a_start_page_of_yours_alone(hitl: Shell, work: Path) -> None:
    assert "Dashboard" not in hitl("init", f"{work}/new").out
    (work / "theirs").mkdir()
    (work / "theirs" / "Dashboard.md").write_text("# Home\n")
    made = hitl("init", f"{work}/theirs")
    assert made.code == 0
    assert "Dashboard.md is yours and was left as it is" in made.out
    assert (work / "theirs" / "Dashboard.md").read_text() == "# Home\n"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["list", "--limit", "-3"], 2, "--limit: write a number, or 0 for all, not -3"),
        (["list", "--vault", ""], 1, "--vault is empty"),
        (["--vault", "/etc/passwd", "list"], 1, "/etc/passwd is not a folder"),
        (
            ["init", "other", "--mode", "lax"],
            2,
            "--mode: 'lax' is no mode; there are open, attributed, code, signed",
        ),
        (
            ["list", "--vault", "~nosuchuser/x"],
            1,
            "~nosuchuser/x: there is no home folder of that name; write",
        ),
        (["list", "--state-dir", "~nosuchuser/x"], 1, "~nosuchuser/x: there is no home folder of that name"),
        (["init", "~nosuchuser/x"], 1, "~nosuchuser/x: there is no home folder of that name"),
        (
            ["request", "x", "--file", "~nosuchuser/x"],
            1,
            "~nosuchuser/x: there is no home folder of that name",
        ),
        (["request", "x", "--context", "@~nosuchuser/x"], 1, "--context: ~nosuchuser/x: No such file"),
        (["verify", "--against", "nofile"], 1, "hitl: --against: nofile: No such file"),
        (["verify", "--export", "nofile"], 1, "hitl: --export: nofile: No such file"),
        (["request", "x", "--context", "eur=9"], 2, r'--context: not JSON: .*; write {"name": value, …}$'),
        (["approve", "x", "--edit", "x=1"], 2, r'--edit: not JSON: .*; write {"name": value, …}$'),
        (["policy", "test", "--policy", "cfg/own.yaml"], 2, "cfg/own.cases.yaml; write them there"),
        (["policy", "test", "~nosuchuser/x"], 1, "~nosuchuser/x: cannot be read: No such file"),
        (["policy", "show", "~nosuchuser/x"], 1, "~nosuchuser/x: neither a file nor a shipped policy"),
        (["demo", "--auto", "--vault", "~nosuchuser/x"], 1, "~nosuchuser/x: there is no home folder of that"),
        (["keys", "add-signer", "ana", "~nosuchuser/x"], 1, "~nosuchuser/x: No such file"),
        (
            ["keys", "share-secret", "ana", "~nosuchuser/x"],
            1,
            "~nosuchuser/x: there is no home folder of that",
        ),
        (["request", "a\udcff"], 1, r"action holds half a character \(U\+DCFF\); remove it"),
        (["request", "x", "--agent", "a\udcff"], 1, r"agent holds half a character"),
        (["request", "x", "--key", "a\udcff"], 1, r"key holds half a character"),
        (["request", "x", "--summary", "a\udcff"], 1, r"summary holds half a character"),
        (["run", "x", "--run", "a\udcff", "--", "true"], 1, r"run holds half a character"),
        (["init", "other", "--timeout", "0"], 2, "--timeout: "),
        (["init", "other", "--timeout", "0s"], 2, "--timeout: no time at all"),
        (["approve", ""], 1, "name a request"),
        (["show", ""], 1, "name a request"),
        (
            ["run", "x", "--timeout", "0.1s", "--", "true"],
            4,
            r"expired at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$",
        ),
        (["run", "x", "--wait-timeout", "0.1s", "--", "true"], 6, "is still pending after 0.1s$"),
        (["run", "x", "--wait-timeout", "1s", "--", "true"], 6, "is still pending after 1s$"),
    ],
)
def test_what_cannot_be_meant_and_what_ran_out_is_said_in_words(
    hitl: Shell, work: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, says: str
) -> None:
    monkeypatch.chdir(work)
    (work / "cfg").mkdir()
    (work / "cfg" / "own.yaml").write_text("format: 1\nrules: []\n")
    result = hitl(*words)
    assert (result.code, result.out) == (code, "")
    assert re.search(says, result.err.strip()), result.err
    assert not (work / "other").exists()


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_code_that_nobody_asked_for_is_told_of_in_one_line(hitl: Shell, verb: str) -> None:
    id = hitl.ask()
    result = hitl(verb, id, "--code", "ABCD-2345")
    assert result.code == 0
    assert result.err.strip() == f"hitl: --code: {id[-8:]} asks for no code; yours was not looked at"


@pytest.mark.parametrize("text", ['id: [a\n bar: "x\n', "id: {\n", "id: !!timestamp x\n", "a: b: c\n"])
def test_settings_that_are_no_yaml_are_told_in_one_line_with_what_to_write(hitl: Shell, text: str) -> None:
    (hitl.house.root / ".hitl" / "vault.yaml").write_text(text)
    result = hitl("list")
    assert result.code == 1
    assert result.err.count("\n") == 1, result.err
    assert re.search(
        r"vault\.yaml: (line \d: )?not readable as YAML: .*; write one `name: value`", result.err
    )


@pytest.mark.parametrize("words", [["list", "--all"], ["log"]])
def test_a_limit_beyond_all_numbers_of_entries_limits_nothing(hitl: Shell, words: list[str]) -> None:
    id = hitl.ask()
    assert id[-8:] in hitl(*words, "--limit", "9" * 20).out
    assert hitl("log", "--after", "9" * 20).out == ""


def test_where_no_standing_rule_is_in_force_it_says_so(hitl: Shell) -> None:
    assert hitl("rules").out == "No standing rules are in force.\n"
    assert hitl("rules", "--json").json == []


def test_init_begins_no_empty_record_beside_the_notes_of_another_one(
    hitl: Shell, ids: dict[str, str]
) -> None:
    settings = hitl.house.root / ".hitl/vault.yaml"
    before = settings.read_text()
    id = hv.load_config(hitl.house.root, state_dir=hitl.house.state).settings.id
    with hv.open_gate(hitl.house.root, state_dir=hitl.house.state, keeper=False) as gate:
        gate.draw()
    listed = hitl("list", "--json").json
    settings.unlink()
    refused = hitl("init", str(hitl.house.root))
    assert refused.code == 1
    assert f"notes here belong to another record (kept in {hitl.house.state}/{id}); " in refused.err
    assert f'write id: "{id}" into {settings}' in refused.err and "--new" in refused.err
    assert not settings.exists()
    settings.write_text(f'id: "{id}"\n')
    assert hitl("list", "--json").json == listed
    settings.write_text(before)
    assert hitl("init", str(hitl.house.root), "--new").code == 1
    settings.unlink()
    assert hitl("init", str(hitl.house.root), "--new").code == 0
    assert hv.load_config(hitl.house.root, state_dir=hitl.house.state).settings.id != id


def test_a_missing_vault_is_one_line_that_says_what_to_do(
    hitl: Shell, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HITL_VAULT")
    monkeypatch.chdir(work)
    (work / "vault").rename(work / "elsewhere")
    result = hitl("list")
    assert (result.code, result.out) == (1, "")
    assert "hitl init" in result.err
    assert len(result.err.splitlines()) == 1


def test_the_log_crops_what_is_long_and_an_export_does_not(hitl: Shell) -> None:
    hitl.ask("--summary", "x" * 20_000)
    (line,) = hitl("log").out.splitlines()
    assert line.endswith("x…")
    assert len(line) < 500
    assert "x" * 20_000 in hitl("log", "--json").out
