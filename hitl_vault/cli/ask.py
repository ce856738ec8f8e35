"""Asking: `request`, `wait` and `cancel`."""

from __future__ import annotations

import json as jsonlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import hitl_vault as hv
from hitl_vault.cli import options as o
from hitl_vault.cli import render, views
from hitl_vault.cli.each import each
from hitl_vault.cli.exits import DONE, QUESTION, Usage, of_state

_FORM = '; write {"name": value, …}'
LARGEST_CONTEXT = 16 * 1024 * 1024

Context = Annotated[
    str,
    o.Option(
        "--context", "The parameters, a JSON object: as text, as @FILE, or - for standard input.", "JSON"
    ),
]


def request(
    action: o.Action,
    context: Context = "{}",
    summary: o.Summary = "",
    reason: o.Reason = "",
    agent: o.Agent = "shell",
    run: o.Run = None,
    key: o.Key = None,
    timeout: o.Timeout = None,
    risk: o.RiskLevel = None,
    file: o.Files = None,
    wait: Annotated[bool, o.Option("--wait", "Wait for the answer; the exit code tells it.")] = False,
    json: o.Json = False,
    vault: o.Vault = None,
    state_dir: o.StateDir = None,
) -> int:
    """Ask for approval and print the request's id."""
    asking = asked(action, read_context(context), summary, reason, run, key, timeout, risk, file)
    with hv.open_gate(vault, agent=agent, state_dir=state_dir, keeper=wait) as gate:
        id = gate.ask(**asking).id
        if not (wait and json):
            _tell_asked(gate, id, json)
        if wait:
            gate.wait(id)
            return _tell(gate, id, json)
    return DONE


def asked(
    action: str,
    context: dict[str, Any],
    summary: str,
    reason: str,
    run: str | None,
    key: str | None,
    timeout: str | None,
    risk: str | None,
    files: list[str] | None,
) -> dict[str, Any]:
    """Return the arguments of `Gate.ask` that the options amount to; `Usage` for one that cannot be meant."""
    if not action.strip():
        raise Usage("ACTION: an action needs a name")
    asking = {
        "action": action,
        "context": context,
        "summary": summary,
        "reason": reason,
        "run": run,
        "key": key,
        "files": dict(map(_named, files or [])),
    }
    if timeout is not None:
        asking["timeout"] = None if timeout in ("none", "never") else span(timeout, "--timeout")
    if risk is not None:
        asking["risk"] = _checked(hv.Level, risk.strip().lower(), "--risk")
    return asking


def _named(file: str) -> tuple[str, str]:
    """Return the name and the path that `--file` gives; the file's own name where there is no other."""
    name, equals, path = file.partition("=")
    return (name, path) if equals and not Path(os.path.expanduser(file)).exists() else (Path(file).name, file)


def span(text: str, flag: str) -> Any:
    """Return the duration that an option gives."""
    return _checked(hv.times.duration, text, flag)


def _checked(read: Callable[[str], Any], text: str, flag: str) -> Any:
    try:
        return read(text)
    except ValueError as error:
        known = f"; there are {', '.join(hv.Level)}" if read is hv.Level else ""
        raise Usage(f"{flag}: {error}{known}") from error


def read_context(text: str) -> dict[str, Any]:
    """Return the JSON object that `--context` gives."""
    return json_object(_source(text), "--context")


def json_object(text: str, flag: str) -> dict[str, Any]:
    """Return the JSON object that an option gives."""
    try:
        value = jsonlib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Usage(f"{flag}: not JSON: {error}{_FORM}") from error
    if not isinstance(value, dict):
        raise Usage(f"{flag}: not a JSON object{_FORM}")
    return value


def _source(text: str) -> str:
    if text == "-":
        return _decoded(sys.stdin.buffer.read(LARGEST_CONTEXT + 1))
    if text.startswith("@"):
        path = Path(os.path.expanduser(text[1:]))
        if any((folder / "ledger.db").exists() for folder in path.resolve().parents):
            raise Usage(
                f"--context: {path} lies in a state directory, which holds secrets; name another file"
            )
        with opened(path, "--context") as file:
            return _decoded(file.read(LARGEST_CONTEXT + 1))
    return text


def opened(path: Path, flag: str) -> BinaryIO:
    """Open the file that an option names; the error names the option as well."""
    try:
        return path.open("rb")
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"{flag}: {path}") from error


def _decoded(data: bytes) -> str:
    if len(data) > LARGEST_CONTEXT:
        raise Usage(f"--context: more than {LARGEST_CONTEXT} bytes; refer to a file by its name and digest")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Usage(f"--context: not JSON: {error}") from error


def _tell_asked(gate: hv.Gate, id: str, json: bool) -> None:
    if json:
        _tell(gate, id, json)
        return
    print(id, flush=True)
    if sys.stdout.isatty():
        print(f"Answer in {_note(gate, gate.get(id))}, or: hitl approve {render.short(id)}", file=sys.stderr)


def _tell(gate: hv.Gate, id: str, json: bool) -> int:
    record = gate.get(id)
    if json:
        render.write_json(views.record_json(record, _note(gate, record)))
    else:
        print(views.decision_line(record))
    return of_state(record.state)


def _note(gate: hv.Gate, record: hv.Record) -> Path:
    return hv.Layout(gate.config.root).home(record)


def wait(
    id: o.Id,
    timeout: Annotated[
        str | None, o.Option("--timeout", "Wait no longer than this, such as 10m.", "TIME")
    ] = None,
    questions: Annotated[
        bool, o.Option("--questions", "End with code 7 and the question when an approver asks one.")
    ] = False,
    json: o.Json = False,
    vault: o.Vault = None,
    state_dir: o.StateDir = None,
) -> int:
    """Wait until a request is decided; the exit code tells the answer."""
    limit = None if timeout is None else span(timeout, "--timeout")
    with hv.open_gate(vault, state_dir=state_dir, keeper=True) as gate:
        found = gate.find(id)
        ended = gate.wait(found, limit, questions=questions)
        if isinstance(ended, hv.Question):
            return _asked_back(ended, json)
        return _tell(gate, found, json)


def _asked_back(question: hv.Question, json: bool) -> int:
    if json:
        render.write_json({"id": question.request, "state": "pending", "question": hv.encode(question)})
    else:
        print(hv.text.visible(f"{question.by}: {question.text}" if question.by else question.text))
    return QUESTION


def cancel(
    ids: o.Ids,
    reason: Annotated[str, o.Option("--reason", "Why it is not needed any more.", "TEXT")] = "",
    by: Annotated[str | None, o.Option("--by", "Who withdraws it, else `shell`.", "NAME")] = None,
    json: o.Json = False,
    vault: o.Vault = None,
    state_dir: o.StateDir = None,
) -> int:
    """Withdraw requests that nobody has run yet."""
    with hv.open_gate(vault, agent="shell", state_dir=state_dir, keeper=False) as gate:

        def withdraw(id: str) -> hv.Record:
            return gate.cancel(id, reason=reason, by=by)

        return each(gate, ids, withdraw, [hv.State.CANCELLED], json=json)
