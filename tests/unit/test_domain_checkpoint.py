"""A checkpoint as text, and a record held against one that was kept elsewhere."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from hitl_vault.domain.checkpoint import Checkpoint, Witness, origin_of
from hitl_vault.domain.entry import GENESIS, Entry
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.domain.merkle import Tree
from hitl_vault.domain.requirement import Mode
from hitl_vault.errors import LedgerBroken

ROOT = bytes(range(32))
TEXT = f"hitl-vault/00ff\n12\n{base64.b64encode(ROOT).decode()}\n"


def entries(count: int, salt: str = "") -> list[Entry]:
    """Entries of which only the hash matters here."""
    at = datetime(2026, 1, 2, tzinfo=UTC)
    hashes = (hashlib.sha256(f"{salt}{seq}".encode()).hexdigest() for seq in range(1, count + 1))
    return [
        Entry(seq=seq, at=at, kind=Kind.ASKED, request="", mode=Mode.OPEN, body={}, prev=GENESIS, hash=hash)
        for seq, hash in enumerate(hashes, 1)
    ]


def kept(count: int) -> Checkpoint:
    tree = Tree()
    for entry in entries(count):
        tree.add(bytes.fromhex(entry.hash))
    return Checkpoint.of("hitl-vault/00ff", tree)


def test_its_text_reads_back_and_further_lines_do_not_matter() -> None:
    read = Checkpoint.read(TEXT)
    assert (read.origin, read.size, read.root) == ("hitl-vault/00ff", 12, ROOT)
    assert str(read) == TEXT
    assert Checkpoint.read(f"{TEXT}\n— a signature\n") == read
    assert Checkpoint.read(TEXT.rstrip("\n")) == read
    assert origin_of("00ff") == kept(1).origin == read.origin


NO_SIZE = "expected an origin, a size and a root"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", NO_SIZE),
        ("origin", NO_SIZE),
        (TEXT.replace("hitl-vault/00ff", ""), NO_SIZE),
        (TEXT.replace("12", ""), NO_SIZE),
        (TEXT.replace("12", "012"), NO_SIZE),
        (TEXT.replace("12", "-1"), NO_SIZE),
        (TEXT.replace("12", "1.0"), NO_SIZE),
        (TEXT.replace("12", " 12"), NO_SIZE),
        (TEXT.replace("12", "\u0661\u0662"), NO_SIZE),
        ("origin\n12\n", "its root is not a SHA-256"),
        ("origin\n12", "its root is not a SHA-256"),
        (TEXT.replace("=", ""), "its root is not base64"),
        (TEXT.replace("A", "!", 1), "its root is not base64"),
        (f"origin\n12\n{base64.b64encode(ROOT).decode()}\u00e9\n", "its root is not base64"),
        (f"origin\n12\n*{base64.b64encode(ROOT).decode()}\n", "its root is not base64"),
        (f"origin\n12\n{base64.b64encode(ROOT[1:]).decode()}\n", "its root is not a SHA-256"),
        (f"origin\n12\n{base64.b64encode(ROOT + b'x').decode()}\n", "its root is not a SHA-256"),
    ],
)
def test_another_text_is_no_checkpoint(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^not a checkpoint: {why}$"):
        Checkpoint.read(text)


@pytest.mark.parametrize("size", [0, 1, 2, 5, 8])
def test_the_record_that_it_was_made_of_passes_and_may_have_grown(size: int) -> None:
    for longer in (0, 1, 3):
        witness = Witness(kept(size))
        for entry in entries(size + longer):
            witness.take(entry)
        witness.finish()


def test_a_record_that_was_written_anew_is_found_with_the_last_entry_of_the_checkpoint() -> None:
    witness = Witness(kept(3))
    *first, third = entries(3, "otherwise")
    for entry in first:
        witness.take(entry)
    with pytest.raises(LedgerBroken, match="the first 3 entries") as error:
        witness.take(third)
    assert error.value.seq == 1
    assert str(error.value) == (
        "the first 3 entries are not those of the checkpoint: the record was written anew"
    )


def test_a_record_that_lost_its_end_is_found() -> None:
    witness = Witness(kept(3))
    for entry in entries(2):
        witness.take(entry)
    with pytest.raises(LedgerBroken, match="removed") as error:
        witness.finish()
    assert error.value.seq == 3
    assert str(error.value) == (
        "the record ends with entry 2, and had 3 at the checkpoint: entries were removed at its end"
    )


def test_a_checkpoint_of_nothing_with_a_root_is_none_of_any_record() -> None:
    with pytest.raises(LedgerBroken, match="the first 0 entries") as error:
        Witness(Checkpoint(origin="x", size=0, root=ROOT))
    assert error.value.seq is None
