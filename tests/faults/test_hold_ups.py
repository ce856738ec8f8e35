"""One request, one file or one folder that is trouble keeps no other from being served."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import hitl_vault as hv
from hitl_vault.acts import timing
from hitl_vault.diagnosis.events import inotify_limits
from hitl_vault.keeper.desk import Desk
from hitl_vault.keeper.strangers import Strangers
from hitl_vault.vault.adopted import _unticked
from hitl_vault.vault.seal import differences
from tests.conftest import Clock
from tests.faults.puppet import Puppet
from tests.house import House, eventually
from tests.sample_note import NOTE

ADOPTED = "---\ntype: approval_request\naction: {}\n---\nHello\n"


@pytest.fixture
def house(house: House) -> Iterator[House]:
    yield house
    house.close()
    subprocess.run(["rm", "-rf", house.root], check=True)  # nothing else gets as deep


def _adopted(root: Path, action: str) -> None:
    (root / "Pending_Approval" / "x.md").write_text(ADOPTED.format(action))


def _nested(folder: Path, name: str, levels: int) -> None:
    """Make folders in folders, deeper than a path can say, and a file in the innermost."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=here)
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("x.md", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.close(here)


def _file_instead(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.touch()


PLANTED: dict[str, Callable[[Path], None]] = {
    "a deadline at the end of time": lambda root: _adopted(root, "y\nexpires: 9999-12-31T23:59:59.999999Z"),
    "a tab after a field's name": lambda root: _adopted(root, "\ty\nstatus: approved"),
    "folders 1,100 deep": lambda root: _nested(root / "Pending_Approval", "a", 1100),
    "resolved folders 1,100 deep": lambda root: _nested(root / "Approved", "a", 1100),
    "a path that is too long": lambda root: _nested(root / "Approved", "n" * 250, 17),
    "a left-over file with a bad name": lambda root: (
        root / "Approved" / f".hitl-{'0' * 16}-..taken"
    ).touch(),
    "a name that is no text": lambda root: os.mkdir(os.fsencode(root / "Pending_Approval") + b"/\xff"),
    "a file where a folder should be": lambda root: _file_instead(root / "Done"),
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_an_agent_plants_holds_up_no_other_request(house: House, what: str) -> None:
    gate = house.gate()
    first = gate.ask("refund", {"eur": 1})
    house.note(first)
    PLANTED[what](house.root)
    house.vote(first, "approved")
    assert gate.wait(first.id, timeout=8).approved
    house.close()
    (house.kept() / "drawing").touch()  # as after a crash
    gate = house.gate()
    second = gate.ask("refund", {"eur": 2})
    house.vote(second, "approved")
    assert gate.wait(second.id, timeout=8).approved


def test_doctor_counts_folders_however_deep(house: House) -> None:
    _nested(house.root / "Pending_Approval", "a", 1100)
    config = hv.load_config(house.root, state_dir=house.state)
    assert any("1106 folders" in check.found for check in inotify_limits(config))


def test_a_note_below_a_folder_whose_name_is_no_text_is_looked_after(house: House) -> None:
    """Where it lies cannot be kept in the keeper's index, which held up the drawing of all others."""
    gate = house.gate()
    strange, other = gate.ask("refund", {"eur": 1}), gate.ask("refund", {"eur": 2})
    folder = os.fsencode(house.root / "Pending_Approval") + b"/\xff"
    os.mkdir(folder)
    os.rename(house.note(strange), os.path.join(folder, os.fsencode(f"{strange.id}.md")))
    time.sleep(0.3)
    house.vote(other, "approved")
    assert gate.wait(other.id, timeout=8).approved


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"eur": 900', '"eur": 1e99999999999999999999'),
        ('"eur": 900', '"eur": ' + "[" * 60_000 + "]" * 60_000),
        ('"eur": 900', '"eur": ' + "[" * 400 + "]" * 400),
        ("Because", " " * 200_000 + "x"),
    ],
    ids=["a number beyond all", "nested without end", "nested deep", "blanks without end"],
)
def test_what_is_written_into_a_note_holds_up_no_other_request(house: House, before: str, after: str) -> None:
    gate = house.gate()
    changed = gate.ask("refund", {"eur": 900}, reason="Because")
    other = gate.ask("refund", {"eur": 2})
    house.edit(changed, (before, after))
    house.vote(other, "approved")
    assert gate.wait(other.id, timeout=4).approved
    eventually(lambda: gate.ledger.record(changed.id).notice)
    assert gate.get(changed.id).state == "pending"


def test_comparing_long_runs_of_blanks_takes_no_time() -> None:
    """A regular expression tried each of them as the first: a minute for a note of 230,000."""
    drawn = NOTE.replace("## Notes", "```text\n" + " " * 200_000 + "x\n```\n## Notes", 1).encode()
    began = time.monotonic()
    differences(drawn, drawn.replace(b"x\n```", b"y\n```"))
    assert time.monotonic() - began < 1


def test_drawing_a_note_of_nothing_but_boxes_takes_no_time() -> None:
    """The text was put together anew for each of them."""
    body = "- [x] Approve\n" * 40_000
    began = time.monotonic()
    assert "[x]" not in _unticked(body)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("where", ["consider", "conclude", "meet"])
def test_an_error_that_nobody_foresaw_is_told_once_and_holds_up_nobody(
    work: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    puppet = Puppet(work)
    bad, good = puppet.gate.ask("refund", {"eur": 1}), puppet.gate.ask("refund", {"eur": 2})
    puppet.look()
    owner: Any = Strangers if where == "meet" else Desk
    real = getattr(owner, where)

    def failing(self: Any, what: Any, *rest: Any) -> Any:
        name = what if isinstance(what, str) else getattr(what, "id", None) or what.name
        if name in (bad.id, "x.md"):
            raise ZeroDivisionError("nobody foresaw this")
        return real(self, what, *rest)

    monkeypatch.setattr(owner, where, failing)
    _adopted(puppet.root, "y")
    for request in (bad, good):
        note = puppet.root / "Pending_Approval" / f"{request.id}.md"
        note.write_text(note.read_text().replace('"pending"', "approved"))
    for _ in range(4):
        puppet.hear(*(puppet.root / "Pending_Approval").glob("*.md"))
        puppet.look()
        puppet.seconds += 6
    assert puppet.gate.get(good.id).state == "approved"
    assert [line for line in puppet.told if "ZeroDivisionError" in line] == [
        f"{'Pending_Approval/x.md' if where == 'meet' else bad.id}: ZeroDivisionError: nobody foresaw this"
    ]
    monkeypatch.undo()
    puppet.seconds += 6
    puppet.settle(rescan=False)
    if where == "meet":
        assert [record.request.action for record in puppet.gate.pending()] == ["y"] * (where == "meet")
    else:
        assert puppet.gate.get(bad.id).state == "approved"
    puppet.stop()


def test_one_request_whose_time_cannot_be_kept_keeps_no_other_from_expiring_or_being_answered(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = house.gate(clock=clock)
    bad, good = gate.ask("refund", {"eur": 1}, timeout="1h"), gate.ask("refund", {"eur": 2}, timeout="1h")
    keep = timing.keep

    def failing(writer: Any, id: str) -> hv.Record:
        if id == bad.id:
            raise ArithmeticError("nobody foresaw this")
        return keep(writer, id)

    monkeypatch.setattr(timing, "keep", failing)
    clock.advance(timedelta(hours=1))
    eventually(lambda: gate.ledger.record(good.id).state == "expired")
    later = gate.ask("refund", {"eur": 3})
    house.vote(later, "approved")
    assert gate.wait(later.id, timeout=8).approved


@pytest.mark.parametrize("instead", ["pipe", "link", "unreadable"])
def test_what_takes_a_drawn_notes_place_neither_stops_the_syncing_nor_fails_it(
    tmp_path: Path, instead: str
) -> None:
    from hitl_vault.keeper.syncer import Syncer

    path = tmp_path / "x.md"
    if instead == "pipe":
        os.mkfifo(path)
    elif instead == "link":
        path.symlink_to(tmp_path / "nowhere")
    else:
        path.touch(mode=0)
    syncer = Syncer()
    syncer.submit([path], 7)
    syncer.stop()
    assert (syncer.synced_up_to, syncer.failure) == (7, None)
