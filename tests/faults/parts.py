"""Which parts there are to play."""

from __future__ import annotations

from typing import Any

from tests.faults.actors import Actor, Agent, Person
from tests.faults.onlookers import Keeper, Probe, Reader

PARTS: dict[str, type[Actor]] = {
    "agent": Agent,
    "person": Person,
    "reader": Reader,
    "keeper": Keeper,
    "probe": Probe,
}


def warm_up() -> None:
    """Import what every actor needs."""
    import hitl_vault.gate
    import hitl_vault.keeper  # noqa: F401


def play(order: dict[str, Any]) -> None:
    """Play a part to its end."""
    actor: Any = PARTS[order["part"]](order)
    actor.play()
    actor.gate.close()
