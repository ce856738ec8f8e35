"""`watch`: keeps a vault as a daemon, and says what happens in it."""

from __future__ import annotations

import json as jsonlib
import signal
import sys
import threading
from datetime import UTC, datetime
from types import FrameType

import hitl_vault as hv
from hitl_vault.cli import entries, render
from hitl_vault.cli.exits import DONE
from hitl_vault.cli.options import Json, StateDir, Vault

LOOK_EVERY = 0.2
"""Seconds between two looks at whether this keeper has become the active one, or is it no longer."""

_COLOURS = {
    hv.Kind.APPROVED: "green",
    hv.Kind.EXECUTED: "green",
    hv.Kind.REJECTED: "red",
    hv.Kind.FAILED: "red",
    hv.Kind.UNKNOWN: "red",
    hv.Kind.HELD: "yellow",
    hv.Kind.REFUSED: "yellow",
    hv.Kind.FLAGGED: "yellow",
    hv.Kind.TAMPERED: "red",
    hv.Kind.EXPIRED: "dim",
}


def watch(json: Json = False, vault: Vault = None, state_dir: StateDir = None) -> int:
    """Keep the vault: read answers, keep deadlines, draw notes. Ends on Ctrl-C or SIGTERM.

    When nobody reads its output any more it ends with an error, the next time that there is something to say.
    """
    stop = threading.Event()

    def ended(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, ended) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with hv.open_gate(vault, agent="watch", state_dir=state_dir, keeper=False) as gate:
            _keep(gate, Teller(json, stop), stop)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return DONE


class Teller:
    """Prints one line for each event, from whichever thread it comes; sets `stop` when that fails."""

    def __init__(self, json: bool, stop: threading.Event) -> None:
        self._json = json
        self._stop = stop
        self.failure: OSError | None = None
        self._lock = threading.Lock()

    def entries(self, entries: list[hv.Entry]) -> None:
        """Print entries of the ledger."""
        for entry in entries:
            self._print(hv.ascii_line(hv.line_of(entry)) if self._json else "\n".join(_lines(entry)))

    def keeper(self, text: str) -> None:
        """Print what the keeper has to say."""
        now = datetime.now(UTC)
        if self._json:
            self._print(jsonlib.dumps({"at": hv.times.text_of(now), "kind": "keeper", "text": text}))
        else:
            head = f"{_clock(now)}  {render.paint('keeper', 'cyan')}    "
            self._print("\n".join(_told(head, 20, hv.text.one_line(text))))

    def _print(self, line: str) -> None:
        with self._lock:
            if self.failure:
                return
            try:
                print(line, flush=True)
            except OSError as error:  # raised by the main thread, when the keeper has come to its end
                self.failure = error
                self._stop.set()


def _lines(entry: hv.Entry) -> list[str]:
    kind = render.paint(f"{entry.kind:<9}", _COLOURS.get(entry.kind, ""))
    said = entries.entry_line(entry).removeprefix(str(entry.kind)).lstrip(": ")
    head = f"{_clock(entry.at)}  {kind} {render.short(entry.request):<8}  "
    columns = 21 + max(9, len(entry.kind))
    return [line.rstrip() for line in _told(head, columns, said)]


def _told(head: str, columns: int, said: str) -> list[str]:
    """Return the lines of what is told: on a terminal none that it would break, else one."""
    return list(render.hung(head, columns, said)) if sys.stdout.isatty() else [head + said]


def _clock(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M:%S")


def _keep(gate: hv.Gate, teller: Teller, stop: threading.Event) -> None:
    unsubscribe = gate.ledger.subscribe(teller.entries)
    keeper = hv.Keeper(gate.config, gate.ledger, tell=teller.keeper)
    keeper.start()
    try:
        _say_who_keeps(gate, keeper, teller, stop)
    finally:
        keeper.stop()
        unsubscribe()
        teller.keeper("stopped")
    if teller.failure:
        raise teller.failure


def _say_who_keeps(gate: hv.Gate, keeper: hv.Keeper, teller: Teller, stop: threading.Event) -> None:
    keeper.wait_ready(1.0)
    told = ""
    while True:
        now = _who_keeps(gate, keeper)
        if now and now != told:
            teller.keeper(now)
            told = now
        if stop.wait(LOOK_EVERY):
            return


def _who_keeps(gate: hv.Gate, keeper: hv.Keeper) -> str:
    if keeper.active:
        return f"keeps {gate.config.root}"
    other = hv.active_keeper(gate.config.state)
    return f"stands by; {other} keeps this vault" if other else ""
