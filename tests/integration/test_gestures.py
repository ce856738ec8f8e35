"""A person answers in the vault; the agent that waits goes on with what they said."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

import hitl_vault as hv
from hitl_vault.domain.times import readable
from tests.house import House, eventually

CONTEXT = {"order": "A-17", "eur": 900}


def ask(gate: hv.Gate, **options: object) -> hv.Request:
    return gate.ask("refund", CONTEXT, summary="Refund order A-17", **options)  # type: ignore[arg-type]


def stays_pending(gate: hv.Gate, request: hv.Request, seconds: float = 0.4) -> None:
    with pytest.raises(hv.WaitTimeout):
        gate.wait(request.id, timeout=seconds)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("approved", "approved"),
        ("approve", "approved"),
        ("Approved", "approved"),
        ('"approved"', "approved"),
        ("'APPROVE'", "approved"),
        ("\n  - approved", "approved"),
        ("rejected", "rejected"),
        ("reject", "rejected"),
        ("denied", "rejected"),
        ("deny", "rejected"),
    ],
)
def test_a_status_decides(house: House, gate: hv.Gate, word: str, state: str) -> None:
    request = ask(gate)
    house.vote(request, word)
    assert gate.wait(request.id, timeout=5).state == state


@pytest.mark.parametrize(("box", "state"), [("Approve", "approved"), ("Reject", "rejected")])
def test_a_tick_decides(house: House, gate: hv.Gate, box: str, state: str) -> None:
    request = ask(gate)
    house.edit(request, (f"- [ ] {box}", f"- [x] {box}"))
    decision = gate.wait(request.id, timeout=5)
    assert (decision.state, decision.votes[0].gesture) == (state, "tick")


@pytest.mark.parametrize(("folder", "state"), [("Approved", "approved"), ("Rejected", "rejected")])
@pytest.mark.parametrize("sub", ["", "payments"])
def test_moving_the_note_decides(house: House, gate: hv.Gate, folder: str, state: str, sub: str) -> None:
    request = ask(gate)
    note = house.note(request)
    if sub:
        (note.parent / sub).mkdir()
        note = note.rename(note.parent / sub / note.name)
        stays_pending(gate, request, 0.2)
    note.rename(house.path(request, folder))
    decision = gate.wait(request.id, timeout=5)
    assert (decision.state, decision.votes[0].gesture) == (state, "move")


def test_the_decided_note_moves_to_the_folder_of_its_state_and_says_who_and_when(
    house: House, gate: hv.Gate
) -> None:
    request = ask(gate)
    house.vote(request, "approved", approver="Ana")
    gate.wait(request.id, timeout=5)
    archived = house.note(request, "Approved")
    eventually(lambda: not house.path(request).exists())
    assert "Ana" in archived.read_text()
    gate.claim(request.id, CONTEXT, action=request.action).executed({"refunded": 900})
    done = house.note(request, "Done")
    eventually(lambda: not archived.exists())
    assert '"refunded": 900' in done.read_text()
    assert house.aside() == []


def test_the_comment_and_the_notes_reach_the_agent(house: House, gate: hv.Gate) -> None:
    request = ask(gate)
    house.edit(
        request,
        ('status: "pending"', "status: approved"),
        ('approver: ""', "approver: ana"),
        ('comment: ""', "comment: only this once"),
        end="Ask Bob next time.\n\nThanks — A.\n",
    )
    decision = gate.wait(request.id, timeout=5)
    assert decision.by == ("ana",)
    assert decision.comment == "only this once"
    assert decision.notes == "Ask Bob next time.\n\nThanks — A.\n"


def test_notes_stay_byte_for_byte_in_the_archive(house: House, gate: hv.Gate) -> None:
    request = ask(gate)
    note = house.note(request)
    notes = b"two  spaces \r\n\ttab\r\n\r\n\r\n# my heading\n- [x] Approve\n```\nopen fence"
    note.write_bytes(note.read_bytes().replace(b'status: "pending"', b"status: rejected") + notes)
    gate.wait(request.id, timeout=5)
    assert house.note(request, "Rejected").read_bytes().endswith(b"## Notes\n" + notes)


def test_a_word_typed_key_by_key_decides_only_what_the_finished_word_says(house: House) -> None:
    house.close()
    shutil.rmtree(house.root)
    house.found(settle="0.15s")
    gate = house.gate()
    request = ask(gate)
    note = house.note(request)
    text = note.read_text()
    for end in range(1, len("rejected") + 1):
        note.write_text(text.replace('"pending"', "rejected"[:end]))
        time.sleep(0.05)
    assert gate.wait(request.id, timeout=5).state == "rejected"
    assert [e.kind for e in gate.history(request.id)] == ["asked", "voted", "rejected"]


@pytest.mark.parametrize(
    "word",
    ["a", "app", "aproved", "arejected", "aapproved", "approved?", "yes", "approved rejected", "aprovado"],
)
def test_an_unknown_word_decides_nothing_and_is_flagged_in_the_note(
    house: House, gate: hv.Gate, word: str
) -> None:
    request = ask(gate)
    house.vote(request, word)
    eventually(lambda: house.says(request, "Not understood"))
    assert house.says(request, word)
    assert gate.get(request.id).state == "pending"
    note = house.path(request)
    note.write_text(note.read_text().replace(f'status: "{word}"', "status: approved"))
    assert gate.wait(request.id, timeout=5).approved


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text[: len(text) // 4],
        lambda text: text.replace("---\n", "", 1),
        lambda text: text.replace('status: "pending"', "status: approved").replace("\n---\n", "\n", 1),
        lambda text: text.replace(
            'status: "pending"\n',
            "<<<<<<< HEAD\nstatus: approved\n=======\nstatus: rejected\n>>>>>>> phone\n",
        ),
        lambda text: text.replace('status: "pending"', "status: approved\nstatus: rejected"),
        lambda text: text.replace('status: "pending"', "status: !!str approved"),
        lambda text: text.replace('status: "pending"', "x: &a approved\nstatus: *a"),
        lambda text: text.replace('status: "pending"', "<<: {status: approved}"),
        lambda text: "---\nstatus: " + "[" * 25_000,
    ],
    ids=[
        "emptied",
        "truncated",
        "no opening",
        "no closing",
        "conflict markers",
        "duplicate keys",
        "tag",
        "alias",
        "merge key",
        "nesting",
    ],
)
def test_an_unreadable_note_decides_nothing_and_is_explained_and_kept(
    house: House, gate: hv.Gate, spoil: object
) -> None:
    request = ask(gate)
    note = house.note(request)
    spoiled = spoil(note.read_text())  # type: ignore[operator]
    note.write_text(spoiled)
    eventually(lambda: house.says(request, "could not be read"))
    assert gate.get(request.id).state == "pending"
    if spoiled:
        assert spoiled in [path.read_text() for path in house.aside()]
    house.vote(request, "approved")
    assert gate.wait(request.id, timeout=5).approved


def test_gestures_that_contradict_each_other_are_held_and_explained(house: House, gate: hv.Gate) -> None:
    request = ask(gate)
    house.edit(request, ('status: "pending"', "status: approved"), ("- [ ] Reject", "- [x] Reject"))
    eventually(lambda: house.says(request, "On hold"))
    assert gate.get(request.id).state == "pending"
    note = house.path(request)
    note.write_text(note.read_text().replace("- [x] Reject", "- [ ] Reject"))
    assert gate.wait(request.id, timeout=5).approved


def test_a_move_that_contradicts_the_status_is_held_in_the_note(house: House, gate: hv.Gate) -> None:
    request = ask(gate)
    note = house.vote(request, "rejected")
    note.rename(house.path(request, "Approved"))
    eventually(lambda: gate.get(request.id).notice_kind == "held")
    assert gate.get(request.id).state == "pending"
    eventually(lambda: house.says(request, "On hold"))


@pytest.mark.parametrize(
    "name",
    [
        "{id} (Conflicted copy iPhone 202611211200).md",
        "{id}.sync-conflict-20261121-120000-ABCDEFG.md",
        "{id} (1).md",
        "{id}-LAPTOP.md",
        "{id} (Ana's conflicted copy 2026-11-21).md",
    ],
)
def test_a_conflict_copy_that_disagrees_holds_the_request(house: House, gate: hv.Gate, name: str) -> None:
    request = ask(gate)
    note = house.note(request)
    copy = note.with_name(name.format(id=request.id))
    copy.write_text(note.read_text().replace('"pending"', "rejected"))
    house.vote(request, "approved")
    eventually(lambda: house.says(request, "On hold"))
    assert gate.get(request.id).state == "pending"
    copy.unlink()
    assert gate.wait(request.id, timeout=5).approved


def test_a_conflict_copy_alone_never_decides(house: House, gate: hv.Gate) -> None:
    request = ask(gate)
    note = house.note(request)
    copy = note.with_name(f"{request.id} (1).md")
    copy.write_text(note.read_text().replace('"pending"', "approved"))
    eventually(lambda: house.says(request, "On hold"))
    assert gate.get(request.id).state == "pending"


def test_a_conflict_copy_that_agrees_is_put_away_after_the_decision(house: House, gate: hv.Gate) -> None:
    request = ask(gate)
    note = house.note(request)
    text = note.read_text().replace('"pending"', "approved")
    note.with_name(f"{request.id} (1).md").write_text(text + "from my phone\n")
    note.write_text(text)
    assert gate.wait(request.id, timeout=5).approved
    eventually(lambda: not list((house.root / "Pending_Approval").glob("*.md")))
    eventually(house.aside)
    assert "from my phone" in house.aside()[0].read_text()


def test_deleting_a_pending_note_decides_nothing_and_it_is_drawn_again(house: House, gate: hv.Gate) -> None:
    request = ask(gate)
    note = house.note(request)
    before = note.read_bytes()
    note.unlink()
    eventually(note.exists)
    assert note.read_bytes() == before
    assert gate.get(request.id).state == "pending"


@pytest.mark.parametrize("running", [True, False], ids=["at once", "found when a keeper starts"])
@pytest.mark.parametrize("words", ["", "Ask Bob first.\n"], ids=["", "with the notes of both"])
def test_an_unanswered_copy_is_removed_after_the_decision_without_a_word(
    house: House, words: str, running: bool
) -> None:
    gate = house.gate()
    request = ask(gate)
    note = house.edit(request, end=words)
    time.sleep(0.2)
    copy = note.with_name(f"{request.id} (1).md")
    copy.write_bytes(note.read_bytes())
    time.sleep(0.2)
    if not running:
        house.close()
    house.vote(request, "approved")
    gate = gate if running else house.gate()
    gate.wait(request.id, timeout=5)
    eventually(lambda: not copy.exists())
    time.sleep(0.3)
    assert [str(entry.kind) for entry in gate.history(request.id)] == ["asked", "voted", "approved"]
    assert house.aside() == []
    assert house.path(request, "Approved").read_text().endswith(f"## Notes\n{words}")


@pytest.mark.parametrize("change", [('comment: ""', 'comment: "no"'), ('approver: ""', "approver: ana")])
def test_a_copy_that_holds_as_much_as_a_word_is_kept(
    house: House, gate: hv.Gate, change: tuple[str, str]
) -> None:
    request = ask(gate)
    note = house.note(request)
    theirs = note.read_text().replace(*change)
    note.with_name(f"{request.id} (1).md").write_text(theirs)
    house.vote(request, "approved")
    gate.wait(request.id, timeout=5)
    eventually(lambda: [kept.read_text() for kept in house.aside()] == [theirs])


@pytest.mark.parametrize("word", ["approved", "rejected"])
def test_an_answer_after_the_deadline_is_told_as_one(house: House, gate: hv.Gate, word: str) -> None:
    request = ask(gate, timeout=0.5)
    note = house.note(request)
    late = note.read_text().replace('"pending"', word)
    house.note(request, "Rejected")
    eventually(lambda: not note.exists())
    note.write_text(late)
    assert request.expires
    told = f"Your answer came after the deadline ({readable(request.expires)}). The decision stands: expired"
    eventually(lambda: house.says(request, told, "Rejected"))
    assert not house.says(request, "Another version", "Rejected")


def test_a_pending_note_in_done_decides_nothing_and_is_put_back(house: House, gate: hv.Gate) -> None:
    request = ask(gate)
    house.note(request).rename(house.path(request, "Done"))
    eventually(lambda: house.path(request).exists() and not house.path(request, "Done").exists())
    assert gate.get(request.id).state == "pending"


def test_what_is_put_away_while_the_request_waits_says_in_its_name_that_it_did_not_count(
    house: House, gate: hv.Gate
) -> None:
    request = ask(gate)
    note = house.note(request)
    house.path(request, "Done").write_text(note.read_text() + "Done already.\n")
    kept = house.root / "Set_Aside" / f"{request.id} (did not count).md"
    eventually(kept.exists)


def test_a_save_after_the_decision_changes_nothing_and_is_kept_visibly(house: House, gate: hv.Gate) -> None:
    request = ask(gate)
    note = house.note(request)
    open_in_editor = note.read_text()
    house.vote(request, "approved")
    gate.wait(request.id, timeout=5)
    house.note(request, "Approved")
    eventually(lambda: not note.exists())
    late = open_in_editor.replace('"pending"', "rejected") + "No, wait!\n"
    note.write_text(late)
    eventually(lambda: not note.exists())
    assert [path.read_text() for path in house.aside()] == [late]
    eventually(lambda: house.says(request, "after the decision", "Approved"))
    assert house.says(request, "The decision stands: approved", "Approved")
    assert gate.get(request.id).state == "approved"


def test_a_save_after_the_run_leaves_the_words_in_the_archive_and_keeps_its_own(
    house: House, gate: hv.Gate
) -> None:
    request = ask(gate)
    note = house.note(request)
    open_in_editor = note.read_text()
    house.edit(request, ('status: "pending"', "status: approved"), end="first words\n")
    gate.wait(request.id, timeout=5)
    gate.claim(request.id, CONTEXT, action=request.action).executed()
    done = house.note(request, "Done")
    eventually(lambda: not note.exists())
    late = open_in_editor.replace('"pending"', "approved") + "second words\n"
    note.write_text(late)
    eventually(lambda: not note.exists())
    eventually(lambda: house.says(request, "after the decision", "Done"))
    assert done.read_text().endswith("## Notes\nfirst words\n")
    assert [path.read_text() for path in house.aside()] == [late]


def test_a_save_after_the_decision_that_says_nothing_new_leaves_no_litter(
    house: House, gate: hv.Gate
) -> None:
    request = ask(gate)
    note = house.note(request)
    asked = note.read_text()
    answered = house.vote(request, "approved", comment="fine").read_text()
    gate.wait(request.id, timeout=5)
    for again in (asked, answered):
        eventually(lambda: not note.exists())
        note.write_text(again)
    eventually(lambda: not note.exists())
    time.sleep(0.2)
    assert house.aside() == []
    assert [entry.kind for entry in gate.history(request.id)] == ["asked", "voted", "approved"]


def test_a_note_changed_after_the_decision_is_put_right(house: House, gate: hv.Gate) -> None:
    request = ask(gate)
    house.vote(request, "approved")
    gate.wait(request.id, timeout=5)
    archived = house.note(request, "Approved")
    forged = archived.read_text().replace("900", "9000")
    archived.write_text(forged)
    eventually(lambda: house.says(request, "put right", "Approved"))
    assert '"eur": 900\n' in archived.read_text() or '"eur": 900,' in archived.read_text()
    assert forged in [path.read_text() for path in house.aside()]


def test_a_person_may_add_to_the_notes_of_a_decided_request(house: House, gate: hv.Gate) -> None:
    request = ask(gate)
    house.vote(request, "approved")
    gate.wait(request.id, timeout=5)
    archived = house.note(request, "Approved")
    eventually(lambda: not house.path(request).exists())
    archived.write_text(archived.read_text() + "Checked on Monday.\n")
    time.sleep(0.3)
    gate.claim(request.id, CONTEXT, action=request.action).executed()
    assert house.note(request, "Done").read_text().endswith("Checked on Monday.\n")
    assert house.aside() == []


@pytest.mark.parametrize("vote", [True, False])
def test_a_changed_display_refuses_the_ballot_and_keeps_the_notes(
    house: House, gate: hv.Gate, vote: bool
) -> None:
    request = ask(gate)
    changes = [('"eur": 900', '"eur": 90')]
    if vote:
        changes.append(('status: "pending"', "status: approved"))
    house.edit(request, *changes, end="my own words\n")
    eventually(lambda: house.says(request, "Refused"))
    text = house.path(request).read_text()
    assert '"eur": 900' in text
    assert "eur" in text.split("## Context")[0]
    assert text.endswith("my own words\n")
    assert 'status: "pending"' in text
    record = gate.get(request.id)
    assert (record.state, record.notice_kind) == ("pending", "refused")
    assert any('"eur": 90\n' in p.read_text() or '"eur": 90,' in p.read_text() for p in house.aside())
    house.vote(request, "approved")
    assert gate.wait(request.id, timeout=5).approved


def test_a_special_file_in_place_of_the_note_is_refused_and_replaced(house: House, gate: hv.Gate) -> None:
    request = ask(gate)
    note = house.note(request)
    secret = house.work / "secret.md"
    secret.write_text(note.read_text().replace('"pending"', "approved"))
    note.unlink()
    note.symlink_to(secret)
    eventually(lambda: not note.is_symlink() and note.exists())
    assert gate.get(request.id).state == "pending"
    assert "approved" in secret.read_text()


def test_the_keeper_survives_whatever_lies_in_the_folder(house: House, gate: hv.Gate) -> None:
    pending = house.root / "Pending_Approval"
    (pending / "folder.md").mkdir()
    (pending / "link.md").symlink_to("/nowhere")
    with (pending / "huge.md").open("wb") as file:
        file.truncate(1 << 30)
    Path(pending / "latin.md").write_bytes(b"---\nstatus: \xe9\n---\n")
    request = ask(gate)
    house.vote(request, "approved")
    assert gate.wait(request.id, timeout=5).approved
