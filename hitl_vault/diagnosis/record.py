"""The ledger, and who keeps the vault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from hitl_vault.config import SETTINGS_FOLDER, Config
from hitl_vault.diagnosis.check import Check, fail, ok, warn
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.text import plural
from hitl_vault.domain.times import brief, readable
from hitl_vault.errors import LedgerBroken
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.presence import active_keeper, calling_card

QUICK = 20_000
"""Entries up to which the whole chain is checked; about two seconds."""

_CLOCK_SLACK = timedelta(seconds=2)


def record(ledger: Ledger) -> Iterator[Check]:
    """Look whether the chain holds and the clock runs forward."""
    count = ledger.last_seq()
    try:
        if count <= QUICK:
            ledger.verify()
        checked = "every one fits" if count <= QUICK else "not checked here; `hitl verify` does"
        yield ok("ledger", f"{count} entries, {checked}")
    except LedgerBroken as error:
        yield fail("ledger", str(error), "Somebody changed the record. Keep a copy, then find out who.")
    yield from _clock(ledger)
    yield from _unknown(ledger)


def _clock(ledger: Ledger) -> Iterator[Check]:
    # The ledger's time never lies before its last entry, so it runs ahead only if the clock fell back.
    ahead = ledger.now() - datetime.now(UTC)
    if ahead > _CLOCK_SLACK:
        yield fail(
            "clock",
            f"the last entry is {brief(ahead)} in the future ({readable(ledger.now())})",
            "Set the clock. Until it has caught up, deadlines are counted from the last entry.",
        )
    else:
        yield ok("clock", "runs on from the last entry")


def _unknown(ledger: Ledger) -> Iterator[Check]:
    lost = ledger.counts({State.UNKNOWN})[State.UNKNOWN]
    if lost:
        yield warn(
            "outcomes",
            f"{plural(lost, 'request')}, claimed by a program that then vanished",
            "`hitl list --state unknown` names them; look what really happened, then say so with "
            "`hitl settle ID executed` or `failed`. Nothing runs them again.",
        )


def keepers(config: Config) -> Iterator[Check]:
    """Look who keeps the vault, on this machine and on others."""
    who = active_keeper(config.state)
    if who:
        yield ok("keeper", f"{who} is active")
    else:
        yield warn(
            "keeper",
            "none is active, so answers in notes are not read and deadlines not kept",
            "Run `hitl watch`; an agent with an open gate keeps the vault as well.",
        )
    others = sorted(set(_others(config)))
    if others:
        yield fail(
            "keepers",
            f"this vault is kept elsewhere too: {', '.join(others)}",
            "Let one machine keep it: each has a record of its own, and they will not agree. "
            f"If none does any more, delete its card in {config.root / SETTINGS_FOLDER}.",
        )


def _others(config: Config) -> Iterator[str]:
    """Yield the machines of the keepers' cards in the vault that are not our own."""
    own = calling_card(config.state)
    for card in (config.root / SETTINGS_FOLDER).glob("keeper*.json"):
        if card.name == own:
            continue
        try:
            yield str(json.loads(card.read_bytes()[:4096])["host"])
        except (OSError, ValueError, KeyError, TypeError):
            yield f"an unreadable card, {card.name}"
