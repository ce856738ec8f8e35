"""Changed settings, policies and templates: when they count, and the entries that say who accepted them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hitl_vault import acts, config
from hitl_vault.config import SETTINGS_FOLDER, Change, Config, pin
from hitl_vault.domain import text
from hitl_vault.domain.canonical import digest_bytes
from hitl_vault.domain.requirement import Mode
from hitl_vault.errors import ConfigError, HitlVaultError
from hitl_vault.ledger.protocol import Ledger

_RECORDED = 64 * 1024
"""Bytes up to which the ledger keeps the text of an accepted file; of a larger one, its digest."""
_LOOK_EVERY = 5.0


def follow(found: Config, ledger: Ledger) -> Config:
    """Return the configuration after taking up what may be taken up without asking.

    That is what is there when a vault is first opened, and in `open` mode any change, which is recorded.
    """
    if found.pinned:
        return found
    files = {n: data for n, data in pin.contents(found.root / SETTINGS_FOLDER).items() if pin.readable(data)}
    copy = pin.accepted(found.state)
    if copy is None or pin.contents(copy) != files:
        if pinned := config.in_force(found.root, found.state):
            return pinned  # which was accepted since `found` was loaded
        changes = [] if copy is None else pin.differences(pin.contents(copy), files)
        if changes:
            _record(ledger, changes, found.settings.mode, by="")
        pin.accept(found.state, files)
    return found.as_pinned()


def accept(
    found: Config, ledger: Ledger, *, by: str | None = None, shown: Sequence[Change] | None = None
) -> list[Change]:
    """Let settings, policy and templates count as they lie in the vault; record and return the changes.

    `by` is who accepts, else `HITL_APPROVER`, else nobody by name; `shown` are the changes that they looked
    at. If there are others by now, or these cannot be used, it raises `ConfigError` or `PolicyInvalid` and
    nothing is accepted.
    """
    copy = pin.accepted(found.state)
    files = pin.contents(found.root / SETTINGS_FOLDER)
    changes = [] if copy is None else pin.differences(pin.contents(copy), files)
    if shown is not None and changes != list(shown):
        folder = found.root / SETTINGS_FOLDER
        raise ConfigError(f"{folder}: changed since it was shown, so nothing was accepted; look at it again")
    if changes:
        pin.check(files)
        mode = config.proposed(found, files[config.SETTINGS_FILE]).mode
        _check_policy(found, files)
        _record(ledger, changes, mode, by=config.approver(by))
        pin.accept(found.state, files)
    return changes


def _check_policy(found: Config, files: pin.Contents) -> None:
    if config.POLICY_FILE in files:
        from hitl_vault.policy.parse import parse  # of use to nobody else here, and slow to load

        parse(files[config.POLICY_FILE], found.root / SETTINGS_FOLDER / config.POLICY_FILE)


def diff(change: Change) -> list[str]:
    """Return the lines of a unified diff, harmless to look at."""
    import difflib  # of use to nobody else, and slow to load

    was, now = _lines(change.accepted), _lines(change.found)
    name = text.one_line(change.name)
    before = f"accepted/{name}" if change.accepted is not None else "nothing"
    after = f"vault/{name}" if change.found is not None else "nothing"
    return list(difflib.unified_diff(was, now, before, after, lineterm=""))


def _lines(data: bytes | None) -> list[str]:
    shown = (data or b"").decode("utf-8", "backslashreplace")
    return [text.one_line(line) for line in shown.removesuffix("\n").split("\n")] if shown else []


def _record(ledger: Ledger, changes: list[Change], mode: Mode, *, by: str) -> None:
    body = {
        "by": [by] if by else [],
        "text": ", ".join(change.name for change in changes),
        "files": {change.name: _kept(change.found) for change in changes},
    }
    ledger.write(lambda writer: acts.accepted(writer, body, mode))


def _kept(data: bytes | None) -> Mapping[str, Any] | None:
    if data is None:
        return None
    try:
        whole = {"text": data.decode()} if len(data) <= _RECORDED else {}
    except UnicodeDecodeError:
        whole = {}
    return {"digest": digest_bytes(data), **whole}


class Lookout:
    """Notices changed settings, policies and templates while a vault is kept. For one thread.

    `tell` takes sentences for the operator.
    """

    def __init__(
        self,
        found: Config,
        ledger: Ledger,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        tell: Callable[[str], None],
    ) -> None:
        self._config = found
        self._ledger = ledger
        self._monotonic = monotonic
        self._tell = tell
        self._next = 0.0
        self._told = ""

    def step(self) -> None:
        """Look, if it is time."""
        now = self._monotonic()
        if now < self._next:
            return
        self._next = now + _LOOK_EVERY
        try:
            self._look()
        except (HitlVaultError, OSError) as error:
            self._say(str(error))

    def _look(self) -> None:
        if self._config.settings.mode is Mode.OPEN:
            self._config = follow(self._config, self._ledger)
        else:
            self._say(self._config.waiting())

    def _say(self, sentence: str) -> None:
        if sentence and sentence != self._told:
            self._tell(sentence)
        self._told = sentence
