"""What in a note is the person's own, and is kept when the note is drawn again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hitl_vault.vault.ballot import OWN_FIELDS, Ballot
from hitl_vault.vault.checklist import Marks, marks_in
from hitl_vault.vault.frontmatter import Value


@dataclass(frozen=True, kw_only=True)
class Person:
    """The fields and boxes that a person fills in, and what they added.

    `notes` is everything below the `## Notes` line, verbatim; None where it is not known, and the
    notes that came with the decision are drawn instead. `extra` are fields of the person's own, `edits`
    the values that they changed, by path, `checks` what they ticked that is no answer.
    """

    status: str = "pending"
    approver: str = ""
    comment: str = ""
    remember: str = ""
    remember_ticked: bool = False
    code: str = ""
    signature: str = ""
    approve: bool = False
    reject: bool = False
    notes: str | None = None
    extra: Mapping[str, Value] = field(default_factory=dict)
    edits: Mapping[str, Any] = field(default_factory=dict)
    checks: Marks = field(default_factory=dict)

    @classmethod
    def of(cls, ballot: Ballot) -> Person:
        """Return the person's part of a note that was read."""
        return cls(
            status=ballot.status,
            approver=ballot.approver,
            comment=ballot.comment,
            remember=ballot.remember,
            remember_ticked=ballot.remember_ticked,
            code=ballot.code,
            signature=ballot.signature,
            approve=ballot.approve,
            reject=ballot.reject,
            notes=ballot.notes,
            extra={name: value for name, value in ballot.fields.items() if name not in OWN_FIELDS},
            checks=marks_in(ballot.head),
        )


NOBODY = Person()
