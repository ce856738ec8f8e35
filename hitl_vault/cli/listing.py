"""What to look at: `list`, `show`, `log`, and the ids that a shell completes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Annotated, TypeAlias

import hitl_vault as hv
from hitl_vault.cli import render
from hitl_vault.cli.exits import Usage, say
from hitl_vault.cli.options import Id, Json, Option, StateDir, Vault

NO_KEEPER = "No keeper is active: answers in notes count once `hitl watch` or an agent runs."


def list_(
    all: Annotated[bool, Option("--all", "Every request, not only the pending ones.")] = False,
    state: Annotated[
        str | None, Option("--state", "Only those in this state, such as `rejected`.", "STATE")
    ] = None,
    agent: Annotated[str | None, Option("--agent", "Only what this agent asked.", "NAME")] = None,
    run: Annotated[str | None, Option("--run", "Only what was asked in this run.", "ID")] = None,
    action: Annotated[str | None, Option("--action", "Only requests for this action.", "NAME")] = None,
    limit: Annotated[int, Option("--limit", "At most so many, newest first; 0 for all.", "N")] = 50,
    json: Json = False,
    vault: Vault = None,
    state_dir: StateDir = None,
) -> None:
    """List the requests that wait for an answer."""
    states = _states(all, state)
    if limit < 0:
        raise Usage(f"--limit: write a number, or 0 for all, not {limit}")
    with hv.open_listing(vault, state_dir=state_dir) as listing:
        most = limit + 1 if limit else None
        rows = listing.rows(states=states, limit=most, agent=agent, run=run, action=action)
        more, rows = limit and len(rows) > limit, rows[: limit or None]
        if waiting := listing.config.waiting():
            say(waiting)
        held = listing.on_hold(row.id for row in rows if row.state is hv.State.PENDING)
        if json:
            render.write_json([hv.encode(row) | _held(held.get(row.id)) for row in rows])
            return
        render.write(_listing(rows, states, held, listing.now()))
        if more:
            left = "" if agent or run or action else f"{sum(listing.counts(states).values()) - len(rows)} "
            print(f"… and {left}more; --limit 0 lists all.")
        if hv.active_keeper(listing.config.state) is None:
            print(render.paint(NO_KEEPER, "dim"))


def _states(all: bool, state: str | None) -> Collection[hv.State]:
    if state is None:
        return () if all else {hv.State.PENDING}
    if all:
        raise Usage("--all and --state exclude each other; leave one out")
    try:
        return {hv.State(state.strip().lower())}
    except ValueError:
        raise Usage(f"--state: no state is called {state!r}; there are {', '.join(hv.State)}") from None


def _held(kind: hv.Kind | None) -> dict[str, str]:
    return {} if kind is None else {"notice": str(kind)}


def _listing(
    rows: list[hv.Row], states: Collection[hv.State], held: Mapping[str, hv.Kind], now: datetime
) -> Iterator[str]:
    if not rows:
        yield f"No requests are {next(iter(states))}." if states else "No requests yet."
        return
    columns = _columns(held, now)
    if len(states) == 1 and not held:
        del columns["STATE"]
    if render.width() < _NARROW:
        for head in ("AGE", "RISK", "AGENT"):
            del columns[head]
    cells = [[cell(row) for cell, _ in columns.values()] for row in rows]
    yield from render.table(
        list(columns), cells, [[colour(row) for _, colour in columns.values()] for row in rows]
    )


_NARROW = 60
"""On fewer columns some are left out."""

_Column: TypeAlias = tuple[Callable[[hv.Row], str], Callable[[hv.Row], str]]


def _columns(held: Mapping[str, hv.Kind], now: datetime) -> dict[str, _Column]:
    """Return what a listing has to say of a row, each with its colour; what is on hold is in that state."""

    def left(row: hv.Row) -> str:
        open_ = row.state in (hv.State.PENDING, hv.State.APPROVED)
        return render.until(row.expires, now) if open_ else ""

    action = 18 if render.width() >= _NARROW else 12 if not held else 8
    return {
        "ID": (lambda row: render.short(row.id), lambda row: "bold"),
        "AGE": (lambda row: render.since(row.created, now), _plain),
        "LEFT": (left, _plain),
        "RISK": (lambda row: str(row.risk), lambda row: render.risk_colour(row.risk)),
        "STATE": (lambda row: str(held.get(row.id, row.state)), lambda row: render.state_colour(row.state)),
        "ACTION": (lambda row: render.cut(row.action, action), _plain),
        "AGENT": (lambda row: render.cut(row.agent, 14), _plain),
        "SUMMARY": (lambda row: render.cut(row.summary, 400), _plain),
    }


def _plain(row: hv.Row) -> str:
    return ""


def show(id: Id, json: Json = False, vault: Vault = None, state_dir: StateDir = None) -> None:
    """Show one request: the facts, the whole context, the agent's words, the history."""
    from hitl_vault.cli import views

    with hv.open_gate(vault, state_dir=state_dir, keeper=False) as gate:
        record = gate.get(gate.find(id))
        note = hv.Layout(gate.config.root).home(record)
        history = gate.history(record.id)
        if json:
            entries = [{"seq": e.seq, "at": hv.times.text_of(e.at), "kind": str(e.kind)} for e in history]
            render.write_json(views.record_json(record, note) | {"history": entries})
        else:
            render.write(views.card(record, history, note=note, now=gate.ledger.now()))


def completions(part: str, vault: str | None, state_dir: str | None) -> list[tuple[str, str]]:
    """Return the ids that a shell may offer for what was typed so far, each with what it is about."""
    with hv.open_listing(vault, state_dir=state_dir) as listing:
        rows = listing.rows(limit=200)
    offers = []
    for row in rows:
        word = row.id if row.id.startswith(part) else render.short(row.id)
        if word.startswith(part):
            offers.append((word, f"{row.state}, {render.cut(f'{row.action}: {row.summary}', 60)}"))
    return offers


def version() -> None:
    """Print the version."""
    print(f"hitl {hv.__version__}")
