"""A queue in Redis as a gateway keeps it: the request under its id, the pending ids in a sorted set."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from benchmarks.rivals import roles


def _redis(port: str) -> Any:
    import redis

    return redis.Redis(port=int(port))


def agent(port: str, every: str) -> None:
    """Put requests and poll each of them."""
    store = _redis(port)
    body = {"action_type": "refund", "context": roles.CONTEXT, "status": "PENDING"}

    def create(count: int) -> list[str]:
        ids = [uuid.uuid4().hex for _ in range(count)]
        for id in ids:
            store.set(f"approval:{id}", json.dumps(body), ex=3600)
            store.zadd("approvals:pending", {id: time.time()})
        return ids

    def decided(id: str) -> bool:
        status: str = json.loads(store.get(f"approval:{id}"))["status"]
        return status == "APPROVED"

    roles.agent(create, roles.polling(float(every), decided))


def person(port: str) -> None:
    """Rewrite the request as approved and take it off the pending."""
    store = _redis(port)

    def decide(id: str) -> None:
        body = json.loads(store.get(f"approval:{id}")) | {"status": "APPROVED", "decided_by": "ana"}
        store.set(f"approval:{id}", json.dumps(body), ex=3600)
        store.zrem("approvals:pending", id)

    roles.person(decide)


if __name__ == "__main__":
    roles.main({"agent": agent, "person": person})
