"""Composes a note from the record: front matter, body, and the person's own part."""

from __future__ import annotations

from hitl_vault.domain.record import Record
from hitl_vault.vault.adopted import adopted_note
from hitl_vault.vault.ballot import notes_headings, read_ballot
from hitl_vault.vault.checklist import with_marks
from hitl_vault.vault.fields import fields
from hitl_vault.vault.frontmatter import emit
from hitl_vault.vault.page import Page
from hitl_vault.vault.person import NOBODY, Person
from hitl_vault.vault.seal import Sealed
from hitl_vault.vault.templates import Templates

NOTES = "## Notes\n"


class Drawer:
    """Draws notes with the templates of one vault.

    What it draws depends on the record and the person's part alone, never on the clock.
    """

    def __init__(self, templates: Templates) -> None:
        self.templates = templates

    def draw(self, record: Record, person: Person = NOBODY) -> bytes:
        """Return the note of a request as UTF-8, with what the person wrote below `## Notes` verbatim."""
        if record.request.adopted:
            above = adopted_note(record, record.request.adopted.text, person)
        else:
            above = f"---\n{emit(fields(record, person))}---\n\n{self.body(record, person)}\n\n"
        return f"{above}{NOTES}{notes_of(record, person)}".encode()

    def sealed(self, record: Record) -> Sealed:
        """Return what `draw` would seal, without writing it out and reading it back."""
        if record.request.adopted:
            text = record.request.adopted.text
            ballot = read_ballot(self.draw(record), skip=notes_headings(text))
            return Sealed(fields=ballot.fields, head=ballot.head, has_notes=ballot.has_notes)
        return Sealed(fields=fields(record, NOBODY), head=f"\n{self.body(record)}\n\n")

    def body(self, record: Record, person: Person = NOBODY) -> str:
        """Return what stands between the front matter and `## Notes`."""
        page = Page(
            record,
            approve=person.approve,
            reject=person.reject,
            remember=person.remember_ticked,
            typed=person.edits,
        )
        request = record.request
        template = request.requirement.template
        text = self.templates.render(request.action, template, page.values, page.needs()).strip("\n")
        return with_marks(text, person.checks)


def notes_of(record: Record, person: Person) -> str:
    """Return what is drawn below `## Notes`."""
    if person.notes is None:
        return record.decision.notes if record.decision else ""
    return person.notes
