"""The chain outside the database: lines that come back as they were, and any change to them found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.domain.canonical import MAX_DEPTH, canonical
from hitl_vault.domain.entry import GENESIS, Entry, hash_of
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.errors import LedgerBroken, RequestNotFound
from hitl_vault.ledger.chain import Walk, ascii_line, entry_of_line, line_of, record_of, verify_lines
from hitl_vault.ledger.sqlite import SqliteLedger
from tests.ledger_jobs import approving, asking, claiming, executing


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """An export of two requests, one of them run."""
    path = tmp_path_factory.mktemp("state") / "ledger.db"
    with closing(SqliteLedger(path, vault_id="v1")) as ledger:
        id = ledger.write(asking({"text": 'é\U0001f600 \x00 " \\ \u2028', "n": [1, 2.5, 1e20, None]}))
        ledger.write_all([approving(id), asking(), claiming(id), executing(id)])
        return list(ledger.export())


def broken(lines: list[str]) -> int | None:
    with pytest.raises(LedgerBroken) as error:
        verify_lines(lines)
    return error.value.seq


def test_a_line_is_canonical_json_and_comes_back_as_the_entry(lines: list[str]) -> None:
    for line in lines:
        assert line_of(entry_of_line(line)) == line
        assert "\n" not in line
    without_floats = [line for line in lines if "1e" not in line and "100000000000000000000" not in line]
    for line in without_floats:
        assert canonical(json.loads(line)).decode() == line


def test_a_whole_export_holds_and_so_does_its_beginning(lines: list[str]) -> None:
    for count in range(len(lines) + 1):
        assert verify_lines(lines[:count]) == count


def test_lines_may_end_as_lines_in_a_file_do(lines: list[str], work: Path) -> None:
    file = work / "ledger.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    with file.open(encoding="utf-8") as found:
        assert verify_lines(found) == 5


@given(data=st.data())
def test_any_changed_character_is_found_in_its_line(lines: list[str], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(lines) - 1))
    line = lines[number]
    place = data.draw(st.integers(0, len(line) - 1))
    other = data.draw(st.characters(exclude_categories=["Cs"]).filter(lambda char: char != line[place]))
    changed = [*lines[:number], line[:place] + other + line[place + 1 :], *lines[number + 1 :]]
    assert broken(changed) == number + 1


@given(data=st.data())
def test_lines_out_of_their_order_are_found(lines: list[str], data: st.DataObject) -> None:
    order = data.draw(st.permutations(lines).filter(lambda found: found != lines))
    first = next(n for n, (one, other) in enumerate(zip(order, lines, strict=True), start=1) if one != other)
    assert broken(order) == first


def test_a_line_that_is_missing_or_doubled_is_found(lines: list[str]) -> None:
    for number in range(len(lines) - 1):
        assert broken(lines[:number] + lines[number + 1 :]) == number + 1
        assert broken(lines[: number + 1] + lines[number:]) == number + 2


@pytest.mark.parametrize(
    "line",
    ["", "null", "[]", "{}", "{" * 5000, '{"seq":1}', "nonsense", '"text"', "[" * 100_000],
    ids=lambda line: line[:9],
)
def test_a_line_that_is_no_entry_is_found(lines: list[str], line: str) -> None:
    assert broken([*lines[:2], line]) == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [("seq", "3"), ("seq", 3.5), ("at", 1), ("body", []), ("kind", "paid"), ("mode", None), ("hash", 1)],
)
def test_a_member_of_another_type_is_found(lines: list[str], name: str, value: Any) -> None:
    members = json.loads(lines[2])
    assert broken([*lines[:2], json.dumps(members | {name: value})]) == 3


def forged(lines: list[str], number: int, **changes: Any) -> list[str]:
    """Return the lines with one entry changed and every hash from there on made to fit."""
    entries = [entry_of_line(line) for line in lines]
    entries[number] = replace(entries[number], **changes)
    return [line_of(entry) for entry in rehashed(entries)]


def rehashed(entries: list[Entry]) -> Iterator[Entry]:
    prev = entries[0].prev
    for entry in entries:
        linked = replace(entry, prev=prev)
        yield (entry := replace(linked, hash=hash_of(linked)))
        prev = entry.hash


def test_a_forged_chain_that_fits_can_only_be_told_by_its_last_hash(lines: list[str]) -> None:
    """Whoever can write the whole ledger can compute hashes: note the last one elsewhere."""
    other = forged(lines, 1, body={"by": ["mallory"]})
    assert verify_lines(other) == 5
    assert json.loads(other[-1])["hash"] != json.loads(lines[-1])["hash"]


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        (1, {"kind": Kind.EXECUTED}),
        (1, {"request": "20260102-030405-nothing-00000000"}),
        (3, {"body": {}}),
        (0, {"body": {"request": 1}}),
        (4, {"kind": Kind.CLAIMED}),
    ],
)
def test_a_life_that_cannot_be_is_found_in_a_chain_that_fits(
    lines: list[str], number: int, changes: dict[str, Any]
) -> None:
    assert broken(forged(lines, number, **changes)) == number + 1


def test_time_that_runs_backwards_is_found_in_a_chain_that_fits(lines: list[str]) -> None:
    earlier = entry_of_line(lines[2]).at - timedelta(days=1)
    assert broken(forged(lines, 2, at=earlier)) == 3


def test_an_entry_after_the_end_of_its_request_is_found(lines: list[str]) -> None:
    last = entry_of_line(lines[4])
    entries = [entry_of_line(line) for line in lines]
    again = replace(last, seq=6)
    assert broken([line_of(entry) for entry in rehashed([*entries, again])]) == 6
    refused = replace(again, kind=Kind.REFUSED, body={"text": "late"})
    assert verify_lines([line_of(entry) for entry in rehashed([*entries, refused])]) == 6


def test_a_body_as_deep_as_allowed_can_be_exported(work: Path) -> None:
    context: Any = {}
    for _ in range(MAX_DEPTH - 3):
        context = {"a": context}
    with closing(SqliteLedger(work / "ledger.db", vault_id="v1")) as ledger:
        ledger.write(asking(context))
        with pytest.raises(ValueError, match="nested"):
            ledger.write(asking({"a": context}))
        assert verify_lines(ledger.export()) == ledger.verify() == 1


def test_stored_entries_amount_to_their_record(lines: list[str]) -> None:
    entries = [entry_of_line(line) for line in lines]
    one = [entry for entry in entries if entry.request == entries[0].request]
    found = record_of(one)
    assert (found.id, found.state, found.seq) == (one[0].request, State.EXECUTED, one[-1].seq)
    assert record_of(one[:1]).state is State.PENDING


def test_no_stored_entries_are_no_request_and_wrong_ones_are_told(lines: list[str]) -> None:
    with pytest.raises(RequestNotFound, match=r"^there are no entries, so there is no such request$"):
        record_of([])
    with pytest.raises(LedgerBroken, match="entry 2 cannot be what happened"):
        record_of([entry_of_line(lines[1])])


def test_what_cannot_follow_the_end_of_a_request_is_told_with_its_reason(lines: list[str]) -> None:
    walk = Walk()
    entries = [entry_of_line(line) for line in lines]
    for entry in entries:
        walk.take(entry)
    executed = next(entry for entry in entries if entry.kind is Kind.EXECUTED)
    again = replace(entries[1], seq=6)
    assert again.request == executed.request
    with pytest.raises(LedgerBroken, match=r"entry 6 cannot be what happened: .*cannot be approved") as error:
        walk.take(again)
    assert error.value.seq == 6


@pytest.mark.parametrize(
    ("line", "ascii"),
    [
        ('{"a":"b ~"}', '{"a":"b ~"}'),
        ("é", "\\u00e9"),
        ("\u2028", "\\u2028"),
        ("\U0001f600", "\\ud83d\\ude00"),
        ("\x7f", "\\u007f"),
        ("a\x1bb", "a\\u001bb"),
        ("\t", "\\t"),
    ],
)
def test_a_line_in_ascii_has_every_other_character_escaped(line: str, ascii: str) -> None:
    assert ascii_line(line) == ascii


def test_what_is_wrong_with_a_chain_is_told(lines: list[str]) -> None:
    entries = [entry_of_line(line) for line in lines]
    changed = replace(entries[1], body={**entries[1].body, "more": 1})
    strange = replace(entries[1], prev="0" * 64)
    early = replace(entries[1], at=entries[0].at - timedelta(seconds=1))
    for found, told in {
        "entry 2 is missing; 3 stands in its place": [entries[0], entries[2]],
        "entry 2 does not follow the one before it": [entries[0], strange],
        "entry 2 was changed: its hash does not fit": [entries[0], changed],
        "entry 2 is older than the one before it": [entries[0], replace(early, hash=hash_of(early))],
        "entry 1 cannot be what happened: ": [replace(entries[1], seq=1, prev=GENESIS)],
    }.items():
        with pytest.raises(LedgerBroken) as error:
            verify_lines([line_of(_fitting(entry)) for entry in told])
        assert str(error.value).startswith(found)


def _fitting(entry: Entry) -> Entry:
    """An entry that was put in the first place, with a hash that fits; any other as it is."""
    return replace(entry, hash=hash_of(entry)) if entry.seq == 1 else entry


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("[]", "line 1 is not an entry: not an entry of a ledger"),
        ('{"seq":1}', "line 1 is not an entry: not an entry of a ledger"),
    ],
)
def test_a_line_that_is_none_is_told_with_its_number(line: str, told: str) -> None:
    with pytest.raises(LedgerBroken) as error:
        verify_lines([line])
    assert str(error.value) == told


def test_another_way_of_writing_an_entry_is_told(lines: list[str]) -> None:
    with pytest.raises(ValueError, match=r"^not written as an export is$"):
        entry_of_line(lines[0].replace('{"at"', '{ "at"'))
    with pytest.raises(ValueError, match=r"^not written as an export is$"):
        entry_of_line(f"{lines[0]} ")
    with pytest.raises(ValueError, match=r"^'seq' is not a int$"):
        entry_of_line(lines[0].replace('"seq":1', '"seq":"1"'))


def test_every_entry_that_fits_is_shown_to_a_witness(lines: list[str]) -> None:
    seen: list[Entry] = []
    verify_lines(lines, seen.append)
    assert [line_of(entry) for entry in seen] == lines
