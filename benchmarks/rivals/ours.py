"""hitl-vault itself: the agent asks and waits, a keeper keeps, the person edits notes."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import hitl_vault as hv
from benchmarks import vaults
from benchmarks.rivals import roles


def agent(root: str, state: str) -> None:
    """Ask, and wait on one event loop."""
    with hv.open_gate(root, agent="bench", state_dir=state, keeper=False) as gate:

        def create(count: int) -> list[str]:
            requests = vaults.ask_all(gate, count)
            return [str(vaults.note(gate.config, request.id)) for request in requests]

        async def wait_all(ids: list[str]) -> None:
            await asyncio.gather(*(gate.wait_async(Path(id).stem) for id in ids))

        def wait(ids: list[str]) -> None:
            if len(ids) == 1:
                gate.wait(Path(ids[0]).stem)
            else:
                asyncio.run(wait_all(ids))

        roles.agent(create, wait)


def person() -> None:
    """Edit each note as soon as it is there."""
    from benchmarks.harness import until

    def decide(id: str) -> None:
        path = Path(id)
        until(path.exists)
        vaults.approve(path)

    roles.person(decide)


def keeper(root: str, state: str, hearing: str) -> None:
    """Keep the vault, hearing of changes through `watchdog` or `watchfiles`."""
    if hearing == "watchfiles":
        from benchmarks.rivals.hearing import use_watchfiles

        use_watchfiles()
    with hv.open_gate(root, agent="keeper", state_dir=state, keeper=False) as gate:
        kept = hv.Keeper(gate.config, gate.ledger)
        kept.start()
        kept.wait_ready(60)
        roles.say("ready")
        sys.stdin.read()
        kept.stop()


if __name__ == "__main__":
    roles.main({"agent": agent, "person": person, "keeper": keeper})
