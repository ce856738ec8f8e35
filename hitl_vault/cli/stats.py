"""`stats`: how many, how fast, how often no; and what is out of the ordinary."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import mean, median
from typing import Annotated, Any

import hitl_vault as hv
from hitl_vault.cli import render
from hitl_vault.cli.ask import span
from hitl_vault.cli.options import Json, Option, StateDir, Vault

MANY_PENDING = 10
LONG_WAIT = timedelta(hours=2)
MANY_REJECTED = 0.3

_ANSWERS = (hv.Kind.APPROVED, hv.Kind.REJECTED)
_MOST_SHOWN = 10


@dataclass
class Tally:
    """What the entries of a ledger add up to. Times to decide are in seconds."""

    asked: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    open: dict[str, datetime] = field(default_factory=dict)
    ends: Counter[hv.Kind] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    actions: defaultdict[str, Counter[hv.Kind]] = field(default_factory=lambda: defaultdict(Counter))
    approvers: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def take(self, entry: hv.Entry) -> None:
        """Count one entry."""
        if entry.kind is hv.Kind.ASKED:
            self._asked(entry)
        elif entry.request not in self.asked:
            return
        elif entry.kind is hv.Kind.VOTED:
            self.approvers[entry.body.get("by") or "(no name)"][entry.body["verdict"]] += 1
        elif entry.kind in (*_ANSWERS, hv.Kind.EXPIRED, hv.Kind.CANCELLED):
            self._ended(entry)

    def _asked(self, entry: hv.Entry) -> None:
        action = str(entry.body["request"]["action"])
        self.asked[entry.request] = (entry.at, action)
        self.open[entry.request] = entry.at
        self.actions[action][hv.Kind.ASKED] += 1

    def _ended(self, entry: hv.Entry) -> None:
        at, action = self.asked[entry.request]
        self.ends[entry.kind] += 1
        self.actions[action][entry.kind] += 1
        if entry.kind in _ANSWERS and entry.request in self.open:
            self.waits.append((entry.at - at).total_seconds())
        self.open.pop(entry.request, None)


def stats(
    since: Annotated[
        str | None, Option("--since", "Only requests asked in the last, say, 7d.", "TIME")
    ] = None,
    json: Json = False,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> None:
    """Count requests, times to decide, and who answered how."""
    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        now = gate.ledger.now()
        start = None if since is None else now - span(since, "--since")
        figures = figures_of(gate.ledger.entries(), since=start, now=now)
    if json:
        render.write_json(figures)
    else:
        render.write(_lines(figures))


def figures_of(entries: Iterable[hv.Entry], *, since: datetime | None, now: datetime) -> dict[str, Any]:
    """Return the figures of the requests asked after `since`, as JSON; times are in seconds."""
    tally = Tally()
    for entry in entries:
        if entry.kind is not hv.Kind.ASKED or since is None or entry.at >= since:
            tally.take(entry)
    figures = _totals(tally) | _times(tally, now) | _breakdown(tally)
    return figures | {"alerts": list(_alerts(figures))}


def _totals(tally: Tally) -> dict[str, Any]:
    approved, rejected = (tally.ends[kind] for kind in _ANSWERS)
    answered = approved + rejected
    return {
        "asked": len(tally.asked),
        "pending": len(tally.open),
        "approved": approved,
        "rejected": rejected,
        "expired": tally.ends[hv.Kind.EXPIRED],
        "cancelled": tally.ends[hv.Kind.CANCELLED],
        "approval_rate": approved / answered if answered else None,
        "rejection_rate": rejected / answered if answered else None,
    }


def _times(tally: Tally, now: datetime) -> dict[str, Any]:
    waiting = [(now - at).total_seconds() for at in tally.open.values()]
    return {
        "median_seconds": median(tally.waits) if tally.waits else None,
        "mean_seconds": mean(tally.waits) if tally.waits else None,
        "longest_waiting_seconds": max(waiting, default=None),
    }


def _breakdown(tally: Tally) -> dict[str, Any]:
    return {
        "by_action": {name: _named(counts) for name, counts in _largest(tally.actions)},
        "by_approver": {name: _named(counts) for name, counts in _largest(tally.approvers)},
    }


def _largest(groups: dict[str, Counter[Any]]) -> list[tuple[str, Counter[Any]]]:
    return sorted(groups.items(), key=lambda item: (-item[1].total(), item[0]))


def _named(counts: Counter[Any]) -> dict[str, int]:
    return {str(name): count for name, count in counts.items()}


def _alerts(figures: dict[str, Any]) -> Iterator[str]:
    if figures["pending"] > MANY_PENDING:
        yield f"{figures['pending']} requests are pending, more than {MANY_PENDING}"
    longest = timedelta(seconds=figures["longest_waiting_seconds"] or 0)
    if longest > LONG_WAIT:
        yield f"a request has waited for {hv.times.brief(longest)}, more than {hv.times.brief(LONG_WAIT)}"
    if (figures["rejection_rate"] or 0) > MANY_REJECTED:
        yield f"{figures['rejection_rate']:.0%} of the answers were no, more than {MANY_REJECTED:.0%}"
    if figures["expired"]:
        yield f"{hv.text.plural(figures['expired'], 'request')} expired without being carried out"


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    yield "  ".join(f"{name} {figures[name]}" for name in _TOTALS)
    if figures["median_seconds"] is not None:
        middle, average = (_span(figures[name]) for name in ("median_seconds", "mean_seconds"))
        yield f"time to decide: median {middle}, mean {average}"
        yield f"answers: {figures['approval_rate']:.0%} yes, {figures['rejection_rate']:.0%} no"
    for title, group, names in _GROUPS:
        yield from _group(title, figures[group], names)
    for alert in figures["alerts"]:
        yield render.paint("! ", "yellow") + alert


_TOTALS = ("asked", "pending", "approved", "rejected", "expired", "cancelled")
_GROUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("ACTION", "by_action", ("asked", "approved", "rejected", "expired", "cancelled")),
    ("APPROVER", "by_approver", ("approve", "reject")),
)


def _group(title: str, counts: dict[str, dict[str, int]], names: tuple[str, ...]) -> Iterator[str]:
    if not counts:
        return
    yield ""
    heads = [title, *(name.upper() for name in names)]
    shown = list(counts.items())[:_MOST_SHOWN]
    rows = [[render.cut(key, 28), *(str(of.get(name, 0)) for name in names)] for key, of in shown]
    yield from render.table(heads, rows, [[""] * len(heads)] * len(rows))
    if len(counts) > len(shown):
        yield f"… and {len(counts) - len(shown)} more; --json has all."


def _span(seconds: float) -> str:
    return f"{seconds:.1f}s" if seconds < 60 else hv.times.brief(timedelta(seconds=seconds))
