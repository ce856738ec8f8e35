"""Human approval for AI agents, in a folder of Markdown."""

from typing import TYPE_CHECKING, Any

from hitl_vault._version import __version__
from hitl_vault.config import Config, Settings
from hitl_vault.domain.canonical import NotJson
from hitl_vault.domain.decision import Claim, Decision, Gesture, Outcome, Verdict, Vote
from hitl_vault.domain.entry import Entry
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.record import Notice, Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import Mode, Requirement
from hitl_vault.domain.risk import Level, Risk
from hitl_vault.errors import (
    AlreadyClaimed,
    AlreadyDecided,
    BallotInvalid,
    Blocked,
    Cancelled,
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
    PolicyInvalid,
    Rejected,
    RequestError,
    RequestNotFound,
    SelfApproval,
    SignatureInvalid,
    VaultError,
    VaultLocked,
    VaultNotFound,
    WaitTimeout,
)
from hitl_vault.gate import Gate, open_gate
from hitl_vault.grant import Grant
from hitl_vault.init import init_vault

if TYPE_CHECKING:
    from hitl_vault.aio import AsyncGate, open_async_gate

__all__ = [
    "AlreadyClaimed",
    "AlreadyDecided",
    "AsyncGate",
    "BallotInvalid",
    "Blocked",
    "Cancelled",
    "Claim",
    "Config",
    "ConfigError",
    "Conflict",
    "Decision",
    "DigestMismatch",
    "Entry",
    "Expired",
    "Gate",
    "Gesture",
    "Grant",
    "HitlVaultError",
    "IntegrityError",
    "InvalidTransition",
    "Kind",
    "LedgerBroken",
    "LedgerUnavailable",
    "Level",
    "MissingExtra",
    "Mode",
    "NotAllowed",
    "NotAnApprover",
    "NotApproved",
    "NotJson",
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
    "SelfApproval",
    "Settings",
    "SignatureInvalid",
    "State",
    "VaultError",
    "VaultLocked",
    "VaultNotFound",
    "Verdict",
    "Vote",
    "WaitTimeout",
    "__version__",
    "init_vault",
    "open_async_gate",
    "open_gate",
]


def __getattr__(name: str) -> Any:
    # asyncio takes longer to load than all the rest, and only coroutines need it.
    if name in ("AsyncGate", "open_async_gate"):
        from hitl_vault import aio

        return getattr(aio, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
