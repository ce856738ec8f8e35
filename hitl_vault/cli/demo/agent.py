"""The demo's agent: a program of its own that asks before each of three sensitive actions.

It writes one JSON line for each action that went on or was not allowed to, with the time in
nanoseconds since 1970.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable

import hitl_vault as hv


def report(action: str, said: str, at: int) -> None:
    """Tell the demo how an action went."""
    print(json.dumps({"action": action, "said": said, "at": at}), flush=True)


async def work(vault: str, state_dir: str | None, deadline: str) -> None:
    """Do three things, each of them only if somebody says yes."""
    async with hv.open_async_gate(vault, agent="shop-bot", state_dir=state_dir) as opened:
        gate = opened.gate

        @gate.guard(
            action="refund",
            summary="Refund 900 EUR to Ada for order A-17",
            reason="It arrived broken.",
            risk="medium",
        )
        async def refund(order: str, eur: int) -> str:
            report("refund", f"refunds {eur} EUR on {order}", time.time_ns())
            return f"refunded {eur} EUR on {order}"

        @gate.guard(
            action="deploy", summary="Ship version 1.4 to production", reason="All tests pass.", risk="high"
        )
        async def deploy(version: str, environment: str) -> str:
            report("deploy", f"ships {version} to {environment}", time.time_ns())
            return f"shipped {version}"

        @gate.guard(
            action="erase-customer",
            summary="Delete all data of customer 7",
            reason="They asked to be forgotten.",
            risk="critical",
            timeout=deadline,
        )
        async def erase(customer: int, tables: list[str]) -> str:
            report("erase-customer", f"deletes customer {customer}", time.time_ns())
            return f"deleted customer {customer} from {len(tables)} tables"

        await asyncio.gather(
            attempt("refund", refund("A-17", 900)),
            attempt("deploy", deploy("1.4", "production")),
        )
        await attempt("erase-customer", erase(7, ["orders", "invoices", "messages"]))


async def attempt(action: str, call: Awaitable[str]) -> None:
    """Await a guarded call; not being allowed is an answer like any other."""
    try:
        await call
    except hv.NotApproved as no:
        at = time.time_ns()
        words = f": {no.decision.comment}" if no.decision and no.decision.comment else ""
        report(action, f"leaves it, {type(no).__name__.lower()}{words}", at)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2] or None, sys.argv[3]))
