"""LangGraph: a node that interrupts, its SQLite checkpointer, and a person's program that resumes it.

Nobody waits here: the run is over at the interrupt, and whoever has the answer runs the rest of the graph.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
import uuid
from typing import Any, TypedDict

from benchmarks.rivals import roles


class State(TypedDict):
    """What the graph carries."""

    context: dict[str, Any]
    resumed: float


def _graph(path: str) -> Any:
    from langgraph.checkpoint.sqlite import SqliteSaver
    from langgraph.graph import END, START, StateGraph
    from langgraph.types import interrupt

    def approve(state: State) -> dict[str, float]:
        interrupt({"action": "refund", "context": state["context"]})
        return {"resumed": time.monotonic()}

    graph = StateGraph(State)
    graph.add_node("approve", approve)
    graph.add_edge(START, "approve")
    graph.add_edge("approve", END)
    return graph.compile(checkpointer=SqliteSaver(sqlite3.connect(path, check_same_thread=False)))


def _config(id: str) -> dict[str, Any]:
    return {"configurable": {"thread_id": id}}


def agent(path: str) -> None:
    """Run the graph to its interrupt; what follows happens in the person's process."""
    graph = _graph(path)

    def create(count: int) -> list[str]:
        ids = [uuid.uuid4().hex for _ in range(count)]
        for id in ids:
            graph.invoke({"context": roles.CONTEXT, "resumed": 0.0}, _config(id))
        return ids

    roles.agent(create, lambda ids: None)


def person(path: str) -> None:
    """Resume each graph; say when it began and when the last node went on."""
    from langgraph.types import Command

    graph = _graph(path)
    for line in sys.stdin:
        begin = time.monotonic()
        for id in json.loads(line):
            last = graph.invoke(Command(resume={"approved": True}), _config(id))["resumed"]
        roles.say(begin)
        roles.say(last)


if __name__ == "__main__":
    roles.main({"agent": agent, "person": person})
