"""What proves something: signatures and keys, and the lines of an exported ledger."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from hitl_vault.domain.checkpoint import Checkpoint
from hitl_vault.domain.decision import Gesture, Verdict, Vote
from hitl_vault.domain.entry import GENESIS, Entry, hash_of
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import Mode
from hitl_vault.domain.times import instant, text_of
from hitl_vault.errors import ConfigError, LedgerBroken, SignatureInvalid
from hitl_vault.ledger.chain import ascii_line, entry_of_line, line_of, verify_lines
from hitl_vault.trust.envelope import read_signed
from hitl_vault.trust.keys import FILE, Keys
from hitl_vault.trust.signatures import Signatures, approver_of, proof_of
from hitl_vault.trust.signers import _read as signer_in
from hitl_vault.trust.sshsig import PublicKey, armored, read_public_key, signer_of, unarmored
from tests.fuzz.target import CORPUS, Target

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REQUEST = Request(
    id="20260102-030405-payment-7k3m9x2q",
    action="payment",
    context={"amount": 900},
    agent="crm-bot",
    created=AT,
    expires=AT + timedelta(hours=1),
)
RECORD = Record(request=REQUEST, state=State.PENDING, seq=1, changed=AT)
VOTE = Vote(verdict=Verdict.APPROVE, gesture=Gesture.STATUS, at=AT + timedelta(minutes=1), by="ana")
RING = (CORPUS / "keys" / "one-key.json").read_bytes()
GOOD = ("ana-approves-short.txt", "ana-approves.txt")


def signature(data: bytes) -> str:
    """No text passes for ana's yes but the two made with her secret; keys read back as they are written."""
    text = data.decode(errors="replace")
    _signed(text)
    _armored(text)
    _key(text)
    try:
        if proof_of(text)["kind"] != "ssh":
            signatures().prove(RECORD, VOTE, text)
            assert _plain(text) in genuine(), text
            return "holds"
    except SignatureInvalid as error:
        assert str(error)
    return "refused"


@cache
def genuine() -> frozenset[str]:
    """Return what was signed with the secret that ana has."""
    return frozenset(_plain((CORPUS / "signature" / name).read_text()) for name in GOOD)


def _plain(text: str) -> str:
    return text.strip().lower() if "." not in text else text.strip()


@cache
def signatures() -> Signatures:
    """Return the signatures of a vault with one key."""
    state = Path(tempfile.mkdtemp(prefix="hitl-fuzz-"))
    (state / FILE).touch(mode=0o600)
    (state / FILE).write_bytes(RING)
    return Signatures(state)


def _signed(text: str) -> None:
    try:
        assert read_signed(text).text == text
        approver_of(text)
    except SignatureInvalid as error:
        assert str(error)


def _armored(text: str) -> None:
    try:
        blob = unarmored(text)
        assert unarmored(armored(blob)) == blob
        assert signer_of(blob).startswith("SHA256:")
    except SignatureInvalid as error:
        assert str(error)


def _key(text: str) -> None:
    signer = signer_in(text.strip())
    try:
        key: PublicKey | None = read_public_key(text)
    except ConfigError as error:
        assert str(error)
        key = None
    for found in (key, signer.key if signer else None):
        assert found is None or read_public_key(found.line).blob == found.blob


def keys(data: bytes) -> str:
    """A key file is refused without a word of what is in it, or each of its keys is long enough to count."""
    try:
        ring = Keys(Path("state"))._parse(data)
    except ConfigError as error:
        assert str(error).startswith("state/keys.json: ")
        return "refused"
    assert all(len(key.secret) >= 32 and key.created.tzinfo for key in ring.keys)
    assert all(ring.find(key.id) for key in ring.usable)
    current = ring.current
    assert current is None or len(current.mac("fuzz", b"")) == 64
    return f"{len(ring.keys)} keys"


def ledger(data: bytes) -> str:
    """Only exported lines hold; with all hashes made anew, what cannot have happened is still refused."""
    lines = data.decode(errors="replace").split("\n")
    lines = lines[:-1] if lines[-1] == "" else lines
    try:
        count = verify_lines(lines)
        assert [ascii_line(line.rstrip("\r")) for line in lines] == exported()[:count], count
    except LedgerBroken as error:
        assert str(error)
        count = 0
    try:
        verify_lines(_rehashed(lines))
        Checkpoint.read(data.decode(errors="replace"))
    except (LedgerBroken, ValueError) as error:
        assert str(error)
        assert type(error) in (LedgerBroken, ValueError), error
    return f"{count} entries"


@cache
def exported() -> list[str]:
    """Return the lines of the export that mutations start from."""
    text = (CORPUS / "ledger" / "three-requests.jsonl").read_text()
    return [ascii_line(line) for line in text.split("\n") if line]


def _rehashed(lines: list[str]) -> Iterator[str]:
    """Yield the entries that can be made of lines, in a chain that fits."""
    prev, seq = GENESIS, 0
    for line in lines:
        entry = _entry(line)
        if entry:
            seq += 1
            entry = replace(entry, prev=prev, seq=seq)
            prev = hash_of(entry)
            yield line_of(replace(entry, hash=prev))


def _entry(line: str) -> Entry | None:
    try:
        found = json.loads(line)
        entry = Entry(
            seq=1,
            at=instant(found["at"]),
            kind=Kind(found["kind"]),
            request=str(found["request"]),
            mode=Mode(found["mode"]),
            body=dict(found["body"]),
            prev=GENESIS,
            hash=GENESIS,
        )
        text_of(entry.at)
        entry_of_line(line_of(entry))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return entry


NESTED = {"brackets-100000-deep": b"[" * 100_000, "braces-20000-deep": b'{"keys":' * 20_000}
PROOFS = (
    Target(name="signature", check=signature),
    Target(name="keys", check=keys, large=NESTED),
    Target(name="ledger", check=ledger, large=NESTED),
)
