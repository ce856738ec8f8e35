"""Lists a vault's requests for whoever only looks; loads a quarter of what a gate needs."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from hitl_vault import config
from hitl_vault.ledger.reading import SqliteReading


class Listing(SqliteReading):
    """The requests of a vault: `rows`, `counts` and `find` as a `Ledger` has them, and its time `now`.

    `on_hold` tells which pending requests have an answer that cannot count.

    Use it as a context manager, or close it.
    """

    def __init__(self, config: config.Config) -> None:
        super().__init__(config.ledger, vault_id=config.settings.id)
        self.config = config

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_listing(vault: str | Path | None = None, *, state_dir: str | Path | None = None) -> Listing:
    """Open a vault's requests for looking. Raises `VaultNotFound` or `ConfigError`."""
    found = config.load(vault, state_dir=state_dir)
    config.make_private(found.state)
    return Listing(found)
