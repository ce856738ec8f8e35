"""`hitl log checkpoint` and `hitl verify`: what somebody outside keeps, and checks later."""

from __future__ import annotations

import json
from pathlib import Path

from tests.acceptance.shell import Shell


def test_a_checkpoint_that_was_kept_is_checked_with_and_without_the_vault(hitl: Shell, work: Path) -> None:
    hitl("request", "deploy", "--context", '{"version": "1.4"}')
    kept, export = str(work / "kept"), work / "export.jsonl"
    made = hitl("log", "checkpoint", "--out", kept)
    assert made.code == 0
    assert "1 entries are in" in made.out
    key = made.err.strip().rpartition(" ")[2]
    hitl("request", "deploy", "--context", '{"version": "1.5"}')
    export.write_text(hitl("log", "--json").out)
    for words in (
        ["verify", "--against", kept],
        ["verify", "--against", kept, "--key", key],
        ["verify", "--export", str(export), "--against", kept, "--key", key],
    ):
        result = hitl(*words)
        assert (result.code, result.err) == (0, "")
        assert "The record begins with all that was in" in result.out
        assert "not checked" not in result.out
    unsigned = hitl("verify", "--export", str(export), "--against", kept)
    assert "Its signature was not checked" in unsigned.out


def test_a_record_without_its_end_is_told_from_one_that_is_whole(hitl: Shell, work: Path) -> None:
    for version in range(3):
        hitl("request", "deploy", "--context", json.dumps({"version": version}))
    kept, export = str(work / "kept"), work / "export.jsonl"
    hitl("log", "checkpoint", "--out", kept)
    lines = hitl("log", "--json").out.splitlines(keepends=True)
    export.write_text("".join(lines[:2]))
    result = hitl("verify", "--export", str(export), "--against", kept, "--json")
    assert result.code == 1
    said = json.loads(result.out)
    assert (said["ok"], said["seq"]) == (False, 3)
    assert "removed at its end" in said["error"]
    assert hitl("verify", "--export", str(export)).code == 0


def test_bytes_that_are_no_text_are_found_in_their_line(hitl: Shell, work: Path) -> None:
    hitl("request", "deploy")
    hitl("request", "deploy")
    data = bytearray(hitl("log", "--json").out.encode())
    data[data.rindex(b"deploy")] ^= 0x80
    (work / "export.jsonl").write_bytes(data)
    result = hitl("verify", "--export", str(work / "export.jsonl"))
    assert result.code == 1
    assert "entry 2 was changed" in result.err


def test_a_checkpoint_as_json_holds_all_that_is_to_be_kept(hitl: Shell) -> None:
    hitl("request", "deploy")
    said = json.loads(hitl("log", "checkpoint", "--json").out)
    assert said["size"] == 1
    assert said["checkpoint"].startswith(f"{said['origin']}\n1\n{said['root']}\n")
    assert said["public_key"].startswith(f"{said['origin']}+")


def test_options_that_do_not_go_together_are_explained(hitl: Shell) -> None:
    assert hitl("log", "--out", "x").code == 2
    assert hitl("verify", "--key", "x").code == 2


def test_show_hides_nothing_and_names_what_looks_like_something_else(hitl: Shell) -> None:
    agent = "agent-" + "x" * 100
    hitl("request", "pay", "--context", '{"to": "аррӏе.com"}', "--agent", agent, "--key", "k" * 300)
    shown = hitl("show", "pay").out
    assert agent in shown.replace("\n" + " " * 11, "")
    assert "k" * 300 in shown.replace("\n" + " " * 11, "")
    assert "…" not in shown
    assert "look     twice: аррӏе.com mixes Cyrillic and Latin" in shown


def test_resolved_notes_that_are_missing_are_told_and_drawn_again_on_demand(hitl: Shell) -> None:
    ids = [hitl.ask() for _ in range(3)]
    for id in ids:
        assert hitl("reject", id, "--comment", "too much").code == 0
    notes = [hitl.house.root / "Rejected" / f"{id}.md" for id in ids]
    drawn = [note.read_bytes() for note in notes]
    for note in notes[:2]:
        note.unlink()
    told = hitl("verify")
    assert told.code == 0
    assert "1 resolved note, and every one says" in told.out
    assert "2 resolved notes are missing, which changes nothing; `hitl verify --draw` draws" in told.out
    assert hitl("verify", "--json").json["missing"] == 2
    assert "2 resolved notes were missing, and are drawn again" in hitl("verify", "--draw").out
    assert [note.read_bytes() for note in notes] == drawn
    again = hitl("verify", "--draw").out
    assert "missing" not in again
    assert "3 resolved notes" in again


def test_all_resolved_notes_may_be_missing(hitl: Shell) -> None:
    hitl("reject", hitl.ask())
    (note,) = (hitl.house.root / "Rejected").glob("*.md")
    note.unlink()
    assert "1 resolved note is missing" in hitl("verify").out
    hitl("verify", "--draw")
    assert note.exists()


def test_nothing_is_drawn_of_a_record_that_does_not_fit(hitl: Shell) -> None:
    for id in (hitl.ask(), hitl.ask()):
        hitl("reject", id)
    first, second = sorted((hitl.house.root / "Rejected").glob("*.md"))
    first.unlink()
    second.write_text(second.read_text().replace("rejected", "approved"))
    assert hitl("verify", "--draw").code == 1
    assert not first.exists()
