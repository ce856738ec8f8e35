"""Which policy a vault follows, and what it says of a request."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from hitl_vault.config import POLICY_FILE, SETTINGS_FOLDER, Config
from hitl_vault.domain.policy import Asked, Policy, Ruling
from hitl_vault.errors import PolicyInvalid

if TYPE_CHECKING:
    from hitl_vault.policy.evaluate import Judge

NONE = Policy()
"""What a vault without a policy follows: every action is asked about."""

CASES = ".cases.yaml"


def load_policy(config: Config) -> Policy:
    """Return the policy of a vault: the shipped one that its settings name, else its `.hitl/policy.yaml`.

    Without either, the policy has no rules, so that every action is asked about. The same bytes
    give the same object. Raises `PolicyInvalid`.
    """
    path = policy_path(config)
    return NONE if path is None else read_cached(path)


def read_cached(path: Path) -> Policy:
    """Return the policy in a file; the same bytes give the same object. Raises `PolicyInvalid`."""
    from hitl_vault.policy.reading import read_text  # of use only where there is a policy

    return _parsed(read_text(path), path)


def policy_path(config: Config, *, proposed: bool = False) -> Path | None:
    """Return the file that the policy of a vault is read from, None if it has none.

    With `proposed`, the one in the vault, whether or not it was accepted.
    """
    if config.settings.policy:
        return shipped_policy(config.settings.policy)
    path = (config.root / SETTINGS_FOLDER if proposed else config.source) / POLICY_FILE
    return path if path.exists() or path.is_symlink() else None


def shipped_policy(name: str) -> Path:
    """Return the file of a policy that comes with the product; `PolicyInvalid` if none has the name."""
    names = shipped_policies()
    if name not in names:
        raise PolicyInvalid(f"no policy {name!r} is shipped; there are {', '.join(names)}", field="policy")
    return _folder() / f"{name}.yaml"


def shipped_policies() -> list[str]:
    """Return the names of the policies that come with the product."""
    files = _folder().glob("*.yaml")
    return sorted(path.stem for path in files if not path.name.endswith(CASES))


def _folder() -> Path:
    from hitl_vault.vault.shipped import shipped

    return shipped("policies")


@lru_cache(8)
def _parsed(data: bytes, path: Path) -> Policy:
    from hitl_vault.policy.parse import parse  # as above

    return parse(data, path)


class Rules:
    """Applies the policy of one vault, as it is at the moment."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._judge: Judge | None = None
        self._held = False

    def held(self) -> Rules:
        """Return these rules with the policy as it is now, for what is asked in one step."""
        held = Rules(self._config)
        held._judge, held._held = self._judge_now(), True
        return held

    def rule_on(self, asked: Asked) -> Ruling:
        """Return what the policy says of a request; `PolicyInvalid` where it cannot be read."""
        return self._judge_now().rule_on(asked)

    def _judge_now(self) -> Judge:
        from hitl_vault.policy.evaluate import Judge  # of no use to those who only look

        if self._held and self._judge:
            return self._judge
        policy, judge = load_policy(self._config), self._judge
        if judge is None or judge.policy is not policy:
            judge = self._judge = Judge(policy, self._config.settings.requirement)
        return judge

    def timeout(self, ruling: Ruling, wanted: timedelta | None, *, said: bool) -> timedelta | None:
        """Return the time to answer: what the agent said, at most what the rule gives, else the vault's."""
        needs = ruling.requirement
        if not said:
            return needs.timeout if needs.timeout or needs.untimed else self._config.settings.timeout
        if needs.timeout is None:
            return wanted
        return needs.timeout if wanted is None else min(wanted, needs.timeout)
