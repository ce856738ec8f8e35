"""The watcher hears of every change, says so when it cannot, and recovers; on real files with real events."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hitl_vault.vault.inotify import InotifyListener
from hitl_vault.vault.listener import Calls
from hitl_vault.vault.mounts import silent_filesystem
from hitl_vault.vault.observer import ObserverListener
from hitl_vault.vault.watch import Watcher

FOLDERS = ("Pending_Approval", "Approved", "Rejected", "Done", "Standing_Rules", ".hitl")
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="drives Linux inotify")


class Heard:
    """What a watcher has told, and how to wait for it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths: list[Path] = []
        self.rescans: list[str] = []
        self.said: list[str] = []

    @property
    def names(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.paths}

    def until(self, met: Callable[[], object], within: float = 10.0) -> None:
        end = time.monotonic() + within
        while not met():
            assert time.monotonic() < end, f"{self.names=} {self.rescans=} {self.said=}"
            time.sleep(0.002)

    def hear(self, path: str) -> None:
        self.paths.append(Path(path))

    def forget(self) -> None:
        for told in (self.paths, self.rescans, self.said):
            told.clear()


@pytest.fixture
def root(work: Path) -> Path:
    for name in FOLDERS:
        (work / "vault" / name).mkdir(parents=True)
    return work / "vault"


@pytest.fixture
def heard(root: Path) -> Heard:
    return Heard(root)


Start = Callable[..., Watcher]


@pytest.fixture
def start(root: Path, heard: Heard) -> Iterator[Start]:
    made: list[Watcher] = []

    def begin(**changes: object) -> Watcher:
        told = {
            "on_path": heard.hear,
            "on_rescan": heard.rescans.append,
            "on_state": heard.said.append,
        }
        intervals = {"check_interval": 0.1, "poll_interval": 0.05, "full_interval": 60.0}
        made.append(Watcher(root, **(told | intervals | changes)))  # type: ignore[arg-type]
        made[-1].start()
        return made[-1]

    yield begin
    for watcher in made:
        watcher.stop()


def in_place(note: Path, outside: Path) -> None:
    note.write_text("status: approved")


def rename_over(note: Path, outside: Path) -> None:
    new = note.with_name(".new.tmp")
    new.write_text("status: approved")
    new.replace(note)


def rename_away_and_create(note: Path, outside: Path) -> None:
    note.rename(f"{note}~")
    note.write_text("status: approved")


def unlink_and_create(note: Path, outside: Path) -> None:
    note.unlink()
    note.write_text("status: approved")


def move_in_from_outside(note: Path, outside: Path) -> None:
    (outside / "elsewhere.md").write_text("status: approved")
    (outside / "elsewhere.md").rename(note)


def link_in(note: Path, outside: Path) -> None:
    (outside / "linked.md").write_text("status: approved")
    note.unlink()
    note.hardlink_to(outside / "linked.md")
    (outside / "linked.md").unlink()


def symlink_in(note: Path, outside: Path) -> None:
    note.unlink()
    note.symlink_to(outside / "target.md")


def delete(note: Path, outside: Path) -> None:
    note.unlink()


def move_out(note: Path, outside: Path) -> None:
    note.rename(outside / "gone.md")


SAVES = (
    in_place,
    rename_over,
    rename_away_and_create,
    unlink_and_create,
    move_in_from_outside,
    link_in,
    symlink_in,
    delete,
    move_out,
)


@pytest.mark.parametrize("save", SAVES)
def test_every_way_to_save_or_remove_a_note_is_heard(
    root: Path, heard: Heard, start: Start, work: Path, save: Callable[[Path, Path], None]
) -> None:
    note = root / "Pending_Approval" / "n.md"
    note.write_text("status: pending")
    start()
    save(note, work)
    heard.until(lambda: note in heard.paths)
    assert heard.said == []


