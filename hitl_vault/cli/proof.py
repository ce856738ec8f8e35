"""The record itself: `log` prints, exports and signs it, `verify` checks it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import hitl_vault as hv
from hitl_vault.cli import entries, render
from hitl_vault.cli.ask import opened
from hitl_vault.cli.exits import DONE, ERROR, Usage, say
from hitl_vault.cli.options import Argument, Json, Option, StateDir, Vault

CHECKPOINT = "checkpoint"


def log(
    id: Annotated[
        str | None, Argument("[ID]", "Only this request; or `checkpoint`, for a signed checkpoint.", True)
    ] = None,
    after: Annotated[int, Option("--after", "Only entries after this number.", "SEQ")] = 0,
    limit: Annotated[int, Option("--limit", "At most so many; 0 for all.", "N")] = 0,
    json: Annotated[
        bool, Option("--json", "One line of JSON each: an export that `hitl verify --export` checks.")
    ] = False,
    out: Annotated[
        str | None, Option("--out", "Write the checkpoint to this file, to be kept elsewhere.", "FILE")
    ] = None,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> None:
    """Print the entries of the ledger, oldest first, or a signed checkpoint of it."""
    if out is not None and id != CHECKPOINT:
        raise Usage("--out goes with `hitl log checkpoint`; redirect the output of anything else")
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        if id == CHECKPOINT:
            _checkpoint(hv.Checkpoints(gate.config, gate.ledger), out, json)
            return
        request = gate.find(id) if id else None
        for entry in gate.ledger.entries(after=after, request=request, limit=limit or None):
            render.write([_exported(entry)] if json else _entry(entry))


def _entry(entry: hv.Entry) -> Iterator[str]:
    who = render.short(entry.request) if entry.request else "-"
    head = f"{entry.seq:>6}  {hv.times.readable(entry.at)}  {who:<8}  "
    said = entries.entry_line(entry)
    yield from render.hung(head, len(head), said) if sys.stdout.isatty() else [head + said]


def _exported(entry: hv.Entry) -> str:
    """Return an entry's line as in an export; on a terminal in ASCII, which verifies as well."""
    line = hv.line_of(entry)
    return hv.ascii_line(line) if sys.stdout.isatty() else line


def _checkpoint(checkpoints: hv.Checkpoints, out: str | None, json: bool) -> None:
    note, key = checkpoints.make(), str(checkpoints.public_key())
    if out is not None:
        Path(out).write_text(note, "utf-8")
    if json:
        origin, size, root = note.split("\n")[:3]
        render.write_json(
            {"origin": origin, "size": int(size), "root": root, "public_key": key, "checkpoint": note}
        )
    elif out is None:
        print(note, end="")
    else:
        size = note.split("\n")[1]
        print(f"{size} entries are in {hv.text.one_line(out)}; keep it where agents cannot write.")
    if not json:
        say(f"Public key, to be kept as well: {key}")


def verify(
    export: Annotated[
        str | None,
        Option(
            "--export",
            "Check an export (`hitl log --json`) instead, without the vault; - for standard input.",
            "FILE",
        ),
    ] = None,
    against: Annotated[
        str | None, Option("--against", "A checkpoint that was kept: nothing before it may differ.", "FILE")
    ] = None,
    key: Annotated[
        str | None, Option("--key", "The public key that signed the checkpoint, else the vault's.", "KEY")
    ] = None,
    draw: Annotated[
        bool, Option("--draw", "Draw resolved notes again that are missing, if all the rest fits.")
    ] = False,
    json: Json = False,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> int:
    """Check that the record is whole: every entry follows the one before, and every resolved note fits."""
    if key and not against:
        raise Usage("--key goes with --against")
    if draw and export:
        raise Usage("--draw goes with a vault; an export has no notes")
    for flag, name in (("--export", export), ("--against", against)):
        if name is not None and (name, flag) != ("-", "--export"):
            opened(Path(name), flag).close()
    try:
        found = _verified(export, Path(against) if against else None, key or "", draw, vault, state_dir)
    except (hv.IntegrityError, hv.SignatureInvalid) as error:
        if json:
            seq = error.seq if isinstance(error, hv.LedgerBroken) else None
            path = str(error.path) if isinstance(error, hv.NoteForged) else None
            render.write_json({"ok": False, "seq": seq, "path": path, "error": str(error)})
        say(str(error))
        return ERROR
    if json:
        render.write_json({"ok": True} | hv.encode(found))
    else:
        render.write(_told(found, against, bool(key) or export is None))
    return DONE


def _verified(
    export: str | None,
    against: Path | None,
    key: str,
    draw: bool,
    vault: str | None,
    state_dir: str | None,
) -> hv.Verified:
    if export == "-":
        return hv.verify_export(sys.stdin, against=against, key=key)
    if export is not None:
        with Path(export).open(encoding="utf-8", errors="surrogateescape") as lines:
            return hv.verify_export(lines, against=against, key=key)
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        return hv.verify_vault(gate.config, gate.ledger, against=against, key=key, draw=draw)


def _told(found: hv.Verified, against: str | None, checked: bool) -> list[str]:
    lines = [f"{found.entries} entries, and every one fits."]
    if found.proofs:
        lines.append(f"{found.proofs} signatures and codes of votes, and every one holds.")
    if found.notes is not None:
        notes = hv.text.plural(found.notes, "resolved note")
        lines.append(f"{notes}, and every one says what the record says.")
    if found.missing:
        lines.append(f"{hv.text.plural(found.missing, 'resolved note')} {_gone(found)}.")
    if against:
        lines.append(f"The record begins with all that was in {hv.text.one_line(against)}.")
        if not checked:
            lines.append("Its signature was not checked; name the public key with --key.")
    return lines


def _gone(found: hv.Verified) -> str:
    one = found.missing == 1
    if found.drawn:
        return "was missing, and is drawn again" if one else "were missing, and are drawn again"
    is_gone = "is missing, which changes nothing" if one else "are missing, which changes nothing"
    return f"{is_gone}; `hitl verify --draw` draws {'it' if one else 'them'} again"
