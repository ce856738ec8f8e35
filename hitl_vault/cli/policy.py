"""Policies: `policy check`, `policy explain`, `policy test`, `policy show` and `policy schema`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import hitl_vault as hv
from hitl_vault.cli import render
from hitl_vault.cli.ask import Context, read_context
from hitl_vault.cli.exits import DONE, ERROR, Usage
from hitl_vault.cli.options import Action, Agent, Argument, Json, Option, Run, StateDir, Vault

File = Annotated[
    str | None, Argument("[FILE]", "A policy file, or the name of a shipped policy; else the vault's.")
]
Policy = Annotated[
    str | None, Option("--policy", "A policy file, or the name of a shipped policy.", "NAME|FILE")
]


def check(file: File = None, vault: Vault = None, state_dir: StateDir = None) -> None:
    """Check a policy file; every mistake is told with its line and remedy."""
    path = _path(file, vault, state_dir, proposed=True)
    rules = len(hv.policies.read_policy(path).rules)
    print(f"{hv.text.one_line(str(path))}: {rules} {'rule' if rules == 1 else 'rules'}, nothing wrong.")


def explain(
    action: Action,
    context: Context = "{}",
    policy: Policy = None,
    agent: Agent = "agent",
    run: Run = None,
    json: Json = False,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> None:
    """Say what would happen to a request: which rule, why, who, how many, by when."""
    config = None if policy else hv.load_config(vault, state_dir=state_dir)
    chosen = (
        hv.policies.load_policy(config) if config else hv.policies.read_policy(hv.policies.find(policy or ""))
    )
    base = config.settings.requirement if config else hv.Requirement()
    ruling = hv.policies.explain(chosen, action, read_context(context), agent=agent, run=run, base=base)
    found = hv.policies.ruling_json(ruling, config)
    if json:
        render.write_json(found)
    else:
        render.write(_explained(ruling, found))


def _explained(ruling: hv.Ruling, found: dict[str, Any]) -> Iterator[str]:
    rule = f" (rule {hv.text.one_line(ruling.rule)!r})" if ruling.rule else ""
    yield f"{ruling.verdict}{rule}"
    for reason in found["reasons"]:
        yield f"  because  {hv.text.one_line(reason)}"
    yield f"  risk     {render.risk(ruling.risk.level)}, score {ruling.risk.score}"
    if ruling.requires_approval:
        needs = ruling.requirement
        yield f"  who      {hv.text.one_line(', '.join(needs.approvers)) or 'anyone who may vote'}"
        yield f"  how many {needs.quorum} to approve, {needs.reject_quorum} to reject"
        yield f"  proof    trust mode {needs.mode}"
        yield f"  by when  {_in(found['timeout'])}"


def _in(seconds: float | None) -> str:
    return "no deadline" if seconds is None else f"within {hv.times.exact(hv.times.duration(seconds))}"


def try_(
    file: Annotated[
        str | None,
        Argument("[FILE]", "The cases, or a shipped policy's name; else those beside the policy."),
    ] = None,
    policy: Policy = None,
    json: Json = False,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> int:
    """Try a policy on a file of cases; the exit code is 1 if one of them turns out otherwise."""
    chosen = _named(policy) if policy else None
    results = list(hv.policies.try_cases(_cases(file, policy, vault, state_dir), chosen))
    failed = [name for name, lines in results if lines]
    if json:
        render.write_json([{"name": name, "ok": not lines, "differences": lines} for name, lines in results])
    else:
        render.write(_tried(results))
        print(
            f"{len(results)} cases, {len(failed)} failed."
            if failed
            else f"{len(results)} cases, all as expected."
        )
    return ERROR if failed else DONE


def _tried(results: list[tuple[str, list[str]]]) -> Iterator[str]:
    for name, lines in results:
        if lines:
            yield render.paint(f"fail  {hv.text.one_line(name)}", "red")
            yield from (f"      {hv.text.one_line(line)}" for line in lines)


def _cases(file: str | None, policy: str | None, vault: str | None, state_dir: str | None) -> Path:
    if file is None:
        beside = hv.policies.cases_beside(_path(policy, vault, state_dir, proposed=True))
        if not beside.exists():
            raise Usage(f"there are no cases in {beside}; write them there (docs/policy.md), or name a FILE")
        return beside
    if file in hv.policies.shipped_policies():
        return hv.policies.cases_beside(hv.policies.find(file))
    return Path(os.path.expanduser(file))


def show(file: File = None, vault: Vault = None, state_dir: StateDir = None) -> None:
    """Print a policy file."""
    path = _path(file, vault, state_dir)
    hv.policies.read_policy(path)
    render.write(hv.text.visible(path.read_text("utf-8-sig")).splitlines())


def schema() -> None:
    """Print the JSON Schema of policy files, for editors."""
    print(hv.policies.schema_text(), end="")


def _named(policy: str | None) -> Any:
    return hv.policies.read_policy(hv.policies.find(policy or ""))


def _path(chosen: str | None, vault: str | None, state_dir: str | None, *, proposed: bool = False) -> Path:
    if chosen is not None:
        return hv.policies.find(chosen)
    config = hv.load_config(vault, state_dir=state_dir)
    path = hv.policies.policy_path(config, proposed=proposed)
    if path is None:
        names = ", ".join(hv.policies.shipped_policies())
        raise Usage(
            f"{config.root} has no policy, so everything is asked about; name a file or one of {names}"
        )
    return path