def test_a_note_is_not_reported_while_it_is_written(root: Path, heard: Heard, start: Start) -> None:
    (root / "Pending_Approval" / "n.md").write_text("status: pending")
    start()
    with (root / "Pending_Approval" / "n.md").open("w") as file:
        file.write("status: appr")
        file.flush()
        (root / "Approved" / "later.md").write_text("x")
        heard.until(lambda: heard.names)
        assert heard.names == {"Approved/later.md"}
    heard.until(lambda: "Pending_Approval/n.md" in heard.names)


def test_a_move_between_folders_reports_both_ends(root: Path, heard: Heard, start: Start) -> None:
    (root / "Pending_Approval" / "n.md").write_text("x")
    start()
    (root / "Pending_Approval" / "n.md").rename(root / "Approved" / "n.md")
    heard.until(lambda: heard.names == {"Pending_Approval/n.md", "Approved/n.md"})


def test_notes_outside_the_folders_and_hidden_folders_are_nobodys_business(
    root: Path, heard: Heard, start: Start
) -> None:
    (root / "Plans").mkdir()
    (root / "Pending_Approval" / ".stversions").mkdir()
    start()
    for name in ("Plans/p.md", "top.md", "Pending_Approval/.stversions/n.md", "Done/real.md"):
        (root / name).write_text("x")
    heard.until(lambda: "Done/real.md" in heard.names)
    assert heard.names == {"Done/real.md"}


def test_what_follows_a_move_out_is_not_held_up(root: Path, heard: Heard, start: Start, work: Path) -> None:
    """watchdog's observer holds everything behind an unpaired move back for 500 ms."""
    for name in ("out.md", "n.md"):
        (root / "Pending_Approval" / name).write_text("x")
    start()
    waits = []
    for turn in range(5):
        (root / "Pending_Approval" / "out.md").write_text("x")
        time.sleep(0.02)
        heard.forget()
        begun = time.perf_counter()
        (root / "Pending_Approval" / "out.md").rename(work / f"{turn}.md")
        (root / "Pending_Approval" / "n.md").write_text("y")
        heard.until(lambda: "Pending_Approval/n.md" in heard.names)
        waits.append(time.perf_counter() - begun)
    assert sorted(waits)[2] < 0.25


def test_notes_in_a_new_folder_are_heard_however_quickly_they_came(
    root: Path, heard: Heard, start: Start
) -> None:
    start()
    for n in range(20):
        folder = root / "Pending_Approval" / f"sub{n}" / "deep"
        folder.mkdir(parents=True)
        (folder / "n.md").write_text("x")
    heard.until(lambda: len([name for name in heard.names if name.endswith("deep/n.md")]) == 20)


def test_a_folder_moved_to_another_is_heard_there_and_its_old_name_can_be_used_again(
    root: Path, heard: Heard, start: Start
) -> None:
    old, new = root / "Pending_Approval" / "email", root / "Approved" / "email"
    old.mkdir()
    (old / "n.md").write_text("x")
    start()
    old.rename(new)
    heard.until(lambda: "Approved/email/n.md" in heard.names)
    old.mkdir()
    (old / "second.md").write_text("x")
    heard.until(lambda: "Pending_Approval/email/second.md" in heard.names)
    heard.forget()
    (new / "n.md").write_text("y")
    heard.until(lambda: "Approved/email/n.md" in heard.names)
    assert "Pending_Approval/email/n.md" not in heard.names


def test_a_folder_deleted_and_made_again_is_heard(root: Path, heard: Heard, start: Start) -> None:
    start()
    for _ in range(5):
        heard.forget()
        shutil.rmtree(root / "Pending_Approval")
        (root / "Pending_Approval").mkdir()
        (root / "Pending_Approval" / "n.md").write_text("x")
        heard.until(lambda: "Pending_Approval/n.md" in heard.names)


def test_a_folder_that_is_missing_is_told_and_so_is_its_return(
    root: Path, heard: Heard, start: Start
) -> None:
    start()
    shutil.rmtree(root / "Approved")
    heard.until(lambda: "Missing in the vault: Approved." in heard.said and heard.rescans)
    (root / "Approved").mkdir()
    heard.until(lambda: "All folders are there again." in heard.said)
    # What is written before the new folder is watched is found by the rescan that follows.
    heard.until(lambda: (root / "Approved" / "n.md").write_text("x") and "Approved/n.md" in heard.names)


