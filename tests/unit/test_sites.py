"""The files of a request are looked for where its note belongs."""

from __future__ import annotations

from pathlib import Path

import pytest

from hitl_vault.domain.record import Record
from hitl_vault.domain.request import Adopted
from hitl_vault.keeper.sites import Sites
from hitl_vault.vault.layout import Layout
from tests.noted import approved, pending, request

NAME = "email/INVOICE.md"
ADOPTED = request("send_email", adopted=Adopted(name=NAME, text="---\ntype: approval\n---\n"))


@pytest.mark.parametrize(
    ("record", "lies"),
    [
        (pending(request()), "Pending_Approval/{id}.md"),
        (approved(request()), "Approved/{id}.md"),
        (pending(ADOPTED), "Pending_Approval/email/INVOICE.md"),
        (approved(ADOPTED), "Approved/INVOICE.md"),
    ],
    ids=["ours", "ours, approved", "adopted in a sub-folder", "adopted in a sub-folder, approved"],
)
def test_a_note_is_seen_where_it_belongs_though_nothing_is_remembered(
    work: Path, record: Record, lies: str
) -> None:
    layout = Layout(work)
    note = work / lies.format(id=record.id)
    note.parent.mkdir(parents=True)
    note.write_text("x")
    sites = Sites(layout, known=lambda _: True, sha_at=lambda *_: None, lies_at=lambda _: None)
    assert layout.home(record) == note
    assert [(seen.path, seen.main) for seen in sites.see(record)] == [(note, True)]
