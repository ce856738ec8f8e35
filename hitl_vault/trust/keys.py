"""The master secret and the keys derived from it, one for each purpose; old ones verify only."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from hitl_vault.domain.times import instant, text_of
from hitl_vault.durable import write_private
from hitl_vault.errors import ConfigError
from hitl_vault.trust.private import read_private

FILE = "keys.json"
_FORMAT = 1
_SALT = b"hitl-vault master secret"


def hkdf(secret: bytes, *, salt: bytes, info: bytes, length: int = 32) -> bytes:
    """Return `length` bytes derived from `secret` (HKDF-SHA256, RFC 5869)."""
    if not 0 < length <= 255 * 32:
        raise ValueError("HKDF-SHA256 gives 1 to 8160 bytes")
    extracted = hmac.digest(salt or bytes(32), secret, "sha256")
    block, out = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(extracted, block + info + bytes([counter]), "sha256")
        out += block
    return out[:length]


@dataclass(frozen=True, kw_only=True)
class Key:
    """One master secret. Retired, it verifies what was made before; revoked, nothing any more."""

    id: str
    secret: bytes = field(repr=False)
    created: datetime
    retired: datetime | None = None
    revoked: datetime | None = None

    def derive(self, purpose: str, whose: str = "") -> bytes:
        """Return the 32-byte key for one purpose, and for one person where the purpose is personal."""
        info = b"\0".join((b"hitl-vault/1", purpose.encode(), whose.encode()))
        return hkdf(self.secret, salt=_SALT, info=info)

    def mac(self, purpose: str, data: bytes, whose: str = "") -> str:
        """Return the hex HMAC-SHA256 of `data` under the key for a purpose."""
        return hmac.new(self.derive(purpose, whose), data, hashlib.sha256).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Ring:
    """Every master secret that a vault has had, oldest first."""

    keys: tuple[Key, ...] = ()

    @property
    def current(self) -> Key | None:
        """The key that makes new things; None before the first."""
        return next((key for key in reversed(self.keys) if not (key.retired or key.revoked)), None)

    @property
    def usable(self) -> tuple[Key, ...]:
        """The keys that verify, the current one first."""
        return tuple(key for key in reversed(self.keys) if not key.revoked)

    def find(self, id: object, *, revoked: bool = False) -> Key | None:
        """Return the key with this id if it still verifies, or with `revoked` even if it does not."""
        return next((key for key in (self.keys if revoked else self.usable) if key.id == id), None)


class Keys:
    """The key file in a state directory. Safe for several processes at once."""

    def __init__(self, state: Path) -> None:
        self._path = state / FILE

    def ring(self) -> Ring:
        """Return the keys there are; `ConfigError` if the file is open to others or broken."""
        data = read_private(self._path)
        return Ring() if data is None else self._parse(data)

    def current(self, now: datetime) -> Key:
        """Return the key that makes new things, after making the first one if there is none."""
        return self.ring().current or self._change(lambda ring: _with_one(ring, now))

    def rotate(self, now: datetime) -> Key:
        """Make a new key; the others only verify from now on."""

        def rotated(ring: Ring) -> Ring:
            old = (key if key.retired else replace(key, retired=now) for key in ring.keys)
            return _with_new(Ring(keys=tuple(old)), now)

        return self._change(rotated)

    def revoke(self, id: str, now: datetime) -> Key:
        """Let a key verify nothing any more; if it was the current one, a new key takes its place."""

        def revoked(ring: Ring) -> Ring:
            if ring.find(id) is None:
                raise ConfigError(f"no key {id!r} is in use; `hitl keys list` shows them")
            rest = (replace(key, revoked=now) if key.id == id else key for key in ring.keys)
            left = Ring(keys=tuple(rest))
            return _with_one(left, now)

        return self._change(revoked)

    def _change(self, change: Callable[[Ring], Ring]) -> Key:
        """Change the key file under a lock, and return the key that is current afterwards."""
        from filelock import FileLock  # only here: most processes never make a key

        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock"), mode=0o600):
            before = self.ring()
            after = change(before)
            if after is not before:
                write_private(self._path, _text(after))
        assert after.current is not None
        return after.current

    def _parse(self, data: bytes) -> Ring:
        try:
            found = json.loads(data)
            if found["format"] == _FORMAT:
                return Ring(keys=tuple(map(_key, found["keys"])))
        except (ValueError, KeyError, TypeError, RecursionError):
            # The cause is not told: it may quote a secret.
            raise ConfigError(f"{self._path}: not a key file; restore it from a backup") from None
        raise ConfigError(f"{self._path}: this version reads format {_FORMAT} only")


def _with_one(ring: Ring, now: datetime) -> Ring:
    return ring if ring.current else _with_new(ring, now)


def _with_new(ring: Ring, now: datetime) -> Ring:
    secret = secrets.token_bytes(32)
    id = hkdf(secret, salt=_SALT, info=b"hitl-vault/1\0key id", length=8).hex()
    return Ring(keys=(*ring.keys, Key(id=id, secret=secret, created=now)))


def _text(ring: Ring) -> bytes:
    return json.dumps({"format": _FORMAT, "keys": [_members(key) for key in ring.keys]}, indent=1).encode()


def _members(key: Key) -> dict[str, Any]:
    times = {"created": key.created, "retired": key.retired, "revoked": key.revoked}
    return {"id": key.id, "secret": key.secret.hex()} | {n: text_of(at) for n, at in times.items() if at}


def _key(members: dict[str, Any]) -> Key:
    times = {name: instant(members[name]) for name in ("created", "retired", "revoked") if name in members}
    secret = bytes.fromhex(members["secret"])
    if len(secret) < 32:
        raise ValueError("too short")
    return Key(id=members["id"], secret=secret, created=times.pop("created"), **times)