def test_a_folder_replaced_by_another_is_watched_in_its_place(
    root: Path, heard: Heard, start: Start, work: Path
) -> None:
    start()
    (work / "other").mkdir()
    (root / "Approved").rename(work / "old")
    (work / "other").rename(root / "Approved")
    heard.until(lambda: heard.rescans or heard.paths)
    time.sleep(0.3)
    (work / "old" / "old.md").write_text("x")
    (root / "Approved" / "n.md").write_text("x")
    heard.until(lambda: "Approved/n.md" in heard.names)
    assert "Approved/old.md" not in heard.names


def test_a_vault_moved_away_and_back_is_told_and_recovers(root: Path, heard: Heard, start: Start) -> None:
    watcher = start()
    root.rename(f"{root}-away")
    heard.until(lambda: watcher.state == "lost" and "is gone" in heard.said[-1])
    Path(f"{root}-away").rename(root)
    heard.until(lambda: watcher.state == "events" and "the vault is back" in heard.rescans)
    (root / "Done" / "n.md").write_text("x")
    heard.until(lambda: "Done/n.md" in heard.names)
    assert heard.said[-1] == f"The vault {root} is back."


def test_a_vault_deleted_and_made_again_recovers(root: Path, heard: Heard, start: Start) -> None:
    watcher = start()
    heard.until(lambda: not watcher._untested)
    shutil.rmtree(root)
    heard.until(lambda: watcher.state == "lost")
    (root / ".hitl").mkdir(parents=True)
    (root / "Pending_Approval").mkdir()
    heard.until(lambda: watcher.state == "events")
    (root / "Pending_Approval" / "n.md").write_text("x")
    heard.until(lambda: "Pending_Approval/n.md" in heard.names)


def test_a_vault_that_is_not_there_yet_is_waited_for(
    work: Path, heard: Heard, root: Path, start: Start
) -> None:
    shutil.rmtree(root)
    watcher = start()
    assert watcher.state == "lost"
    (root / ".hitl").mkdir(parents=True)
    heard.until(lambda: watcher.state == "events" and heard.rescans and not watcher._untested)


@pytest.mark.slow
def test_a_burst_that_overflows_the_queue_leads_to_a_rescan_after_which_nothing_is_lost(
    root: Path, heard: Heard, start: Start
) -> None:
    """The reader is held up while more files are made than the kernel queues; the rescan sees the rest."""
    go, seen = threading.Event(), set[str]()

    def take(path: str) -> None:
        seen.add(Path(path).name)
        go.wait(30)

    def rescan(reason: str) -> None:
        heard.rescans.append(reason)
        seen.update(os.listdir(root / "Pending_Approval"))

    start(on_path=take, on_rescan=rescan, check_interval=5.0)
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    made = {f"{n}.md" for n in range(limit + 4000)}
    for name in made:
        os.close(os.open(root / "Pending_Approval" / name, os.O_WRONLY | os.O_CREAT))
    go.set()
    heard.until(lambda: seen >= made, within=30)
    assert any("more changes came at once" in reason for reason in heard.rescans)
    heard.until(lambda: any("more changes came at once" in said for said in heard.said))
    (root / "Approved" / "after.md").write_text("x")
    heard.until(lambda: "after.md" in seen)


def test_what_a_handler_raises_is_told_and_does_not_deafen(root: Path, heard: Heard, start: Start) -> None:
    def stumble(path: str) -> None:
        heard.hear(path)
        if path.endswith("bad.md"):
            raise ValueError("cannot cope")

    watcher = start(on_path=stumble)
    (root / "Done" / "bad.md").write_text("x")
    heard.until(lambda: any("ValueError: cannot cope" in said for said in heard.said) and heard.rescans)
    (root / "Done" / "good.md").write_text("x")
    heard.until(lambda: "Done/good.md" in heard.names)
    assert watcher.state == "events"


