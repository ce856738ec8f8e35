"""How one-time codes reach their approvers past the vault: by a command, or in a private folder."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from hitl_vault.domain.canonical import canonical, digest
from hitl_vault.domain.decision import Verdict
from hitl_vault.domain.request import Request
from hitl_vault.domain.text import bounded, one_line
from hitl_vault.domain.times import readable
from hitl_vault.durable import write_private
from hitl_vault.errors import CodeUndelivered, ConfigError
from hitl_vault.trust.codes import shown
from hitl_vault.trust.private import read_private
from hitl_vault.trust.signers import principal

COMMAND_FILE = "code-command.json"
OUTBOX = "codes"
TIMEOUT = 60.0
"""Seconds that the command may take."""

_LONGEST = 80
_CONTEXT_LIMIT = 16 * 1024
_PLACES = re.compile(r"\{(approver|request)\}")


class Delivery:
    """The channel of one vault, as its state directory says. No code gets into a log or an argument."""

    def __init__(self, state: Path) -> None:
        self._outbox = state / OUTBOX
        self._file = state / COMMAND_FILE

    @property
    def command(self) -> tuple[str, ...]:
        """The command that delivers codes; empty where they go to the outbox."""
        data = read_private(self._file)
        try:
            words = json.loads(data) if data is not None else []
        except ValueError:
            words = None
        if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
            raise ConfigError(
                f'{self._file}: expected a JSON list of words such as ["mail", "-s", "Approval"]'
            )
        return tuple(words)

    def set_command(self, words: Sequence[str]) -> None:
        """Deliver codes with a command from now on; with none, to the outbox.

        `{approver}` and `{request}` in a word stand for name and id. It reads the message from its input.
        """
        write_private(self._file, json.dumps(list(words)).encode())

    def deliver(self, request: Request, approver: str, codes: Mapping[Verdict, str]) -> str:
        """Hand over the codes of an approver and return the channel's name, or raise `CodeUndelivered`."""
        text = message(request, approver, codes)
        command = self.command
        if command:
            _run(command, request, approver, text)
            return "command"
        self._outbox.mkdir(mode=0o700, exist_ok=True)
        write_private(self._place(request.id, approver), text.encode())
        return "outbox"

    def clear(self, request: str) -> None:
        """Remove the outbox files of a request."""
        for path in self._outbox.glob(f"{request}.*.txt"):
            path.unlink(missing_ok=True)

    def _place(self, request: str, approver: str) -> Path:
        name = principal(approver).replace(".", "%2E")
        whole = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}-{digest(approver)[7:23]}"
        return self._outbox / f"{request}.{whole}.txt"


def message(request: Request, approver: str, codes: Mapping[Verdict, str]) -> str:
    """Return what an approver reads: what is asked, by the record and not the note, and the two codes."""
    context = bounded(canonical(request.context).decode(), _CONTEXT_LIMIT)
    files = (f"{one_line(f.name)}: {one_line(f.path)} ({f.size} bytes, {f.sha256})" for f in request.files)
    lines = [
        f"{one_line(approver)}, {one_line(request.agent)} asks to do: {one_line(request.action)}",
        "",
        f"Context:  {context}",
        *(f"File:     {file}" for file in files),
        f"Request:  {request.id}",
        f"Digest:   {request.digest}",
        f"Until:    {readable(request.expires) if request.expires else 'no deadline'}",
        "",
        f"Code to approve:  {shown(codes[Verdict.APPROVE])}",
        f"Code to reject:   {shown(codes[Verdict.REJECT])}",
        "",
        "Answer only what you read here: a note may have been changed by others.",
        "",
    ]
    return "\n".join(lines)


def _run(command: Sequence[str], request: Request, approver: str, text: str) -> None:
    """Run the delivering command. What it prints is not kept, since it may repeat the codes."""
    values = {"approver": approver, "request": request.id}
    words = [_PLACES.sub(lambda place: values[place[1]], word) for word in command]
    if any(
        word.startswith("-") and not plain.startswith("-") for word, plain in zip(words, command, strict=True)
    ):
        raise CodeUndelivered(
            "the approver's name begins with '-', which the command would take for an option"
        )
    try:
        done = subprocess.run(
            words,
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = (
            f"took longer than {TIMEOUT:.0f} s" if isinstance(error, subprocess.TimeoutExpired) else "failed"
        )
        raise CodeUndelivered(f"the command {words[0]!r} {reason}") from None
    if done.returncode != 0:
        raise CodeUndelivered(f"the command {words[0]!r} ended with exit code {done.returncode}")
