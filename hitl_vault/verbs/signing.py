"""Signing answers, and the keys that signatures and codes rest on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hitl_vault import config
from hitl_vault.acts.editing import edits_of
from hitl_vault.domain.decision import Verdict
from hitl_vault.domain.edits import context_digest
from hitl_vault.domain.lifecycle import Kind
from hitl_vault.domain.requirement import Mode, plain_name
from hitl_vault.errors import ConfigError
from hitl_vault.ledger.protocol import Ledger, Writer

if TYPE_CHECKING:
    from hitl_vault.trust.envelope import Statement
    from hitl_vault.trust.keys import Key
    from hitl_vault.trust.signers import Signer


class Signing:
    """A gate's verbs for signed answers."""

    config: config.Config
    ledger: Ledger

    def sign(
        self,
        id: str,
        verdict: str | Verdict,
        *,
        by: str | None = None,
        edits: Mapping[str, Any] | None = None,
        key: str | Path | None = None,
    ) -> str:
        """Return a signature over the recorded request and a verdict, for `decide` or a note's `signature`.

        `edits` are the values of the context that the approver changes, as for `decide`.
        `key` is the file of an SSH key; without it a key that is listed for `by` is taken, from the ssh-agent
        or `~/.ssh`. Raises `SignatureInvalid` where OpenSSH cannot sign.
        """
        from hitl_vault.trust.signatures import sign_with_ssh
        from hitl_vault.trust.signers import Signers

        file = None if key is None else config.typed_path(key)
        return sign_with_ssh(
            self.statement(id, verdict, by=by, edits=edits), Signers(self.config.state), file
        )

    def statement(
        self,
        id: str,
        verdict: str | Verdict,
        *,
        by: str | None = None,
        edits: Mapping[str, Any] | None = None,
    ) -> Statement:
        """Return what `by` signs to answer a request now, in the ledger's words."""
        from hitl_vault.trust.envelope import statement_of

        name = self.config.approver(by)
        if not name:
            raise ConfigError("who signs? Give a name, or set HITL_APPROVER")
        record = self.ledger.record(id)
        context = context_digest(record.request.context, edits_of(record, edits or {}))
        return statement_of(record.request, Verdict(verdict), name, self.ledger.now(), context=context)

    @property
    def keys(self) -> KeyHolder:
        """The vault's keys."""
        return KeyHolder(self.ledger, self.config)


@dataclass(frozen=True, kw_only=True)
class KeyInfo:
    """A key, without anything secret. `name` says whose it is; it is empty for the vault's own."""

    kind: Literal["secret", "signer"]
    id: str
    status: Literal["current", "verifies only", "revoked"]
    name: str = ""
    type: str = ""
    begins: datetime | None = None
    ends: datetime | None = None


class KeyHolder:
    """Lists and changes a vault's keys, and records each change in the ledger. It shows no secret."""

    def __init__(self, ledger: Ledger, config: config.Config) -> None:
        from hitl_vault.trust.keys import Keys
        from hitl_vault.trust.signers import Signers

        self._ledger = ledger
        self._config = config
        self._keys = Keys(config.state)
        self._signers = Signers(config.state)

    def list(self) -> list[KeyInfo]:
        """Return every key, the vault's own first."""
        signers = (self._of_signer(signer) for signer in self._signers.all())
        return [*map(_of_secret, self._keys.ring().keys), *signers]

    def rotate(self) -> KeyInfo:
        """Make a new master secret; what was made with older ones still verifies."""
        key = self._keys.rotate(self._ledger.now())
        self._record("rotated", key.id)
        return _of_secret(key)

    def add_signer(
        self, name: str, public_key: str, *, begins: datetime | None = None, ends: datetime | None = None
    ) -> KeyInfo:
        """Let `name` sign with the key of a `.pub` line; `ConfigError` if it cannot be listed."""
        from hitl_vault.trust.sshsig import read_public_key

        signer = self._signers.add(name, read_public_key(public_key), begins, ends)
        self._record("signer added", signer.key.fingerprint, signer.name)
        return self._of_signer(signer)

    def revoke(self, id: str) -> None:
        """Let a key verify nothing any more: what rests on it cannot be claimed. `ConfigError` if unknown."""
        name = ""
        if id.startswith("SHA256:"):
            name = self._signers.revoke(id).name
        else:
            self._keys.revoke(id, self._ledger.now())
        self._record("revoked", id, name)

    def share_secret(self, name: str, file: str | Path) -> KeyInfo:
        """Write the HMAC secret of an approver's programs to a new file (0600), in hex; it is never shown.

        The file may not lie in the vault.
        """
        from hitl_vault.trust.signatures import SECRET

        path = Path(os.path.abspath(config.typed_path(file)))
        if path.resolve().is_relative_to(self._config.root):
            raise ConfigError(f"{path} lies in the vault, which others can read; choose another place")
        key = self._keys.current(self._ledger.now())
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(key.derive(SECRET, plain_name(name)).hex() + "\n")
        self._record("secret shared", key.id, plain_name(name))
        return _of_secret(key)

    def deliver_codes_with(self, command: Sequence[str]) -> None:
        """Hand one-time codes to a command from now on; with none, to the outbox in the state directory.

        `{approver}` and `{request}` in its words stand for the name and the id. It gets a message with the
        codes on its standard input; only exit code 0 counts as sent.
        """
        from hitl_vault.trust.delivery import Delivery

        Delivery(self._config.state).set_command(command)
        self._record("codes delivered by command" if command else "codes delivered to the outbox", "")

    def _of_signer(self, signer: Signer) -> KeyInfo:
        return KeyInfo(
            kind="signer",
            id=signer.key.fingerprint,
            status="revoked" if self._signers.is_revoked(signer.key.fingerprint) else "current",
            name=signer.name,
            type=signer.key.type,
            begins=signer.begins,
            ends=signer.ends,
        )

    def _record(self, did: str, key: str, name: str = "") -> None:
        body = {"did": did} | ({"key": key} if key else {}) | ({"name": name} if name else {})

        def job(writer: Writer) -> None:
            writer.append(Kind.KEYED, "", body, mode=self._mode)

        self._ledger.write(job)

    @property
    def _mode(self) -> Mode:
        return self._config.settings.mode


def _of_secret(key: Key) -> KeyInfo:
    old: Literal["current", "verifies only"] = "verifies only" if key.retired else "current"
    status: Literal["current", "verifies only", "revoked"] = "revoked" if key.revoked else old
    return KeyInfo(kind="secret", id=key.id, status=status, type="master secret", begins=key.created)
