"""The vault itself: `init` and `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import hitl_vault as hv
from hitl_vault.cli import render
from hitl_vault.cli.ask import span
from hitl_vault.cli.exits import DONE, ERROR, Usage
from hitl_vault.cli.options import Argument, Json, Option, StateDir, Vault

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def init(
    path: Annotated[str | None, Argument("[PATH]", "The folder; `vault` if you name none.")] = None,
    mode: Annotated[
        str | None, Option("--mode", "What a vote needs: open, attributed, code or signed.", "MODE")
    ] = None,
    timeout: Annotated[
        str | None, Option("--timeout", "Time to decide unless a request says otherwise.", "TIME")
    ] = None,
    approver: Annotated[
        str | None, Option("--approver", "Who votes in notes that name nobody.", "NAME")
    ] = None,
    approvers: Annotated[
        str | None, Option("--approvers", "Who may answer, and nobody else: ana,ben.", "NAMES")
    ] = None,
    new: Annotated[
        bool, Option("--new", "Begin an empty record, though notes of another one lie there.")
    ] = False,
    vault: Annotated[str | None, Option("--vault", "The folder, if no PATH is given.", "PATH")] = None,
    state_dir: StateDir = None,
) -> None:
    """Make a folder a vault; what is there is left as it is."""
    if mode is not None and mode not in list(hv.Mode):
        raise Usage(f"--mode: {mode!r} is no mode; there are {', '.join(hv.Mode)}")
    if timeout not in (None, "none", "never") and not span(timeout, "--timeout"):
        raise Usage("--timeout: no time at all; write 1h, or `none` for no deadline")
    given = {"mode": mode, "timeout": timeout, "approver": None if approver is None else _quoted(approver)}
    names = [name.strip() for name in (approvers or "").split(",") if name.strip()]
    given["approvers"] = _quoted(names) if names else None
    settings = {name: value for name, value in given.items() if value is not None}
    config = hv.init_vault(path or vault or "vault", state_dir=state_dir, new=new, **settings)
    print(f"The vault is {hv.text.one_line(str(config.root))}; open the folder in Obsidian or any editor.")
    if config.settings.mode is not hv.Mode.OPEN and not config.settings.approvers:
        print('Nobody may answer yet: add `approvers: ["NAME"]` to .hitl/vault.yaml in it.')
    if not _is_start_page(config.root / "Dashboard.md"):
        print("Dashboard.md is yours and was left as it is; the requests are listed in Approvals.base.")
    print(f"The record is kept in {hv.text.one_line(str(config.state))}.")


def _is_start_page(path: Path) -> bool:
    """Tell whether a page shows the views of requests, as the one of a fresh vault does."""
    try:
        return b"Approvals.base#" in path.read_bytes()
    except OSError:
        return False


def _quoted(text: str | list[str]) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def doctor(json: Json = False, vault: Vault = None, state_dir: StateDir = None) -> int:
    """Look for what is wrong with a vault, and say what to do."""
    checks = []
    for check in hv.diagnose(vault, state_dir=state_dir):
        checks.append(check)
        if not json:
            render.write(_check_lines(check))
    if json:
        render.write_json([hv.encode(check) for check in checks])
    levels = [check.level for check in checks]
    if not json:
        print(_sum(levels))
    return ERROR if "fail" in levels else DONE


def _check_lines(check: hv.Check) -> list[str]:
    mark = render.paint(f"{check.level:<4}", _COLOURS[check.level])
    remedy = (
        [f"      {line}" for line in render.wrapped(check.remedy, render.width() - 6)] if check.remedy else []
    )
    first, *rest = render.wrapped(f"{check.name}: {check.found}", render.width() - 6)
    return [f"{mark}  {first}", *(f"      {line}" for line in rest), *remedy]


def _sum(levels: list[Any]) -> str:
    fails, warns = levels.count("fail"), levels.count("warn")
    return (
        f"{len(levels)} checks: {fails} failed, {warns} with a warning." if fails or warns else "All is well."
    )
