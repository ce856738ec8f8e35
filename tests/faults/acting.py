"""What a victim has at hand: the vault, what was prepared in it, and a way to acknowledge what it did."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hitl_vault as hv
from hitl_vault.keeper import Keeper
from tests.faults.inspection import misplaced

if TYPE_CHECKING:
    from tests.faults.plot import Scenario

_QUIET = 5.0

Facts = dict[str, Any]


class Actor:
    """Acts a scenario."""

    def __init__(self, root: Path, state: Path, facts: Facts, out: int = 1) -> None:
        self.root, self.state, self.facts, self._out = root, state, facts, out

    def act(self, scenario: Scenario) -> None:
        """Do what the scenario says."""
        scenario.act(self)

    def gate(self) -> hv.Gate:
        """Open a gate without a keeper."""
        return hv.open_gate(self.root, agent="crm-bot", state_dir=self.state, keeper=False)

    def say(self, what: str, id: str = "", **more: Any) -> None:
        """Acknowledge something, in one system call."""
        with contextlib.suppress(OSError):  # that nobody hears it is the injected fault, not the product's
            os.write(self._out, (json.dumps({"said": what, "id": id, **more}) + "\n").encode())

    def attempt(self, what: str, id: str, do: Callable[[], Any], key: str = "") -> Any:
        """Acknowledge what works; say what does not, if it is one of the documented errors."""
        try:
            result = do()
        except hv.HitlVaultError as error:
            self.give_up(error, what, id, key)
            return None
        self.say(what, result.id if isinstance(result, hv.Request) else id, key=key)
        return result

    def give_up(self, error: hv.HitlVaultError, what: str, id: str = "", key: str = "") -> None:
        """Say what failed, and go on; or die there and then, as the facts say."""
        self.say("error", id, doing=what, kind=type(error).__name__, text=str(error), key=key)
        if self.facts.get("dies"):
            os.kill(os.getpid(), signal.SIGKILL)

    def run_it(self, id: str) -> None:
        """The action itself; twice would be twice the money."""
        # An action that the disk fails is the agent's own matter.
        with contextlib.suppress(OSError), (self.state / "effects").open("a") as effects:
            effects.write(f"{id}\n")

    def keep(self, *, decided: int = 0, more: Callable[[], bool] = lambda: True) -> None:
        """Be the keeper, on this thread, until `decided` requests are and every note lies in its place."""
        with self.gate() as gate:
            gate.ledger.subscribe(self._say_all)
            keeper = Keeper(gate.config, gate.ledger, tell=lambda sentence: self.say("told", text=sentence))
            threading.Thread(target=_stop_when_quiet, args=(keeper, gate, decided, more), daemon=True).start()
            keeper._run()

    def _say_all(self, entries: list[hv.Entry]) -> None:
        for entry in entries:
            self.say(str(entry.kind), entry.request)


def _stop_when_quiet(keeper: Keeper, gate: hv.Gate, decided: int, more: Callable[[], bool]) -> None:
    ends = time.monotonic() + _QUIET
    while time.monotonic() < ends:
        time.sleep(0.02)
        try:
            rows = gate.ledger.rows()
            enough = sum(row.state is not hv.State.PENDING for row in rows) >= decided
            if enough and more() and not misplaced(gate.config.root, gate.ledger):
                break
        except (hv.HitlVaultError, OSError):
            continue
    keeper._stopping.set()
    keeper._inbox.wake()
