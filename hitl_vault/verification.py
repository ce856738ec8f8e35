"""Whether a record holds: by itself, against a checkpoint kept elsewhere, and against the notes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from hitl_vault.checkpoints import Checkpoints
from hitl_vault.config import Config
from hitl_vault.domain.checkpoint import Checkpoint, Witness, origin_of
from hitl_vault.domain.entry import Entry
from hitl_vault.domain.lifecycle import FINAL
from hitl_vault.errors import SignatureInvalid
from hitl_vault.ledger.chain import verify_lines
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.proofs import verify_votes
from hitl_vault.trust.signed_note import PublicKey, signed_by_one_of, text_of
from hitl_vault.vault.layout import Layout


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What was checked, and fits: so many entries; of a vault also its resolved notes and votes' proofs.

    `missing` is how many resolved notes are gone, and `drawn` how many of them are there again.
    """

    entries: int
    notes: int | None = None
    proofs: int = 0
    missing: int = 0
    drawn: int = 0


def verify_vault(
    config: Config, ledger: Ledger, *, against: Path | None = None, key: str = "", draw: bool = False
) -> Verified:
    """Check a vault's record, the signatures and codes of its votes, and its resolved notes.

    `LedgerBroken` names the first entry that does not fit, `NoteForged` the first note.

    With `against`, the file of a checkpoint, the record must begin with all that was in it. Its
    signature is checked with `key`, by default the vault's own: `SignatureInvalid`. With `draw`, resolved
    notes that are missing are drawn again once all has been found to fit.
    """
    if against is None:
        entries = ledger.verify()
    else:
        keys = [PublicKey.read(key)] if key else Checkpoints(config, ledger).public_keys()
        entries = _witnessed(_checkpoint(against, keys, config.settings.id), ledger.verify)
    proofs = verify_votes(ledger, config.state)
    notes, missing = _verify_notes(config, ledger, draw)
    return Verified(
        entries=entries, notes=notes, proofs=proofs, missing=missing, drawn=missing if draw else 0
    )


def _verify_notes(config: Config, ledger: Ledger, draw: bool) -> tuple[int, int]:
    if next(Layout(config.root).resolved(), None) is None and not any(ledger.counts(FINAL).values()):
        return 0, 0
    from hitl_vault.keeper.inspection import inspect  # heavy: all that draws notes

    return inspect(config, ledger, draw=draw)


def verify_export(lines: Iterable[str], *, against: Path | None = None, key: str = "") -> Verified:
    """Check an exported record without its vault; otherwise as `verify_vault`.

    Without `key` the checkpoint's signature is not checked: it is then as good as the place it was kept in.
    """
    if against is None:
        return Verified(entries=verify_lines(lines))
    keys = [PublicKey.read(key)] if key else []
    count = _witnessed(_checkpoint(against, keys), lambda seen: verify_lines(lines, seen))
    return Verified(entries=count)


def _witnessed(kept: Checkpoint, verify: Callable[[Callable[[Entry], object]], int]) -> int:
    witness = Witness(kept)
    count = verify(witness.take)
    witness.finish()
    return count


def _checkpoint(file: Path, keys: list[PublicKey], vault_id: str | None = None) -> Checkpoint:
    try:
        note = file.read_text("utf-8")
        checkpoint = Checkpoint.read(signed_by_one_of(keys, note) if keys else text_of(note))
    except (ValueError, SignatureInvalid) as error:
        raise SignatureInvalid(f"{file}: {error}") from error
    if vault_id is not None and checkpoint.origin != origin_of(vault_id):
        raise SignatureInvalid(f"{file}: the checkpoint is of {checkpoint.origin}, not of this vault")
    return checkpoint
