"""`hitl demo` shows approval, rejection and expiry with real files, and measures."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

from tests.acceptance.shell import Shell

SAVED = re.compile(r"(\d+\.\d{3}) s after the save")


def test_the_demo_walks_through_three_answers_in_under_20_seconds(hitl: Shell, work: Path) -> None:
    environment = hitl.environment() | {"COLUMNS": "200"}
    start = time.monotonic()
    found = subprocess.run(
        [sys.executable, "-m", "hitl_vault.cli", "demo", "--auto", "--vault", str(work / "shown")],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert time.monotonic() - start < 20
    times = [float(seconds) for seconds in SAVED.findall(found.stdout)]
    assert len(times) == 2
    assert all(0.5 <= seconds < 2 for seconds in times)
    for text in ("refunds 900 EUR", "rejected: Not on a Friday", "leaves it, expired", "every one fits"):
        assert text in found.stdout
    held = {
        folder: len(list((work / "shown" / folder).glob("*.md")))
        for folder in ("Pending_Approval", "Rejected", "Done")
    }
    assert held == {"Pending_Approval": 0, "Rejected": 2, "Done": 1}


def test_the_command_that_it_ends_with_works_where_the_shell_does_not_find_hitl(
    hitl: Shell, work: Path
) -> None:
    script = work / "bin" / "hitl"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\nfrom hitl_vault.cli import main\nraise SystemExit(main())\n")
    script.chmod(0o700)
    environment = hitl.environment() | {"COLUMNS": "200", "PATH": os.defpath}
    command = [str(script), "demo", "--auto", "--vault", str(work / "my shown")]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, cwd=work)
    (line,) = (line for line in shown.stdout.splitlines() if " list --all " in line)
    assert line.startswith("  bin/hitl list")
    listed = subprocess.run(line, shell=True, capture_output=True, text=True, env=environment, cwd=work)
    assert (listed.returncode, listed.stdout.count("Refund")) == (0, 1), listed.stderr


def test_at_a_terminal_the_person_answers_in_the_note_or_elsewhere(hitl: Shell, work: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "hitl_vault.cli", "demo", "--vault", str(work / "shown")]
    environment = hitl.environment() | {"COLUMNS": "200", "TERM": "dumb"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        terminal = os.fdopen(ours, encoding="utf-8")
        note = invited(terminal)
        note.write_text(note.read_text().replace('status: "pending"', "status: approved"))
        for _ in range(2):
            id = invited(terminal).stem
            assert hitl("reject", id, "--comment", "not like this", "--vault", str(work / "shown")).code == 0
        rest = until_closed(terminal)
        assert process.wait(timeout=20) == 0
    assert rest.count("rejected: not like this") == 1
    assert "every one fits" in rest


def invited(terminal: TextIO) -> Path:
    """Return the note that the demo invites the person to open."""
    return next(Path(line.strip()) for line in terminal if line.startswith("  /"))


def until_closed(terminal: TextIO) -> str:
    """Return what is still written to a terminal; reading one whose other side has gone is an error."""
    lines: list[str] = []
    with terminal, contextlib.suppress(OSError):
        lines.extend(terminal)
    return "".join(lines)


def test_the_demo_leaves_a_folder_with_something_in_it_alone(hitl: Shell) -> None:
    result = hitl("demo", "--auto", "--vault", str(hitl.house.root))
    assert result.code == 2
    assert "not empty" in result.err
