"""What to look at: `list`, `show`, `log`, and the ids that a shell completes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Annotated

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
        rows = listing.rows(states=states, limit=limit or None)
        if waiting := listing.config.waiting():
            say(waiting)
        if json:
            render.write_json([hv.encode(row) for row in rows])
            return
        render.write(_listing(rows, states, listing.now()))
        _say_the_rest(listing, states, len(rows) if len(rows) == limit else None)


def _states(all: bool, state: str | None) -> Collection[hv.State]:
    if state is None:
        return () if all else {hv.State.PENDING}
    if all:
        raise Usage("--all and --state exclude each other; leave one out")
    try:
        return {hv.State(state.strip().lower())}
    except ValueError:
        raise Usage(f"--state: no state is called {state!r}; there are {', '.join(hv.State)}") from None


def _listing(rows: list[hv.Row], states: Collection[hv.State], now: datetime) -> Iterator[str]:
    if not rows:
        yield f"No requests are {next(iter(states))}." if states else "No requests yet."
        return
    mixed = len(states) != 1
    heads = ["ID", "AGE", "LEFT", "RISK", *(["STATE"] if mixed else []), "ACTION", "AGENT", "SUMMARY"]
    cells = [_cells(row, mixed, now) for row in rows]
    colours = [_colours(row, mixed) for row in rows]
    yield from render.table(heads, cells, colours)


def _cells(row: hv.Row, mixed: bool, now: datetime) -> list[str]:
    open_ = row.state in (hv.State.PENDING, hv.State.APPROVED)
    return [
        render.short(row.id),
        render.since(row.created, now),
        render.until(row.expires, now) if open_ else "",
        str(row.risk),
        *([str(row.state)] if mixed else []),
        render.cut(row.action, 18),
        render.cut(row.agent, 14),
        render.cut(row.summary, 400),
    ]


def _colours(row: hv.Row, mixed: bool) -> list[str]:
    state = [render.state_colour(row.state)] if mixed else []
    return ["bold", "", "", render.risk_colour(row.risk), *state, "", "", ""]


def _say_the_rest(listing: hv.Listing, states: Collection[hv.State], shown: int | None) -> None:
    if shown is not None:
        more = sum(listing.counts(states).values()) - shown
        if more > 0:
            print(f"… and {more} more; --limit 0 lists all.")
    if hv.active_keeper(listing.config.state) is None:
        print(render.paint(NO_KEEPER, "dim"))


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
