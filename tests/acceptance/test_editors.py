"""Real editors and tools answer a real note while an agent waits, and the agent goes on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.editors import EDITORS, SYSCALLS, TOOLS, Editor, Save, need, run
from tests.house import House, eventually

pytestmark = pytest.mark.editors

NOTES = "Asked Bob: it is fine — 900 €, Straße 5.\n\n  two  spaces, a tab\t and a 'quote'\n"
ONE_LINE = "Asked Bob: it is fine - 900 EUR"


pytestmark = pytest.mark.founded(
    settle="0.3s", flag_after="20s"
)  # as fast as a person types, and nothing is flagged meanwhile


@pytest.fixture
def asked(house: House, gate: hv.Gate) -> hv.Request:
    """A request whose note is there."""
    request = gate.ask("refund", {"order": "A-17", "eur": 900}, summary="Refund order A-17")
    house.note(request)
    return request


@contextmanager
def waiting(gate: hv.Gate, request: hv.Request) -> Iterator[Future[hv.Decision]]:
    """Let an agent wait for the decision meanwhile; afterwards it has it."""
    with ThreadPoolExecutor(1) as pool:
        agent = pool.submit(gate.wait, request.id, 15)
        yield agent
        agent.result(20)


def is_archived(house: House, request: hv.Request, folder: str, notes: str) -> bool:
    """Tell whether the note lies where it belongs, alone, with the person's words byte for byte."""
    left = list((house.root / "Pending_Approval").glob("*.md"))
    archived = house.path(request, folder)
    return not left and archived.exists() and archived.read_bytes().endswith(b"\n## Notes\n" + notes.encode())


def decided_once(house: House, gate: hv.Gate, request: hv.Request, word: str, notes: str) -> None:
    """One decision is in the ledger, the note is where it says, and nothing else lies about."""
    folder = {"approved": "Approved", "rejected": "Rejected"}[word]
    eventually(lambda: is_archived(house, request, folder, notes))
    assert [entry.kind for entry in gate.history(request.id)] == ["asked", "voted", word]
    assert house.aside() == []


@pytest.mark.parametrize("editor", EDITORS.values(), ids=EDITORS.keys())
def test_a_person_types_the_answer_and_saves_at_every_step(
    house: House, gate: hv.Gate, asked: hv.Request, editor: Editor
) -> None:
    need(editor.program)
    note, notes = house.path(asked), ONE_LINE + editor.last_newline
    with waiting(gate, asked) as agent, editor.open(note, house.work) as terminal:
        editor.replace_status(terminal, "r")
        terminal.type(editor.save)
        eventually(lambda: 'status: "r"' in read(note))
        terminal.type("ejec", editor.save)
        eventually(lambda: 'status: "rejec"' in read(note))
        terminal.ready()
        assert not agent.done()
        terminal.type("ted", *editor.end, ONE_LINE, editor.save)
        decision = agent.result(10)
        terminal.type(editor.leave)
    assert decision.state == "rejected"
    assert decision.notes == notes
    decided_once(house, gate, asked, "rejected", notes)


def read(note: Path) -> str:
    """Return what a note says, nothing where an editor has just renamed it away."""
    return note.read_text() if note.exists() else ""


@pytest.mark.parametrize("editor", EDITORS.values(), ids=EDITORS.keys())
def test_a_save_after_the_note_has_moved_changes_nothing_and_is_kept(
    house: House, gate: hv.Gate, asked: hv.Request, editor: Editor
) -> None:
    need(editor.program)
    note = house.path(asked)
    with editor.open(note, house.work) as terminal:
        editor.replace_status(terminal, "approved")
        gate.decide(asked.id, "reject", by="ana")
        eventually(lambda: house.path(asked, "Rejected").exists() and not note.exists())
        sealed = house.path(asked, "Rejected").read_bytes().partition(b"## Context")[2]
        terminal.type(*editor.end, ONE_LINE, editor.save)
        eventually(house.aside)
        eventually(lambda: not note.exists())
        terminal.type(editor.leave)
    (kept,) = house.aside()
    assert 'status: "approved"' in kept.read_text()
    assert kept.read_text().endswith(f"## Notes\n{ONE_LINE}{editor.last_newline}")
    eventually(lambda: house.says(asked, kept.stem, "Rejected"))
    assert house.path(asked, "Rejected").read_bytes().endswith(sealed)
    assert [entry.kind for entry in gate.history(asked.id)] == ["asked", "voted", "rejected", "refused"]


@pytest.mark.parametrize(("program", "save"), TOOLS.values(), ids=TOOLS.keys())
def test_a_program_saves_the_answer(
    house: House, gate: hv.Gate, asked: hv.Request, program: str, save: Save
) -> None:
    need(program)
    save_and_check(house, gate, asked, save)


@pytest.mark.parametrize("save", SYSCALLS.values(), ids=SYSCALLS.keys())
def test_a_program_that_makes_these_system_calls_saves_the_answer(
    house: House, gate: hv.Gate, asked: hv.Request, save: Save
) -> None:
    save_and_check(house, gate, asked, save)


