"""The commands that run for a while: `run`, `wait`, `watch`; with real processes and signals."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.acceptance.shell import Shell
from tests.house import eventually

pytestmark = pytest.mark.timeout(30)

SAY = "import sys; print('in', sys.stdin.read(), sys.argv[1:], flush=True); sys.exit(7)"
WAIT_FOR_SIGNAL = (
    "import signal, sys, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: sys.exit(42))\n"
    "print('ready', flush=True)\n"
    "time.sleep(60)"
)


@pytest.fixture
def gate(hitl: Shell) -> hv.Gate:
    """A gate that keeps the vault."""
    return hitl.house.gate("shell")


def asked(gate: hv.Gate) -> hv.Record:
    """Return the one pending request once it is there."""
    return eventually(lambda: list(gate.pending()))[0]


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return exit code, output and errors of a process once it has ended."""
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err


def test_run_runs_what_was_approved_and_ends_as_it_does(hitl: Shell, gate: hv.Gate) -> None:
    words = ["run", "deploy", "--summary", "Ship it", "--", sys.executable, "-c", SAY, "--flag", "$HOME `x`"]
    process = hitl.start(*words, stdin=subprocess.PIPE)
    record = asked(gate)
    assert record.request.context == {
        "program": os.path.abspath(sys.executable),
        "argv": words[5:],
        "cwd": os.getcwd(),
    }
    gate.decide(record.id, "approve")
    out, _ = process.communicate("hello", timeout=20)
    assert process.returncode == 7
    assert out == "in hello ['--flag', '$HOME `x`']\n"
    ended_as = gate.get(record.id)
    assert ended_as.state is hv.State.FAILED
    assert ended_as.outcome is not None
    assert ended_as.outcome.error == "exit code 7"


@pytest.mark.parametrize(
    ("command", "code", "state"),
    [("true", 0, "executed"), ("false", 1, "failed")],
)
def test_run_records_how_the_command_ended(
    hitl: Shell, gate: hv.Gate, command: str, code: int, state: str
) -> None:
    process = hitl.start("run", "deploy", "--", command)
    record = asked(gate)
    gate.decide(record.id, "approve")
    found, _, err = ended(process)
    assert found == code
    assert "Traceback" not in err
    assert gate.get(record.id).state == state


def script(folder: Path, text: str) -> Path:
    """Write a program called `tool`."""
    folder.mkdir(exist_ok=True)
    path = folder / "tool"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_run_runs_the_program_that_was_found_when_it_asked(
    hitl: Shell, gate: hv.Gate, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = work / "first", work / "second"
    program = script(second, "echo the approved one")
    monkeypatch.setenv("PATH", f"{first}{os.pathsep}{second}{os.pathsep}{os.environ['PATH']}")
    process = hitl.start("run", "deploy", "--", "tool")
    record = asked(gate)
    assert record.request.context["program"] == str(program)
    script(first, "echo another")
    gate.decide(record.id, "approve")
    assert ended(process)[:2] == (0, "the approved one\n")


def test_run_records_a_program_that_cannot_be_started_any_more(
    hitl: Shell, gate: hv.Gate, work: Path
) -> None:
    program = script(work / "first", "true")
    process = hitl.start("run", "deploy", "--", str(program))
    record = asked(gate)
    program.unlink()
    gate.decide(record.id, "approve")
    code, _, err = ended(process)
    assert (code, gate.get(record.id).state) == (1, "failed")
    assert f"{program}: cannot be started" in err
    assert "Traceback" not in err


def test_run_asks_nothing_for_a_program_that_is_not_found(hitl: Shell, gate: hv.Gate) -> None:
    code, _, err = ended(hitl.start("run", "deploy", "--", "no-such-program"))
    assert (code, list(gate.pending())) == (2, [])
    assert "no-such-program: no such program" in err


@pytest.mark.parametrize(("answer", "code"), [("reject", 3), ("cancel", 5), ("expire", 4), ("nothing", 6)])
def test_run_without_a_yes_runs_nothing(
    hitl: Shell, gate: hv.Gate, work: Path, answer: str, code: int
) -> None:
    options = {"expire": ["--timeout", "0.3s"], "nothing": ["--wait-timeout", "0.3s"]}.get(answer, [])
    process = hitl.start("run", "deploy", *options, "--", "touch", f"{work}/ran")
    record = asked(gate)
    if answer == "reject":
        gate.decide(record.id, "reject", comment="not today")
    elif answer == "cancel":
        gate.cancel(record.id)
    found, _, err = ended(process)
    assert found == code
    assert not (work / "ran").exists()
    assert ("not today" in err) is (answer == "reject")


def test_run_passes_a_signal_on_to_the_command(hitl: Shell, gate: hv.Gate) -> None:
    process = hitl.start("run", "deploy", "--", sys.executable, "-c", WAIT_FOR_SIGNAL)
    record = asked(gate)
    gate.decide(record.id, "approve")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 42
    assert gate.get(record.id).state is hv.State.FAILED


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(("key", "state"), [([], "cancelled"), (["--key", "job-7"], "pending")])
def test_run_interrupted_while_waiting_withdraws_what_nobody_will_run(
    hitl: Shell, gate: hv.Gate, key: list[str], state: str, number: signal.Signals
) -> None:
    process = hitl.start("run", "deploy", *key, "--", "true", preexec_fn=default_hangup)
    record = asked(gate)
    assert process.stderr is not None
    assert "waiting" in process.stderr.readline()
    process.send_signal(number)
    code, _, err = ended(process)
    assert (code, "Traceback" in err) == (128 + number, False)
    assert gate.get(record.id).state == state


def default_hangup() -> None:
    """Let a hangup end a process, also where the tests themselves run under `nohup`."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def no_hangup() -> None:
    """Do what `nohup` does."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def test_run_and_its_command_go_on_after_a_hangup_that_they_were_started_to_ignore(
    hitl: Shell, gate: hv.Gate
) -> None:
    process = hitl.start("run", "deploy", "--", sys.executable, "-c", WAIT_FOR_SIGNAL, preexec_fn=no_hangup)
    record = asked(gate)
    process.send_signal(signal.SIGHUP)
    gate.decide(record.id, "approve")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 42


