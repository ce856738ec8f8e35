"""Every error of the product, in one tree.

HitlVaultError
├ NotApproved: Rejected · Expired · Cancelled · Blocked · Violation
├ WaitTimeout (also TimeoutError)
├ RequestError: RequestNotFound (LookupError) · Conflict · AlreadyDecided · AlreadyClaimed · InvalidTransition
├ NotAllowed: NotAnApprover · SelfApproval · CodeInvalid · SignatureInvalid
├ VaultError: VaultNotFound · BallotInvalid
├ PolicyInvalid (also ValueError)
├ IntegrityError: DigestMismatch · LedgerBroken · NoteForged
├ LedgerUnavailable (also OSError): MaybeRecorded
├ CodeUndelivered
├ ConfigError (also ValueError)
└ MissingExtra (also ImportError)

The class docstring is the default message; what the error knows, it carries as attributes.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hitl_vault.domain.decision import Decision
    from hitl_vault.domain.lifecycle import State
    from hitl_vault.domain.request import Request


class HitlVaultError(Exception):
    """Something went wrong in hitl-vault."""

    recorded: Sequence[Request] = ()
    """Of `ask_many`: the requests that were recorded all the same."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.getdoc(type(self)))


class NotApproved(HitlVaultError):
    """The request was not approved."""

    def __init__(
        self,
        message: str | None = None,
        *,
        request: Request | None = None,
        decision: Decision | None = None,
    ) -> None:
        super().__init__(message)
        self.request = request
        self.decision = decision


class Rejected(NotApproved):
    """An approver said no."""


class Expired(NotApproved):
    """The deadline passed before the request was decided or claimed."""


class Cancelled(NotApproved):
    """The request was withdrawn."""


class Blocked(NotApproved):
    """The policy forbids this action; nobody was asked."""


class Violation(NotApproved):
    """The action needs approval, and an executor was about to run it without."""


class WaitTimeout(HitlVaultError, TimeoutError):
    """The wait ended first; the request is still pending."""


class RequestError(HitlVaultError):
    """The request cannot do that."""

    def __init__(self, message: str | None = None, *, id: str | None = None) -> None:
        super().__init__(message)
        self.id = id


class RequestNotFound(RequestError, LookupError):
    """No request has this id."""


class Conflict(RequestError):
    """The key was used before for another action or context."""


class AlreadyDecided(RequestError):
    """The request has another decision already."""

    def __init__(
        self, message: str | None = None, *, id: str | None = None, state: State | None = None
    ) -> None:
        super().__init__(message, id=id)
        self.state = state


class AlreadyClaimed(RequestError):
    """The right to run was taken before; an approval is good for one run."""


class InvalidTransition(RequestError):
    """The lifecycle has no such step from the request's present state."""


class NotAllowed(HitlVaultError):
    """The vote does not count."""

    def __init__(self, message: str | None = None, *, told: str = "", found: str = "") -> None:
        """Keep what a note says instead: `told` is ours alone, `found` what the message quotes."""
        super().__init__(message)
        self.told = told
        self.found = found


class NotAnApprover(NotAllowed):
    """This name is not on the list of approvers for the request."""


class SelfApproval(NotAllowed):
    """The agent that asked may not answer."""


class CodeInvalid(NotAllowed):
    """This is not the one-time code for the answer."""

    def __init__(self, message: str | None = None, *, exposed: bool = False, counts: bool = True) -> None:
        super().__init__(message)
        self.exposed = exposed
        self.counts = counts


class SignatureInvalid(NotAllowed):
    """The proof that came with the vote does not hold."""


class VaultError(HitlVaultError):
    """The vault cannot be used like this."""


class VaultNotFound(VaultError):
    """There is no vault here; `hitl init PATH` makes one."""


class BallotInvalid(VaultError):
    """The note cannot be read as a ballot."""

    def __init__(
        self, message: str | None = None, *, path: Path | None = None, field: str | None = None
    ) -> None:
        super().__init__(message)
        self.path = path
        self.field = field


class PolicyInvalid(HitlVaultError, ValueError):
    """The policy file does not say something that can be followed."""

    def __init__(
        self, message: str | None = None, *, path: Path | None = None, field: str | None = None
    ) -> None:
        super().__init__(message)
        self.path = path
        self.field = field


class IntegrityError(HitlVaultError):
    """What is recorded and what is found do not fit."""


class DigestMismatch(IntegrityError):
    """What would run is not what was approved."""


class LedgerBroken(IntegrityError):
    """The chain of entries does not hold."""

    def __init__(self, message: str | None = None, *, seq: int | None = None) -> None:
        super().__init__(message)
        self.seq = seq


class NoteForged(IntegrityError):
    """A note of a resolved request does not say what the ledger says."""

    def __init__(self, message: str | None = None, *, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class LedgerUnavailable(HitlVaultError, OSError):
    """The ledger could not be written; nothing was recorded."""


class MaybeRecorded(LedgerUnavailable):
    """The ledger's disk failed in the middle of recording; it may have been recorded or not."""


class CodeUndelivered(HitlVaultError):
    """A one-time code did not reach its channel."""


class ConfigError(HitlVaultError, ValueError):
    """A setting cannot be used."""


class MissingExtra(HitlVaultError, ImportError):
    """A part that is installed separately is missing."""