def save_and_check(house: House, gate: hv.Gate, request: hv.Request, save: Save) -> None:
    """Let a program save an approval with notes, and see that it is taken as such."""
    note = house.path(request)
    text = note.read_text().replace('status: "pending"', "status: approved") + NOTES
    with waiting(gate, request) as agent:
        save(note, text)
        decision = agent.result(10)
    assert decision.approved
    assert decision.notes == NOTES
    decided_once(house, gate, request, "approved", NOTES)


@pytest.mark.parametrize("program", ["mv", "gio move", "git mv", "cp and rm"])
@pytest.mark.parametrize(("folder", "word"), [("Approved", "approved"), ("Rejected", "rejected")])
def test_a_program_moves_the_note_into_a_folder(
    house: House, gate: hv.Gate, asked: hv.Request, program: str, folder: str, word: str
) -> None:
    need(program.split(maxsplit=1)[0])
    note, target = house.path(asked), house.path(asked, folder)
    if program == "git mv":
        commit_all(house.root, "requests")
    with waiting(gate, asked) as agent:
        if program == "cp and rm":
            run("cp", note, target)
            run("rm", note)
        else:
            run(*program.split(), note, target.parent, cwd=house.root)
        assert agent.result(10).votes[0].gesture == "move"
    decided_once(house, gate, asked, word, "")


def commit_all(root: Path, message: str) -> None:
    """Commit everything in a vault, which becomes a repository if it was none."""
    if not (root / ".git").exists():
        run("git", "init", "--quiet", "--initial-branch=main", root)
    run("git", "add", "--all", cwd=root)
    run("git", "commit", "--quiet", "--message", message, cwd=root)


@pytest.fixture
def phone(house: House, asked: hv.Request) -> Path:
    """A clone of the vault, as on a phone."""
    need("git")
    commit_all(house.root, "requests")
    clone = house.work / "phone"
    run("git", "clone", "--quiet", house.root, clone)
    run("git", "remote", "add", "phone", clone, cwd=house.root)
    return clone


def answer(root: Path, request: hv.Request, word: str, end: str = "") -> None:
    """Answer in a clone of the vault, and commit that."""
    note = root / "Pending_Approval" / f"{request.id}.md"
    note.write_text(note.read_text().replace('status: "pending"', f"status: {word}") + end)
    commit_all(root, word)


@pytest.mark.parametrize(
    "command",
    [
        ("pull", "--quiet", "--ff-only", "phone", "main"),
        ("checkout", "--quiet", "phone/main"),
        ("merge", "--quiet", "--no-ff", "phone/main"),
        ("rebase", "--quiet", "phone/main"),
        ("reset", "--quiet", "--hard", "phone/main"),
        ("checkout", "--quiet", "phone/main", "--", "Pending_Approval"),
    ],
    ids=["pull", "checkout", "merge", "rebase", "reset --hard", "checkout of a path"],
)
def test_git_brings_the_answer(
    house: House, gate: hv.Gate, asked: hv.Request, phone: Path, command: tuple[str, ...]
) -> None:
    answer(phone, asked, "approved", NOTES)
    run("git", "fetch", "--quiet", "phone", cwd=house.root)
    with waiting(gate, asked):
        run("git", *command, cwd=house.root)
    decided_once(house, gate, asked, "approved", NOTES)


def test_a_merge_that_conflicts_decides_nothing_until_somebody_resolves_it(
    house: House, gate: hv.Gate, asked: hv.Request, phone: Path
) -> None:
    answer(phone, asked, "approved")
    house.close()  # both answers are there before anybody reads one
    answer(house.root, asked, "rejected")
    run("git", "fetch", "--quiet", "phone", cwd=house.root)
    with pytest.raises(AssertionError, match="CONFLICT"):
        run("git", "merge", "--quiet", "phone/main", cwd=house.root)
    gate = house.gate()
    with pytest.raises(hv.WaitTimeout):
        gate.wait(asked.id, timeout=1)
    run("git", "checkout", "--quiet", "--ours", "Pending_Approval", cwd=house.root)
    assert gate.wait(asked.id, timeout=5).state == "rejected"
    decided_once(house, gate, asked, "rejected", "")


def test_rsync_brings_a_whole_folder_of_answers(house: House, gate: hv.Gate) -> None:
    need("rsync")
    requests = [gate.ask("refund", {"n": n}) for n in range(20)]
    notes = [house.note(request) for request in requests]
    other = shutil.copytree(house.root / "Pending_Approval", house.work / "other")
    for note in notes:
        copy = other / note.name
        copy.write_text(copy.read_text().replace("- [ ] Approve\n", "- [x] Approve\n") + NOTES)
    run("rsync", "--archive", "--checksum", f"{other}/", f"{house.root}/Pending_Approval/")
    for request in requests:
        assert gate.wait(request.id, timeout=10).approved
    for request in requests:
        decided_once(house, gate, request, "approved", NOTES)
