"""The lines of a listing as SQLite keeps them."""

from __future__ import annotations

from typing import Any

from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.risk import Level
from hitl_vault.domain.times import instant
from hitl_vault.ledger.protocol import Row

ROW_COLUMNS = (
    "id, state, action, agent, summary, risk, created, expires, changed, decided, "
    "run, key, due, standing, rule, seq"
)

_STATES = {str(state): state for state in State}
_LEVELS = {str(level): level for level in Level}


def row_of(columns: tuple[Any, ...]) -> Row:
    """Return the row that `ROW_COLUMNS` hold."""
    id, state, action, agent, summary, risk, created, expires, changed, decided, *rest = columns
    run, key, due, standing, rule, seq = rest
    return Row(
        id=id,
        state=_STATES[state],
        action=action,
        agent=agent,
        summary=summary,
        risk=_LEVELS[risk],
        created=instant(created),
        expires=instant(expires) if expires else None,
        changed=instant(changed),
        decided=instant(decided) if decided else None,
        run=run,
        key=key,
        due=instant(due) if due else None,
        standing=instant(standing) if standing else None,
        rule=rule,
        seq=seq,
    )
