"""Who may sign with which SSH key and until when: OpenSSH's `allowed_signers`, and the keys revoked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

from hitl_vault.domain.requirement import plain_name
from hitl_vault.durable import write_private
from hitl_vault.errors import ConfigError
from hitl_vault.trust.private import read_private
from hitl_vault.trust.sshsig import PublicKey, read_public_key

NAMESPACE = "hitl-vault"
ALLOWED, REVOKED = "allowed_signers", "revoked_signers"
_STAMP = "%Y%m%d%H%M%S"
_OPTION = r'[a-z-]+(?:="[^"]*")?'
_LINE = re.compile(
    rf"(?P<who>\S+) (?:(?!ssh-|sk-|ecdsa-)(?P<options>{_OPTION}(?:,{_OPTION})*) )?"
    r"(?P<key>\S+ \S+)(?: (?P<comment>.*))?"
)
_DATE = re.compile(r'(valid-after|valid-before)="(\d{8}(?:\d{4}(?:\d{2})?)?)Z?"')


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A person and one of their keys, as listed. Times are None where that side is open."""

    name: str
    key: PublicKey
    begins: datetime | None = None
    ends: datetime | None = None


class Signers:
    """The two files in a state directory. OpenSSH reads the same files when it verifies."""

    def __init__(self, state: Path) -> None:
        self.allowed = state / ALLOWED
        self.revoked = state / REVOKED

    @property
    def listed(self) -> bool:
        """Whether anybody is listed; `ConfigError` if others than the owner may open the list."""
        return read_private(self.allowed) is not None

    def all(self) -> list[Signer]:
        """Return every signer whose line we can read, revoked or not."""
        return [signer for line in _lines(self.allowed) if (signer := _read(line))]

    def add(self, name: str, key: PublicKey, begins: datetime | None, ends: datetime | None) -> Signer:
        """List a key for an approver; `ConfigError` if it is another's, listed already or revoked."""
        if not plain_name(name):
            raise ConfigError("a signer needs the name that stands in the list of approvers")
        signer = Signer(name=plain_name(name), key=key, begins=begins, ends=ends)
        with self._lock():
            self._check_free(signer)
            _append(self.allowed, _written(signer))
        return signer

    def revoke(self, fingerprint: str) -> Signer:
        """Let a key sign no more, and what it signed not count; `ConfigError` if it is not listed."""
        with self._lock():
            found = next((s for s in self.all() if s.key.fingerprint == fingerprint), None)
            if found is None:
                raise ConfigError(f"no signer has the key {fingerprint}; `hitl keys list` shows them")
            if not self.is_revoked(fingerprint):
                _append(self.revoked, found.key.line)
        return found

    def is_revoked(self, fingerprint: str) -> bool:
        """Tell whether a key was revoked."""
        return any(read_public_key(line).fingerprint == fingerprint for line in _lines(self.revoked))

    def _check_free(self, signer: Signer) -> None:
        taken = next((s for s in self.all() if s.key.blob == signer.key.blob), None)
        if taken is not None:
            raise ConfigError(f"{signer.key.fingerprint} is listed for {taken.name} already")
        if self.is_revoked(signer.key.fingerprint):
            raise ConfigError(f"{signer.key.fingerprint} was revoked; make a new key")

    def _lock(self) -> AbstractContextManager[object]:
        from filelock import FileLock  # only here: most processes never change a signer

        self.allowed.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return FileLock(self.allowed.with_suffix(".lock"), mode=0o600)


def principal(name: str) -> str:
    """Return the word that stands for an approver in `allowed_signers`; it holds no pattern characters."""
    return quote(plain_name(name), safe="@+")


def stamp(at: datetime) -> str:
    """Return an instant as OpenSSH reads it in UTC, to the second."""
    return at.astimezone(UTC).strftime(_STAMP)


def _lines(path: Path) -> Iterator[str]:
    for line in (read_private(path) or b"").decode("utf-8", "replace").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line.strip()


def _append(path: Path, line: str) -> None:
    before = read_private(path) or b""
    gap = b"" if before.endswith(b"\n") or not before else b"\n"
    write_private(path, before + gap + line.encode() + b"\n")


def _written(signer: Signer) -> str:
    options = [f'namespaces="{NAMESPACE}"']
    options += [f'valid-after="{stamp(signer.begins)}"'] if signer.begins else []
    options += [f'valid-before="{stamp(signer.ends)}"'] if signer.ends else []
    comment = re.sub(r"[^\w@.+-]+", "_", signer.key.comment, flags=re.ASCII)
    return f"{principal(signer.name)} {','.join(options)} {signer.key.line} {comment}".strip()


def _read(line: str) -> Signer | None:
    """Return what a line lists; None for what only OpenSSH understands, such as a certificate authority."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    try:
        key = read_public_key(f"{found['key']} {found['comment'] or ''}")
        dates = {name: _instant(text) for name, text in _DATE.findall(found["options"] or "")}
    except ValueError:
        return None
    name = unquote(found["who"])
    return Signer(name=name, key=key, begins=dates.get("valid-after"), ends=dates.get("valid-before"))


def _instant(text: str) -> datetime:
    return datetime.strptime(text.ljust(14, "0"), _STAMP).replace(tzinfo=UTC)
