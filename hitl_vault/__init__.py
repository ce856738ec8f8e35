"""Human approval for AI agents, in a folder of Markdown."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hitl_vault._version import __version__
from hitl_vault.config import Config, Settings
from hitl_vault.config import load as load_config
from hitl_vault.domain import text, times
from hitl_vault.domain.canonical import NotJson
from hitl_vault.domain.codec import encode
from hitl_vault.domain.decision import Claim, Decision, Gesture, Outcome, Verdict, Vote
from hitl_vault.domain.entry import Entry
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.policy import Effect, Ruling
from hitl_vault.domain.record import Notice, Record
from hitl_vault.domain.request import BoundFile, Request
from hitl_vault.domain.requirement import Mode, Requirement
from hitl_vault.domain.risk import Level, Risk
from hitl_vault.errors import (
    AlreadyClaimed,
    AlreadyDecided,
    BallotInvalid,
    Blocked,
    Cancelled,
    CodeInvalid,
    ConfigError,
    Conflict,
    DigestMismatch,
    Expired,
    HitlVaultError,
    IntegrityError,
    InvalidTransition,
    LedgerBroken,
    LedgerUnavailable,
    MissingExtra,
    NotAllowed,
    NotAnApprover,
    NotApproved,
    NoteForged,
    PolicyInvalid,
    Rejected,
    RequestError,
    RequestNotFound,
    SelfApproval,
    SignatureInvalid,
    VaultError,
    VaultLocked,
    VaultNotFound,
    Violation,
    WaitTimeout,
)
from hitl_vault.gate import Gate, open_gate
from hitl_vault.grant import Grant
from hitl_vault.ledger.chain import ascii_line, line_of, verify_lines
from hitl_vault.ledger.protocol import Ledger, Row
from hitl_vault.presence import active_keeper
from hitl_vault.signing import KeyHolder, KeyInfo

if TYPE_CHECKING:
    from hitl_vault import policies
    from hitl_vault.aio import AsyncGate, open_async_gate
    from hitl_vault.checkpoints import Checkpoints
    from hitl_vault.diagnosis import Check, diagnose
    from hitl_vault.init import init_vault
    from hitl_vault.keeper import Keeper
    from hitl_vault.trust.envelope import Statement
    from hitl_vault.trust.signatures import sign_with_secret
    from hitl_vault.vault.layout import Layout
    from hitl_vault.verification import Verified, verify_export, verify_vault

__all__ = [
    "AlreadyClaimed",
    "AlreadyDecided",
    "AsyncGate",
    "BallotInvalid",
    "Blocked",
    "BoundFile",
    "Cancelled",
    "Check",
    "Checkpoints",
    "Claim",
    "CodeInvalid",
    "Config",
    "ConfigError",
    "Conflict",
    "Decision",
    "DigestMismatch",
    "Effect",
    "Entry",
    "Expired",
    "Gate",
    "Gesture",
    "Grant",
    "HitlVaultError",
    "IntegrityError",
    "InvalidTransition",
    "Keeper",
    "KeyHolder",
    "KeyInfo",
    "Kind",
    "Layout",
    "Ledger",
    "LedgerBroken",
    "LedgerUnavailable",
    "Level",
    "MissingExtra",
    "Mode",
    "NotAllowed",
    "NotAnApprover",
    "NotApproved",
    "NotJson",
    "NoteForged",
    "Notice",
    "Outcome",
    "PolicyInvalid",
    "Record",
    "Rejected",
    "Request",
    "RequestError",
    "RequestNotFound",
    "Requirement",
    "Risk",
    "Row",
    "Ruling",
    "SelfApproval",
    "Settings",
    "SignatureInvalid",
    "State",
    "Statement",
    "VaultError",
    "VaultLocked",
    "VaultNotFound",
    "Verdict",
    "Verified",
    "Violation",
    "Vote",
    "WaitTimeout",
    "__version__",
    "active_keeper",
    "ascii_line",
    "diagnose",
    "encode",
    "init_vault",
    "line_of",
    "load_config",
    "open_async_gate",
    "open_gate",
    "policies",
    "sign_with_secret",
    "text",
    "times",
    "verify_export",
    "verify_lines",
    "verify_vault",
]


_LATER = {
    "AsyncGate": "aio",
    "Check": "diagnosis",
    "Checkpoints": "checkpoints",
    "Keeper": "keeper",
    "Verified": "verification",
    "Statement": "trust.envelope",
    "Layout": "vault.layout",
    "diagnose": "diagnosis",
    "init_vault": "init",
    "open_async_gate": "aio",
    "verify_export": "verification",
    "verify_vault": "verification",
    "sign_with_secret": "trust.signatures",
}
_MODULES_LATER = {"policies"}


def __getattr__(name: str) -> Any:
    # asyncio, the watcher and the templates take longer to load than all the rest, and few need them.
    if name in _MODULES_LATER:
        return import_module(f"{__name__}.{name}")
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
