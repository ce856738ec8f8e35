"""What is done to an exported record of fifty entries, bit by bit and entry by entry, is found."""

from __future__ import annotations

import io
import random
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import hitl_vault as hv
from hitl_vault.domain.entry import hash_of
from hitl_vault.ledger.chain import entry_of_line
from hitl_vault.ledger.sqlite import SqliteLedger
from tests.house import House
from tests.ledger_jobs import approving, asking, claiming, executing

HARD = {
    "text": 'é\U0001f600 \x00\x1b\x7f " \\ \u2028 \u202e',
    "n": [1, -2.5, 1e-7, 1e21, None, True],
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A vault whose record has fifty entries."""
    house = House(tmp_path_factory.mktemp("vault"))
    house.found()
    gate = house.gate(keeper=False)
    for number in range(12):
        id = gate.ledger.write(asking(HARD if number % 2 else {"amount": number}))
        gate.ledger.write_all([approving(id), claiming(id), executing(id)])
    gate.ledger.write_all([asking(), asking()])
    assert gate.ledger.last_seq() == 50
    yield house
    house.close()


@pytest.fixture(scope="module")
def lines(house: House) -> list[str]:
    """Its export."""
    with house.gate(keeper=False) as gate:
        return [f"{line}\n" for line in gate.ledger.export()]


@pytest.fixture(scope="module")
def kept(house: House) -> tuple[Path, str]:
    """A checkpoint of it, and the key to check that with."""
    with house.gate(keeper=False) as gate:
        checkpoints = hv.Checkpoints(gate.config, gate.ledger)
        file = house.work / "kept"
        file.write_text(checkpoints.make())
        return file, str(checkpoints.public_key())


def found_in(lines: Iterable[str], kept: tuple[Path, str] | None = None) -> int | None:
    """Return the number of the entry at which a changed record is found out."""
    against, key = kept or (None, "")
    with pytest.raises(hv.LedgerBroken) as error:
        hv.verify_export(lines, against=against, key=key)
    return error.value.seq


def test_the_record_as_it_is_holds(lines: list[str], kept: tuple[Path, str]) -> None:
    assert hv.verify_export(lines, against=kept[0], key=kept[1]) == hv.Verified(entries=50)


def flipped(lines: list[str], at: int, bit: int) -> Iterator[str]:
    data = bytearray("".join(lines).encode())
    data[at] ^= 1 << bit
    return io.TextIOWrapper(io.BytesIO(bytes(data)), encoding="utf-8", errors="surrogateescape")


def test_single_bits_flipped_anywhere_are_found_where_they_are(lines: list[str]) -> None:
    draw = random.Random(1)
    ends = [sum(len(line.encode()) for line in lines[: n + 1]) for n in range(len(lines))]
    for _ in range(150):
        at, bit = draw.randrange(ends[-1]), draw.randrange(8)
        number = next(n for n, end in enumerate(ends, start=1) if at < end)
        assert found_in(flipped(lines, at, bit)) in (number, number + 1)


def test_every_single_bit_flip_is_found(lines: list[str]) -> None:
    """A flip concerns one line, so that line is read after those before it have been found to hold."""
    for number, line in enumerate(lines):
        data = line.encode()
        for at in range(len(data)):
            for bit in range(8):
                changed = bytearray(data)
                changed[at] ^= 1 << bit
                assert not same(bytes(changed), line), (number, at, bit)


def same(changed: bytes, line: str) -> bool:
    """Tell whether a changed line would pass for the entry that it was, or for any that hangs together."""
    try:
        parts = changed.decode().splitlines(keepends=False) if b"\r" in changed else [changed.decode()]
        entry = entry_of_line(parts[0])
    except (ValueError, RecursionError):
        return False
    return len(parts) == 1 and entry.hash == hash_of(entry)


def test_entries_dropped_doubled_or_swapped_are_found(lines: list[str]) -> None:
    for n in range(49):
        assert found_in(lines[:n] + lines[n + 1 :]) == n + 1
        assert found_in(lines[: n + 1] + lines[n:]) == n + 2
        for m in range(n + 1, 50):
            swapped = [*lines]
            swapped[n], swapped[m] = swapped[m], swapped[n]
            assert found_in(swapped) == n + 1
    assert found_in([*lines, lines[-1]]) == 51


def test_a_record_that_was_cut_off_is_found_against_a_checkpoint(
    lines: list[str], kept: tuple[Path, str]
) -> None:
    for count in range(50):
        assert hv.verify_export(lines[:count]) == hv.Verified(entries=count), "by itself it holds"
        assert found_in(lines[:count], kept) == count + 1


def test_a_record_whose_every_hash_was_made_to_fit_is_found_against_a_checkpoint(
    lines: list[str], kept: tuple[Path, str]
) -> None:
    for number in (0, 1, 25, 45):
        forged = rechained(lines, number)
        assert hv.verify_export(forged).entries == 50, "by itself it holds"
        assert found_in(forged, kept) == 1


def rechained(lines: list[str], number: int) -> list[str]:
    entries = [entry_of_line(line) for line in lines]
    entries[number] = replace(entries[number], at=entries[number].at.replace(microsecond=0))
    prev, out = entries[0].prev, []
    for before, entry in zip([None, *entries], entries, strict=False):
        at = entry.at if before is None else max(entry.at, before.at)
        linked = replace(entry, prev=prev, mode=hv.Mode.SIGNED, at=at)
        forged = replace(linked, hash=hash_of(linked))
        prev = forged.hash
        out.append(f"{hv.line_of(forged)}\n")
    return out


def test_more_entries_after_the_checkpoint_are_no_forgery(
    house: House, lines: list[str], kept: tuple[Path, str], work: Path
) -> None:
    with closing(SqliteLedger(work / "ledger.db", vault_id="v1")) as ledger:
        ledger.write(asking())
        config = replace(house.gate(keeper=False).config, state=work)
        (work / "kept").write_text(hv.Checkpoints(config, ledger).make())
        ledger.write_all([asking(), asking()])
        assert hv.verify_export(ledger.export(), against=work / "kept").entries == 3