def test_wait_ends_when_somebody_edits_the_note_and_needs_no_other_keeper(hitl: Shell) -> None:
    id = hitl.ask()
    process = hitl.start("wait", id[-8:])
    note = hitl.house.root / "Pending_Approval" / f"{id}.md"
    eventually(lambda: hv.active_keeper(hitl.house.kept()))
    note.write_text(note.read_text().replace('status: "pending"', "status: rejected"))
    code, out, _ = ended(process)
    assert code == 3
    assert out.startswith("rejected")


def next_line(process: subprocess.Popen[str], *words: str) -> str:
    """Return the next line of a process that has all these words."""
    assert process.stdout is not None
    for line in process.stdout:
        if all(word in line for word in words):
            return line
    raise AssertionError(f"it ended without saying {words}")


def test_watch_says_what_happens_and_stops_cleanly(hitl: Shell) -> None:
    process = hitl.start("watch")
    next_line(process, "keeper", "keeps")
    id = hitl.ask("--summary", "Refund \x1b[2J", "--agent", "crm-bot")
    line = next_line(process, "asked", id[-8:])
    assert "payment by crm-bot: Refund ⟨U+001B⟩[2J" in line
    note = hitl.house.root / "Pending_Approval" / f"{id}.md"
    eventually(note.exists)
    note.write_text(note.read_text().replace('status: "pending"', "status: aproved"))
    next_line(process, "flagged", "Not understood")
    eventually(lambda: 'status: "aproved"' in note.read_text())
    note.write_text(note.read_text().replace('status: "aproved"', "status: approved"))
    next_line(process, "voted", "by editing status")
    next_line(process, "approved", id[-8:])
    process.send_signal(signal.SIGTERM)
    code, out, err = ended(process)
    assert (code, err) == (0, "")
    assert "stopped" in out


def test_watch_writes_json_for_machines(hitl: Shell) -> None:
    process = hitl.start("watch", "--json")
    assert json.loads(next_line(process, "keeps"))["kind"] == "keeper"
    id = hitl.ask("--summary", "\x9b é")
    line = next_line(process, "asked")
    assert line.isascii()
    entry = json.loads(line)
    assert (entry["seq"], entry["request"]) == (1, id)
    process.send_signal(signal.SIGINT)
    assert ended(process)[0] == 0


def test_a_second_watch_stands_by_and_takes_over(hitl: Shell) -> None:
    first = hitl.start("watch")
    next_line(first, "keeps")
    second = hitl.start("watch")
    assert f"pid {first.pid}" in next_line(second, "stands by")
    first.kill()
    next_line(second, "keeps")


def on_terminal(hitl: Shell, **environment: str) -> str:
    """Return what `hitl list --all` writes to a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "hitl_vault.cli", "list", "--all"]
    with subprocess.Popen(command, stdout=theirs, env=hitl.environment() | environment) as process:
        os.close(theirs)
        process.wait(timeout=20)
    written = os.read(ours, 65536).decode()
    os.close(ours)
    return written


def test_colours_are_for_terminals_that_want_them(hitl: Shell) -> None:
    id = hitl.ask("--risk", "high")
    assert "\033[31mcritical" in on_terminal(hitl, TERM="xterm")
    for environment in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}):
        plain = on_terminal(hitl, **environment)
        assert id[-8:] in plain
        assert "\033" not in plain
    assert "\033" not in hitl("list").out


def test_a_reader_that_goes_away_is_no_error_to_report(hitl: Shell) -> None:
    with hv.open_gate(keeper=False) as gate:
        gate.ask_many([{"action": "deploy", "context": {"n": n}, "summary": "x" * 300} for n in range(400)])
    process = hitl.start("log")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    process.wait(timeout=20)
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_watch_ends_when_its_reader_has_gone_away(hitl: Shell) -> None:
    process = hitl.start("watch")
    next_line(process, "keeps")
    assert process.stdout is not None
    process.stdout.close()
    hitl.ask()
    assert process.wait(timeout=10) == 1
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert hv.active_keeper(hitl.house.kept()) is None


def test_output_that_cannot_be_encoded_is_shown_by_number(hitl: Shell) -> None:
    hitl.ask("--summary", "Zahlung über 9 €")
    environment = hitl.environment() | {"PYTHONIOENCODING": "ascii", "COLUMNS": "120"}
    found = subprocess.run(
        [sys.executable, "-m", "hitl_vault.cli", "list"], capture_output=True, text=True, env=environment
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert "\\xfcber" in found.stdout


def test_the_shell_completes_commands_and_ids(hitl: Shell) -> None:
    id = hitl.ask("--summary", "Refund")
    for typed, offered in [
        ("hitl app", "approve"),
        (f"hitl approve {id[:12]}", id),
        (f"hitl show {id[-8:-2]}", id[-8:]),
    ]:
        environment = hitl.environment() | {
            "_HITL_COMPLETE": "complete_bash",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(len(typed.split()) - 1),
        }
        found = subprocess.run(
            [sys.executable, "-m", "hitl_vault.cli"], capture_output=True, text=True, env=environment
        )
        assert found.stdout.split() == [offered]
