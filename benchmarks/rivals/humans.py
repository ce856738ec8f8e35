"""awaithumans: its server as `awaithumans dev` starts it, its own client, its HTTP API for the person."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import uuid
from typing import Any

from benchmarks.rivals import roles


def _client() -> Any:
    import httpx

    headers = {"Authorization": f"Bearer {os.environ['AWAITHUMANS_ADMIN_API_TOKEN']}"}
    return httpx.Client(base_url=os.environ["AWAITHUMANS_URL"], headers=headers, timeout=60)


def agent() -> None:
    """Call `await_human` for each request, all on one event loop; their ids come from the list of tasks."""
    client, known = _client(), set[str]()
    running: list[threading.Thread] = []

    def create(count: int) -> list[str]:
        running[:] = [threading.Thread(target=asyncio.run, args=(_all(count),))]
        running[0].start()
        found: set[str] = set()
        while len(found) < count:
            time.sleep(0.01)
            found = {task["id"] for task in client.get("/api/tasks", params={"limit": 200}).json()} - known
        known.update(found)
        return sorted(found)

    roles.agent(create, lambda ids: running[0].join())


async def _all(count: int) -> None:
    from awaithumans import await_human
    from pydantic import BaseModel

    class Refund(BaseModel):
        order: str = "A-17"
        eur: int = 900

    class Answer(BaseModel):
        approved: bool

    def one() -> Any:
        return await_human(
            task="Approve refund",
            payload_schema=Refund,
            payload=Refund(),
            response_schema=Answer,
            timeout_seconds=900,
            idempotency_key=uuid.uuid4().hex,
        )

    await asyncio.gather(*(one() for _ in range(count)))


def person() -> None:
    """Complete tasks over HTTP."""
    client = _client()

    def decide(id: str) -> None:
        client.post(f"/api/tasks/{id}/complete", json={"response": {"approved": True}}).raise_for_status()

    roles.person(decide)


if __name__ == "__main__":
    roles.main({"agent": agent, "person": person})
