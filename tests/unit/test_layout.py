"""Which files of a vault are notes, and whose."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hitl_vault.domain.lifecycle import State
from hitl_vault.errors import VaultNotFound
from hitl_vault.vault.layout import Folder, Layout, folder_of, is_copy

ID = "20260102-030405-payment-7k3m9x2q"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def test_every_state_has_a_folder_and_none_is_set_aside() -> None:
    homes = {state: folder_of(state) for state in State}
    assert homes[State.PENDING] is Folder.PENDING
    assert {s for s, f in homes.items() if f is Folder.APPROVED} == {State.APPROVED, State.EXECUTING}
    assert {s for s, f in homes.items() if f is Folder.REJECTED} == {
        State.REJECTED,
        State.EXPIRED,
        State.CANCELLED,
    }
    assert {s for s, f in homes.items() if f is Folder.DONE} == {State.EXECUTED, State.FAILED, State.UNKNOWN}


def test_a_note_is_told_by_its_own_place(layout: Layout) -> None:
    place = layout.classify(layout.note(ID, State.PENDING))
    assert place is not None
    assert (place.folder, place.name, place.ids, place.canonical) == (Folder.PENDING, f"{ID}.md", (ID,), True)


def test_a_note_in_a_sub_folder_keeps_its_id_but_is_not_where_it_belongs(layout: Layout) -> None:
    place = layout.classify(layout.path(Folder.APPROVED) / "email" / f"{ID}.md")
    assert place is not None
    assert (place.name, place.ids, place.canonical) == (f"email/{ID}.md", (ID,), False)


@pytest.mark.parametrize(
    "path",
    [
        "Pending_Approval",
        "Pending_Approval.md",
        f"{ID}.md",
        f"Inbox/{ID}.md",
        f"Set_Aside/{ID}.md",
        f"pending_approval/{ID}.md",
        f".hitl/Pending_Approval/{ID}.md",
        f"Pending_Approval/.hidden/{ID}.md",
        f"Pending_Approval/../{ID}.md",
        f"Pending_Approval//{ID}.md",
        "Pending_Approval/.md",
        f"Pending_Approval/.{ID}.md",
        f"Pending_Approval/.{ID}.md.swp",
        "Pending_Approval/4913",
        f"Pending_Approval/{ID}.md~",
        f"Pending_Approval/.#{ID}.md",
        f"Pending_Approval/#{ID}.md#",
        "Pending_Approval/.goutputstream-ABC123",
        "Pending_Approval/sedAbC123",
        f"Pending_Approval/{ID}.md___jb_tmp___",
        f"Pending_Approval/.syncthing.{ID}.md.tmp",
        f"Pending_Approval/.{ID}.md.A1b2C3",
        f"Pending_Approval/.{ID}.md.icloud",
        f"Pending_Approval/~${ID}.md",
        f"Pending_Approval/{ID}.txt",
        f"Pending_Approval/{ID}",
        "Pending_Approval/.hitl-0011223344556677.tmp",
    ],
)
def test_what_is_not_a_note_is_ignored(layout: Layout, path: str) -> None:
    assert layout.classify(f"{layout.root}/{path}") is None


def test_what_lies_outside_the_vault_is_ignored(layout: Layout) -> None:
    assert layout.classify(f"{layout.root}-other/Pending_Approval/{ID}.md") is None


@pytest.mark.parametrize(
    "name",
    [
        f"{ID}.sync-conflict-20260102-030405-ABCDEFG.md",
        f"{ID} (Conflicted copy iPhone 202601020304).md",
        f"{ID} (Ana's conflicted copy 2026-01-02).md",
        f"{ID} (conflicted copy 2026-01-02 030405).md",
        f"{ID}-DESKTOP1.md",
        f"{ID}-server22.md",
        f"{ID} (1).md",
        f"{ID} copy.md",
        f"Copy of {ID}.md",
        f"{ID.upper()}.md",
        f"{ID}x.md",
    ],
)
def test_a_copy_carries_the_id_but_is_not_the_note(layout: Layout, name: str) -> None:
    place = layout.classify(layout.path(Folder.PENDING) / name)
    assert place is not None
    assert ID in place.ids
    assert not (place.canonical and place.ids == (ID,))


def test_a_name_that_is_not_utf8_can_be_told_and_still_opened(layout: Layout) -> None:
    path = os.fsdecode(os.fsencode(layout.path(Folder.PENDING)) + b"/caf\xe9.md")
    place = layout.classify(path)
    assert place is not None
    assert place.name == "caf\\udce9.md"
    assert str(place.path) == path


def test_folders_are_made_but_never_the_vault(tmp_path: Path) -> None:
    Layout(tmp_path).make()
    Layout(tmp_path).make()
    assert {p.name for p in tmp_path.iterdir()} == set(Folder)
    with pytest.raises(VaultNotFound, match="hitl init"):
        Layout(tmp_path / "moved away").make()
    assert not (tmp_path / "moved away").exists()


NAME = "mail/PAYMENT_Acme.md"


@pytest.mark.parametrize(
    "suffix",
    [
        ".sync-conflict-20260102-030405-ABCDEFG",
        " (Conflicted copy Pixel 8 202601020304)",
        " (Ana's conflicted copy 2026-01-02)",
        " (conflicted copy 2026-01-02 030405)",
        " (Case Conflict)",
        " (SFConflict ana@example.org 2026-01-02-03-04-05)",
        " [conflicted]",
        "_conflict-20260102-030405",
        "_ANAS-PC_Jan-02-030405-2026_Conflict",
        ".Conflict",
        ".conflict1",
        "-DESKTOP-AB12CD3",
        "-ANAS-PC",
        "-Anas-MacBook-Pro",
        " (1)",
        "(2)",
        " 2",
        " copy",
        " copy 3",
        " - Copy",
        " - Copy (2)",
        " - Kopie",
        "_BACKUP_1234",
        "_LOCAL_1234",
    ],
)
def test_a_conflict_copy_of_an_adopted_note_is_recognised(suffix: str) -> None:
    assert is_copy(f"mail/PAYMENT_Acme{suffix}.md", NAME)


@pytest.mark.parametrize(
    "name",
    [
        NAME,
        "mail/payment_acme.md",
        "mail/PAYMENT_Acme_2.md",
        "mail/PAYMENT_Acme-2026.md",
        "mail/PAYMENT_Acme Ltd.md",
        "mail/PAYMENT_Acme (second invoice).md",
        "mail/PAYMENT_Acme-refund.md",
        "mail/PAYMENT.md",
        "PAYMENT_Acme (1).md",
        "post/PAYMENT_Acme (1).md",
    ],
)
def test_another_note_with_a_similar_name_is_not_a_copy(name: str) -> None:
    assert not is_copy(name, NAME)


def test_copies_are_recognised_in_either_unicode_form() -> None:
    assert is_copy("Cafe\u0301 (1).md", "Caf\u00e9.md")
    assert is_copy("Copy of Caf\u00e9.md", "Cafe\u0301.md")
