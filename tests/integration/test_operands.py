"""Files that an action will use: what was approved is what they still hold when it runs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import hitl_vault as hv
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.files import LIMIT
from hitl_vault.vault.templates import Templates
from tests.house import House, eventually

CONTENT = b"replicas: 3\n"


@pytest.fixture
def config(work: Path) -> Path:
    path = work / "deploy.yml"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def gate(house: House) -> hv.Gate:
    return house.gate(keeper=False)


def approved(gate: hv.Gate, config: Path) -> hv.Request:
    request = gate.ask("deploy", {"n": 1}, files={"config": config})
    gate.decide(request.id, "approve", by="ana")
    return request


def test_the_request_records_the_path_the_size_and_the_hash(gate: hv.Gate, config: Path) -> None:
    request = gate.ask("deploy", files={"config": config})
    sha = hashlib.sha256(CONTENT).hexdigest()
    wanted = hv.BoundFile(name="config", path=str(config), size=len(CONTENT), sha256=sha)
    assert gate.get(request.id).request.files == (wanted,)


def test_a_relative_path_is_recorded_as_the_absolute_one(
    gate: hv.Gate, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(config.parent)
    request = gate.ask("deploy", files={"config": "./deploy.yml"})
    assert [file.path for file in request.files] == [str(config)]


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_regular_file_is_refused_and_is_not_left_open(
    gate: hv.Gate, work: Path, make: Callable[[Path], None]
) -> None:
    path = work / "place"
    make(path)
    for _ in range(2):
        with pytest.raises(ValueError, match=f"{path} cannot be read: not a regular file"):
            gate.ask("deploy", files={"config": path})
    links = (os.path.join("/proc/self/fd", number) for number in os.listdir("/proc/self/fd"))
    assert str(path) not in [os.readlink(link) for link in links if os.path.lexists(link)]


def test_the_note_shows_the_file_as_a_fact(house: House, config: Path) -> None:
    gate = house.gate()
    request = gate.ask("deploy", files={"config": config})
    text = house.note(request).read_text()
    assert f"config: {config}" in text
    assert f"12 bytes, sha256:{hashlib.sha256(CONTENT).hexdigest()}" in text


def test_more_files_than_a_note_can_show_are_refused(gate: hv.Gate, config: Path) -> None:
    """With some more the note could not be read as a ballot, so nobody could answer in it."""
    deep = config.parent / ("\u200b" * 80) / ("\u200b" * 80)
    deep.mkdir(parents=True)
    files = {f"{n:064}": deep / "f" for n in range(50)}
    (deep / "f").write_bytes(CONTENT)
    request = gate.ask("deploy", {"memo": "x" * 250_000}, reason="y" * 50_000, files=files)
    record = gate.get(request.id)
    assert len(Drawer(Templates(None)).draw(record)) < LIMIT - 32 * 1024
    with pytest.raises(ValueError, match="51 files are more than the 50 of one request"):
        gate.ask("deploy", files={**files, "more": config})


def test_an_unchanged_file_is_claimed_and_read_as_it_was_approved(gate: hv.Gate, config: Path) -> None:
    request = approved(gate, config)
    with gate.claim(request.id, {"n": 1}, action=request.action) as grant:
        assert grant.read_file("config") == CONTENT
        with pytest.raises(KeyError):
            grant.read_file("other")


def rewrite(path: Path) -> None:
    path.write_bytes(b"replicas: 9\n")


def same_size_and_times(path: Path) -> None:
    before = path.stat()
    path.write_bytes(b"replicas: 4\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def remove(path: Path) -> None:
    path.unlink()


def into_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def into_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def into_a_link_elsewhere(path: Path) -> None:
    other = path.with_name("other.yml")
    other.write_bytes(b"replicas: 9\n")
    path.unlink()
    path.symlink_to(other)


def appended(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\n")


CHANGES = [rewrite, same_size_and_times, remove, into_a_folder, into_a_pipe, into_a_link_elsewhere, appended]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_exchanged_after_the_vote_is_not_claimed_and_the_error_names_it(
    gate: hv.Gate, config: Path, change: Callable[[Path], None]
) -> None:
    request = approved(gate, config)
    change(config)
    with pytest.raises(hv.DigestMismatch, match=rf"'config'.*{config}"):
        gate.claim(request.id, {"n": 1}, action=request.action)
    assert gate.get(request.id).state is hv.State.APPROVED


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_exchanged_after_the_claim_is_not_read(
    gate: hv.Gate, config: Path, change: Callable[[Path], None]
) -> None:
    grant = gate.claim(approved(gate, config).id, {"n": 1}, action="deploy")
    change(config)
    with pytest.raises(hv.DigestMismatch, match="config"):
        grant.read_file("config")
    grant.failed("the file was exchanged")


def test_a_file_put_back_as_it_was_can_be_claimed(gate: hv.Gate, config: Path) -> None:
    request = approved(gate, config)
    rewrite(config)
    with pytest.raises(hv.DigestMismatch):
        gate.claim(request.id, {"n": 1}, action=request.action)
    config.write_bytes(CONTENT)
    gate.claim(request.id, {"n": 1}, action=request.action).executed()


def test_the_same_key_with_another_content_is_a_conflict(gate: hv.Gate, config: Path) -> None:
    request = gate.ask("deploy", key="k", files={"config": config})
    assert gate.ask("deploy", key="k", files={"config": config}).id == request.id
    rewrite(config)
    with pytest.raises(hv.Conflict, match="file"):
        gate.ask("deploy", key="k", files={"config": config})


@pytest.mark.parametrize("name", ["absent", "."])
def test_what_is_no_readable_file_cannot_be_asked_about(gate: hv.Gate, config: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        gate.ask("deploy", files={"config": config.parent / name})


@pytest.mark.parametrize("name", ["", " x", "a\nb", "a\u200bb", "x" * 65], ids=ascii)
def test_a_file_needs_a_name_that_can_be_shown(gate: hv.Gate, config: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name of a file"):
        gate.ask("deploy", files={name: config})


def test_a_guarded_call_hashes_its_files_again_before_it_runs(house: House, config: Path) -> None:
    gate = house.gate()
    ran: list[int] = []

    @gate.guard(action="deploy", files={"config": config})
    def deploy(n: int) -> None:
        ran.append(n)

    def answer(entries: list[hv.Entry]) -> None:
        for entry in entries:
            if entry.kind is hv.Kind.ASKED:
                rewrite(config)
                house.gate("answering", keeper=False).decide(entry.request, "approve", by="ana")

    gate.ledger.subscribe(answer)
    with pytest.raises(hv.DigestMismatch):
        deploy(1)
    assert ran == []


def test_the_note_shows_the_whole_path_whose_end_says_what_it_is(house: House, work: Path) -> None:
    path = work / ("innocent" * 20) / ("harmless" * 20) / "wipe_production.sh"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    request = house.gate().ask("deploy", files={"script": path})
    eventually(lambda: house.says(request, str(path)))
