"""A FastAPI service with its store in memory, polled over HTTP; everything is lost when it stops."""

from __future__ import annotations

import uuid
from typing import Any

from benchmarks.rivals import roles


def serve(port: str) -> None:
    """Serve `POST /workflows`, `GET /workflows/{id}` and `POST /workflows/{id}/approve`."""
    import uvicorn
    from fastapi import FastAPI

    app, store = FastAPI(), dict[str, dict[str, Any]]()

    @app.post("/workflows", status_code=201)
    async def create(body: dict[str, Any]) -> dict[str, Any]:
        id = uuid.uuid4().hex
        store[id] = body | {"workflow_id": id, "status": "PENDING"}
        return store[id]

    @app.get("/workflows/{id}")
    async def get(id: str) -> dict[str, Any]:
        return store[id]

    @app.post("/workflows/{id}/approve")
    async def approve(id: str, body: dict[str, Any]) -> dict[str, Any]:
        store[id] |= body | {"status": "APPROVED"}
        return store[id]

    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error")


def agent(port: str, every: str) -> None:
    """Create over HTTP and poll each request over a kept connection."""
    import httpx

    client = httpx.Client(base_url=f"http://127.0.0.1:{port}")
    body = {"action": "refund", "requested_by": "bench", "context": roles.CONTEXT}

    def create(count: int) -> list[str]:
        return [client.post("/workflows", json=body).json()["workflow_id"] for _ in range(count)]

    def decided(id: str) -> bool:
        status: str = client.get(f"/workflows/{id}").json()["status"]
        return status == "APPROVED"

    roles.agent(create, roles.polling(float(every), decided))


def person(port: str) -> None:
    """Approve over HTTP."""
    import httpx

    client = httpx.Client(base_url=f"http://127.0.0.1:{port}")
    roles.person(lambda id: client.post(f"/workflows/{id}/approve", json={"reviewed_by": "ana"}))


if __name__ == "__main__":
    roles.main({"serve": serve, "agent": agent, "person": person})
