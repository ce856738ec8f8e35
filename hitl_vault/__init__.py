"""Human approval for AI agents, in a folder of Markdown.

Names are loaded when they are first used: a command that a person waits for loads what it needs alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hitl_vault._version import __version__
from hitl_vault.errors import (
    AlreadyClaimed,
    AlreadyDecided,
    BallotInvalid,
    Blocked,
    Cancelled,
    CodeInvalid,
    CodeUndelivered,
    ConfigError,
    Conflict,
    DigestMismatch,
    Expired,
    HitlVaultError,
    IntegrityError,
    InvalidTransition,
    LedgerBroken,
    LedgerUnavailable,
    MaybeRecorded,
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
    VaultNotFound,
    Violation,
    WaitTimeout,
)

if TYPE_CHECKING:
    from hitl_vault import acceptance, policies
    from hitl_vault.aio import AsyncGate, AsyncKeyHolder, open_async_gate
    from hitl_vault.checkpoints import Checkpoints
    from hitl_vault.config import Change, Config, Settings
    from hitl_vault.config import load as load_config
    from hitl_vault.diagnosis import Check, diagnose
    from hitl_vault.domain import text, times
    from hitl_vault.domain.canonical import NotJson
    from hitl_vault.domain.code import Codes, IssuedCode
    from hitl_vault.domain.codec import encode
    from hitl_vault.domain.decision import Claim, Decision, Gesture, Outcome, Verdict, Vote
    from hitl_vault.domain.entry import Entry
    from hitl_vault.domain.lifecycle import Kind, State
    from hitl_vault.domain.policy import Effect, Policy, Ruling
    from hitl_vault.domain.question import Question
    from hitl_vault.domain.record import Notice, Record
    from hitl_vault.domain.request import Adopted, BoundFile, Request
    from hitl_vault.domain.requirement import Delegation, Escalation, Mode, Remember, Requirement, Term
    from hitl_vault.domain.risk import Level, Risk
    from hitl_vault.domain.standing import StandingRule
    from hitl_vault.domain.times import Duration
    from hitl_vault.gate import Gate, open_gate
    from hitl_vault.guard import Guard
    from hitl_vault.init import init_vault
    from hitl_vault.keeper import Keeper
    from hitl_vault.ledger.chain import ascii_line, line_of, verify_lines
    from hitl_vault.ledger.protocol import Ledger, Row, Writer
    from hitl_vault.listing import Listing, open_listing
    from hitl_vault.presence import active_keeper
    from hitl_vault.trust.envelope import Statement
    from hitl_vault.trust.signatures import sign_with_secret
    from hitl_vault.trust.signed_note import PublicKey
    from hitl_vault.vault.layout import Folder, Layout, Place
    from hitl_vault.verbs.asking import AskOptions, CallOptions
    from hitl_vault.verbs.grant import Grant
    from hitl_vault.verbs.signing import KeyHolder, KeyInfo
    from hitl_vault.verbs.waiting import OnReminder
    from hitl_vault.verification import Verified, verify_export, verify_vault

__all__ = [
    "Adopted",
    "AlreadyClaimed",
    "AlreadyDecided",
    "AskOptions",
    "AsyncGate",
    "AsyncKeyHolder",
    "BallotInvalid",
    "Blocked",
    "BoundFile",
    "CallOptions",
    "Cancelled",
    "Change",
    "Check",
    "Checkpoints",
    "Claim",
    "CodeInvalid",
    "CodeUndelivered",
    "Codes",
    "Config",
    "ConfigError",
    "Conflict",
    "Decision",
    "Delegation",
    "DigestMismatch",
    "Duration",
    "Effect",
    "Entry",
    "Escalation",
    "Expired",
    "Folder",
    "Gate",
    "Gesture",
    "Grant",
    "Guard",
    "HitlVaultError",
    "IntegrityError",
    "InvalidTransition",
    "IssuedCode",
    "Keeper",
    "KeyHolder",
    "KeyInfo",
    "Kind",
    "Layout",
    "Ledger",
    "LedgerBroken",
    "LedgerUnavailable",
    "Level",
    "Listing",
    "MaybeRecorded",
    "MissingExtra",
    "Mode",
    "NotAllowed",
    "NotAnApprover",
    "NotApproved",
    "NotJson",
    "NoteForged",
    "Notice",
    "OnReminder",
    "Outcome",
    "Place",
    "Policy",
    "PolicyInvalid",
    "PublicKey",
    "Question",
    "Record",
    "Rejected",
    "Remember",
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
    "StandingRule",
    "State",
    "Statement",
    "Term",
    "VaultError",
    "VaultNotFound",
    "Verdict",
    "Verified",
    "Violation",
    "Vote",
    "WaitTimeout",
    "Writer",
    "__version__",
    "acceptance",
    "active_keeper",
    "ascii_line",
    "diagnose",
    "encode",
    "init_vault",
    "line_of",
    "load_config",
    "open_async_gate",
    "open_gate",
    "open_listing",
    "policies",
    "sign_with_secret",
    "text",
    "times",
    "verify_export",
    "verify_lines",
    "verify_vault",
]

_HOMES = {
    "aio": "AsyncGate AsyncKeyHolder open_async_gate",
    "checkpoints": "Checkpoints",
    "config": "Change Config Settings",
    "diagnosis": "Check diagnose",
    "domain.canonical": "NotJson",
    "domain.codec": "encode",
    "domain.decision": "Claim Decision Gesture Outcome Verdict Vote",
    "domain.entry": "Entry",
    "domain.lifecycle": "Kind State",
    "domain.policy": "Effect Policy Ruling",
    "domain.question": "Question",
    "domain.standing": "StandingRule",
    "domain.record": "Notice Record",
    "domain.request": "Adopted BoundFile Request",
    "domain.requirement": "Delegation Escalation Mode Remember Requirement Term",
    "domain.risk": "Level Risk",
    "gate": "Gate open_gate",
    "verbs.grant": "Grant",
    "init": "init_vault",
    "keeper": "Keeper",
    "listing": "Listing open_listing",
    "ledger.chain": "ascii_line line_of verify_lines",
    "ledger.protocol": "Ledger Row Writer",
    "presence": "active_keeper",
    "verbs.signing": "KeyHolder KeyInfo",
    "trust.envelope": "Statement",
    "trust.signatures": "sign_with_secret",
    "vault.layout": "Folder Layout Place",
    "verification": "Verified verify_export verify_vault",
    "domain.times": "Duration",
    "domain.code": "Codes IssuedCode",
    "verbs.asking": "AskOptions CallOptions",
    "verbs.waiting": "OnReminder",
    "guard": "Guard",
    "trust.signed_note": "PublicKey",
}
"""Which modules keep the public names that are loaded later."""

_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}
_MODULES = {
    "acceptance": "acceptance",
    "policies": "policies",
    "text": "domain.text",
    "times": "domain.times",
}
_RENAMED = {"load_config": ("config", "load")}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value: Any = import_module(f"{__name__}.{_MODULES[name]}")
    elif name in _HOME or name in _RENAMED:
        module, attribute = _RENAMED.get(name) or (_HOME[name], name)
        value = getattr(import_module(f"{__name__}.{module}"), attribute)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value