def test_a_rescan_or_a_listener_of_states_that_raises_does_not_stop_the_watcher(
    root: Path, heard: Heard, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []

    def fail(text: str) -> None:
        calls.append(text)
        raise RuntimeError("no")

    start(on_rescan=fail, on_state=fail, full_interval=0.1)
    heard.until(lambda: calls.count("routine") > 1)
    (root / "Done" / "n.md").write_text("x")
    heard.until(lambda: "Done/n.md" in heard.names)


def test_everything_is_looked_at_from_time_to_time(heard: Heard, start: Start) -> None:
    start(full_interval=0.15)
    heard.until(lambda: heard.rescans.count("routine") >= 2)


def test_polling_asks_for_a_rescan_at_each_interval(heard: Heard, start: Start) -> None:
    watcher = start(mode="polling")
    heard.until(lambda: heard.rescans.count("polling") >= 3)
    assert (watcher.state, heard.said) == ("polling", [])


@pytest.mark.slow
def test_a_listener_that_hears_nothing_is_found_out_and_polling_takes_over_until_it_hears_again(
    root: Path, heard: Heard, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listener is made to watch an empty folder elsewhere, as if the file system reported nothing."""
    from hitl_vault.vault import watch

    elsewhere = root.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(watch, "best", lambda: (lambda _, calls: InotifyListener(elsewhere, calls), ""))
    watcher = start(full_interval=0.5)
    heard.until(lambda: watcher.state == "polling" and heard.rescans)
    assert heard.said[0].startswith(
        "The system does not report changes in the vault. Reading the vault every"
    )
    monkeypatch.undo()
    heard.until(
        lambda: watcher.state == "events" and heard.said[-1] == "Changes in the vault are reported again."
    )
    (root / "Done" / "n.md").write_text("x")
    heard.until(lambda: "Done/n.md" in heard.names)
    assert len(heard.said) == 2


def test_a_reader_that_ended_is_replaced(root: Path, heard: Heard, start: Start) -> None:
    watcher = start()
    listener = watcher._listener
    assert isinstance(listener, InotifyListener)
    assert listener._reader is not None
    listener._reader.stop()
    heard.until(lambda: heard.rescans and watcher._listener not in (None, listener))
    (root / "Done" / "n.md").write_text("x")
    heard.until(lambda: "Done/n.md" in heard.names)


def in_a_process(code: str, root: Path) -> str:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, str(root)]
    found = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=30)
    assert found.returncode == 0, found.stderr
    return found.stdout


LIMITED = """
import resource, sys, time
from pathlib import Path
from hitl_vault.vault.inotify import InotifyListener
from hitl_vault.vault.watch import Watcher
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 64))
rescans = []
told = {"on_path": print, "on_rescan": rescans.append, "on_state": print}
watcher = Watcher(Path(sys.argv[1]), **told, full_interval=0.3)
watcher.start()
print(watcher.state)
time.sleep(0.2)
print(bool(rescans))
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
time.sleep(1.5)
print(watcher.state)
watcher.stop()
"""


def test_without_inotify_instances_it_polls_names_the_remedy_and_recovers(root: Path) -> None:
    said, *rest = in_a_process(LIMITED, root).splitlines()
    assert "fs.inotify.max_user_instances" in said
    assert "Reading the vault every 1 s instead." in said
    assert rest == ["polling", "True", "Changes in the vault are reported again.", "events"]


def test_a_settings_folder_that_cannot_be_written_means_polling(
    root: Path, heard: Heard, start: Start
) -> None:
    (root / ".hitl").rmdir()
    (root / ".hitl").write_text("in the way")
    watcher = start()
    heard.until(lambda: watcher.state == "polling")
    assert "cannot be tested" in heard.said[0]


MOUNTS = """\
25 1 {local} / / rw,relatime shared:1 - ext4 /dev/vda rw
36 25 0:99 / /mnt rw shared:9 - {kind} server:/share rw
"""


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p", "virtiofs", "fuse.grpcfuse", "vboxsf"])
def test_file_systems_that_do_not_report_the_changes_of_others_are_known(work: Path, kind: str) -> None:
    device = os.stat(work).st_dev
    here = f"{os.major(device)}:{os.minor(device)}"
    table = work / "mountinfo"
    table.write_text(MOUNTS.format(local=here, kind=kind))
    assert silent_filesystem(work, table) is None
    table.write_text(MOUNTS.format(local="8:1", kind=kind).replace("0:99", here))
    assert silent_filesystem(work, table) == kind


def test_this_machines_own_disk_reports_changes(work: Path) -> None:
    assert silent_filesystem(work) is None


IDLE = """
import sys, time
from pathlib import Path
from hitl_vault.vault.watch import Watcher
watcher = Watcher(Path(sys.argv[1]), on_path=print, on_rescan=print, on_state=print)
watcher.start()
time.sleep(0.5)
begun = time.process_time()
time.sleep(3)
print((time.process_time() - begun) / 3)
watcher.stop()
"""


@pytest.mark.slow
def test_watching_costs_next_to_nothing_while_nothing_happens(root: Path) -> None:
    assert float(in_a_process(IDLE, root)) < 0.003


def test_stopping_leaves_no_thread_and_no_open_file(root: Path, start: Start) -> None:
    def counts() -> tuple[int, int]:
        return threading.active_count(), len(os.listdir("/proc/self/fd"))

    before = counts()
    watcher = start()
    (root / "Done" / "n.md").write_text("x")
    watcher.stop()
    watcher.stop()
    assert counts() == before
    assert not list((root / ".hitl").iterdir())


def test_a_watcher_can_start_again(root: Path, heard: Heard, start: Start) -> None:
    watcher = start()
    watcher.stop()
    watcher.start()
    (root / "Done" / "n.md").write_text("x")
    heard.until(lambda: "Done/n.md" in heard.names)


@pytest.mark.parametrize("kind", [InotifyListener, ObserverListener])
def test_both_listeners_hear_saves_and_notice_a_replaced_folder(
    root: Path, heard: Heard, kind: type[InotifyListener | ObserverListener]
) -> None:
    """The one for other systems is driven here too, so that it keeps the same promises."""
    stirred, failed = threading.Event(), list[Exception]()
    calls = Calls(path=heard.hear, stir=stirred.set, failed=failed.append)
    listener = kind(root, calls)
    listener.start()
    try:
        assert listener.fault() is None
        (root / "Pending_Approval" / "n.md").write_text("x")
        (root / "Pending_Approval" / "n.md").rename(root / "Approved" / "n.md")
        heard.until(lambda: heard.names == {"Pending_Approval/n.md", "Approved/n.md"})
        (root / "Done").rename(root.parent / "Done")
        heard.until(lambda: stirred.is_set() and listener.fault() == "Done was moved or replaced")
    finally:
        listener.stop()
        listener.stop()
    assert failed == []
    assert listener.fault() is not None


RENAMED = """
import sys, time
from pathlib import Path
import watchdog.observers.inotify
import watchdog.observers.inotify_c as inside
inside.ReaderId = inside.CallbackId
del inside.CallbackId
from hitl_vault.vault.watch import Watcher
root, paths, said = Path(sys.argv[1]), [], []
options = {"on_path": paths.append, "on_rescan": lambda why: None, "on_state": said.append}
watcher = Watcher(root, check_interval=0.05, full_interval=0.1, **options)
watcher.start()
(root / "Approved" / "note.md").write_text("x")
end = time.monotonic() + 10
while not paths and time.monotonic() < end:
    time.sleep(0.01)
time.sleep(0.5)
state = watcher.state
watcher.stop()
print(state, *{Path(path).name for path in paths}, len(said), *said)
"""


def test_with_a_watchdog_that_renamed_what_is_its_own_changes_are_heard_all_the_same(root: Path) -> None:
    """The operator is told once that they are heard later, and why."""
    command = [sys.executable, "-c", RENAMED, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("events note.md 1 This version of watchdog lacks"), done.stderr
    assert "CallbackId" in done.stdout
