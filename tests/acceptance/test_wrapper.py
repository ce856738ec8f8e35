"""The wrapper of docs/security.md, through which agents ask as the vault's owner: what they try with it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.shell import Shell
from tests.house import eventually

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"

Wrapper = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def wrapper(hitl: Shell, work: Path) -> Wrapper:
    (text,) = re.findall(r"^```sh\n(#!/bin/sh\n.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    script, folder = work / "hitl-ask", work / "bin"
    script.write_text(text.replace("/home/ana/vault", str(hitl.house.root)))
    folder.mkdir()
    (folder / "hitl").write_text(f'#!/bin/sh\nexec {sys.executable} -m hitl_vault.cli "$@"\n')
    (folder / "hitl").chmod(0o755)
    environment = hitl.environment()
    environment["PATH"] = f"{folder}{os.pathsep}{environment['PATH']}"

    def run(*words: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen(
            ["sh", str(script), *words], stdout=pipe, stderr=pipe, text=True, env=environment
        )

    return run


@pytest.mark.skipif(os.name != "posix", reason="a shell script")
def test_the_wrapper_reads_no_file_for_the_agent(hitl: Shell, wrapper: Wrapper) -> None:
    with hitl.house.gate(keeper=False) as gate:
        gate.keys.rotate()
        keys = gate.config.state / "keys.json"
    asking = wrapper("x", f"@{keys}")
    out, err = asking.communicate(timeout=20)
    assert (asking.returncode, out) == (2, "")
    assert "--context: not JSON" in err


@pytest.mark.skipif(os.name != "posix", reason="a shell script")
@pytest.mark.parametrize("action", ["--help", "--state-dir=/tmp/x", "-", "payment"])
def test_the_wrapper_takes_no_word_of_the_agent_for_an_option(
    hitl: Shell, wrapper: Wrapper, action: str
) -> None:
    asking = wrapper(action, '{"eur": 9}')
    gate = hitl.house.gate(keeper=False)
    (record,) = eventually(lambda: list(gate.pending()), 20)
    assert (record.request.action, record.request.agent) == (action, "crm-bot")
    gate.decide(record.id, "reject", by="ana")
    out, _ = asking.communicate(timeout=20)
    assert '"eur": 9' in out


def test_no_file_of_a_state_directory_becomes_a_context(hitl: Shell, work: Path) -> None:
    with hitl.house.gate(keeper=False) as gate:
        gate.keys.rotate()
        keys = gate.config.state / "keys.json"
    (work / "link.json").symlink_to(keys)
    for path in (keys, work / "link.json"):
        refused = hitl("request", "payment", "--context", f"@{path}")
        assert (refused.code, refused.out) == (2, "")
        assert "lies in a state directory" in refused.err
