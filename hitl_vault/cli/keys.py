"""The keys behind codes and signatures: `keys list`, `rotate`, `add-signer`, `revoke` and more."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import hitl_vault as hv
from hitl_vault.cli import render
from hitl_vault.cli.exits import DONE, Usage
from hitl_vault.cli.options import Argument, Json, Option, StateDir, Vault

_HEADS = ("KEY", "STATUS", "WHOSE", "TYPE", "VALID")
_LARGEST = 64 * 1024

Name = Annotated[str, Argument("NAME", "Whose key it is, as in the list of approvers.")]


def list_(json: Json = False, vault: Vault = None, state_dir: StateDir = None) -> None:
    """List the vault's keys and the signers; nothing secret is shown."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        keys = gate.keys.list()
    if json:
        render.write_json([hv.encode(key) for key in keys])
        return
    rows = [(key.id, key.status, hv.text.one_line(key.name) or "-", key.type, _term(key)) for key in keys]
    if rows:
        render.write(render.table(_HEADS, rows, [[""] * len(_HEADS)] * len(rows)))
    else:
        print(
            "no keys yet: the first code or shared secret makes one, `hitl keys add-signer` lists a signer's"
        )


def rotate(vault: Vault = None, state_dir: StateDir = None) -> None:
    """Make a new master secret; what older ones made still verifies, until they are revoked."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        print(
            f"the current key is now {gate.keys.rotate().id}; share new secrets with `hitl keys share-secret`"
        )


def add_signer(
    name: Name,
    key: Annotated[str, Argument("KEY.pub", "The file of their public SSH key, or its text in quotes.")],
    valid_from: Annotated[
        str | None,
        Option("--valid-from", "Not before this day or instant (ISO 8601; a day begins in UTC).", "TIME"),
    ] = None,
    valid_until: Annotated[
        str | None, Option("--valid-until", "Not from this day or instant on.", "TIME")
    ] = None,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> int:
    """Let somebody sign answers with an SSH key."""
    begins, ends = _instant(valid_from, "--valid-from"), _instant(valid_until, "--valid-until")
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        added = gate.keys.add_signer(name, _public_key(key), begins=begins, ends=ends)
    print(f"{hv.text.one_line(added.name)} may sign with {added.id}")
    return DONE


def revoke(
    key: Annotated[str, Argument("KEY", "The key as `hitl keys list` shows it.")],
    vault: Vault = None,
    state_dir: StateDir = None,
) -> None:
    """Let a key verify nothing any more: what was approved by it and has not run cannot run."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        gate.keys.revoke(key)
    print(f"revoked: {hv.text.one_line(key)}")


def share_secret(
    name: Name,
    file: Annotated[str, Argument("FILE", "A new file outside the vault; only you may open it.")],
    vault: Vault = None,
    state_dir: StateDir = None,
) -> None:
    """Write the secret with which somebody's program signs (HMAC) to a file; it is never shown."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        made = gate.keys.share_secret(name, file)
    print(f"the secret of {hv.text.one_line(name)} under key {made.id} is in {hv.text.one_line(file)}")


def deliver(
    command: Annotated[
        list[str] | None,
        Argument("-- [COMMAND...]", "The command and its words; {approver} and {request} are filled in."),
    ] = None,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> None:
    """Deliver one-time codes by a command, on its standard input; without one, in the state directory."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        gate.keys.deliver_codes_with(command or [])
        place = gate.config.state / "codes"
    print("codes are delivered by the command" if command else f"codes are put into {place}")


def _term(key: hv.KeyInfo) -> str:
    begins, ends = (hv.times.readable(at) if at else "" for at in (key.begins, key.ends))
    return " ".join(
        part for part in (f"from {begins}" if begins else "", f"until {ends}" if ends else "") if part
    )


def _public_key(given: str) -> str:
    path = Path(os.path.expanduser(given))
    if given.startswith(("ssh-", "ecdsa-", "sk-")) and not path.exists():
        return given
    with path.open("rb") as file:
        text = file.read(_LARGEST).decode("utf-8", "replace")
    if "PRIVATE KEY" in text:
        raise Usage(f"{given}: this is a private key; name the public one, {given}.pub")
    return text


def _instant(text: str | None, flag: str) -> datetime | None:
    if text is None:
        return None
    try:
        return hv.times.instant(text if len(text) > len("2026-01-02") else f"{text}T00:00:00Z")
    except ValueError as error:
        raise Usage(f"{flag}: {error}") from error
