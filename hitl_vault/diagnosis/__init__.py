"""Looks for what is wrong with a vault, and says what to do; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hitl_vault import config
from hitl_vault.diagnosis.check import Check, fail, ok
from hitl_vault.diagnosis.elsewhere import elsewhere
from hitl_vault.diagnosis.events import events, inotify_limits
from hitl_vault.diagnosis.notes import notes
from hitl_vault.diagnosis.places import folders, settings_file, state_directory, vault_place
from hitl_vault.diagnosis.policy import policy
from hitl_vault.diagnosis.record import keepers, record
from hitl_vault.diagnosis.templates import templates
from hitl_vault.errors import ConfigError, HitlVaultError, VaultNotFound
from hitl_vault.ledger.sqlite import SqliteLedger

__all__ = ["Check", "diagnose"]


def diagnose(vault: str | Path | None = None, *, state_dir: str | Path | None = None) -> Iterator[Check]:
    """Yield one `Check` after the other; takes a few seconds, the vault may be in use meanwhile."""
    try:
        found = config.load(vault, state_dir=state_dir)
    except VaultNotFound as error:
        yield fail("vault", "not found", str(error))
        return
    except ConfigError as error:
        yield fail("settings", str(error), "Correct this line; nothing works until then.")
        return
    yield ok("vault", f"{found.root}, mode {found.settings.mode}")
    yield from settings_file(found)
    yield from policy(found)
    yield from templates(found)
    yield from vault_place(found)
    yield from folders(found)
    yield from state_directory(found)
    yield from keepers(found)
    yield from events(found)
    yield from inotify_limits(found)
    yield from _with_the_ledger(found)


def _with_the_ledger(found: config.Config) -> Iterator[Check]:
    if not found.ledger.exists():
        yield ok("ledger", "none yet; the first request makes it")
        return
    try:
        ledger = SqliteLedger(found.ledger, vault_id=found.settings.id)
    except (HitlVaultError, OSError) as error:
        yield fail("ledger", str(error), "Put back the ledger from a backup; the notes alone decide nothing.")
        return
    try:
        yield from record(ledger)
        yield from notes(found, ledger)
        yield from elsewhere(found, ledger)
    finally:
        ledger.close()
