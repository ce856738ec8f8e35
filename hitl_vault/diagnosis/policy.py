"""The policy: whether it can be read."""

from __future__ import annotations

from collections.abc import Iterator

from hitl_vault.config import Config
from hitl_vault.diagnosis.check import Check, fail, ok
from hitl_vault.errors import PolicyInvalid
from hitl_vault.rules import load_policy, policy_path


def policy(config: Config) -> Iterator[Check]:
    """Read the policy that the vault follows."""
    try:
        rules = len(load_policy(config).rules)
        path = policy_path(config)
    except PolicyInvalid as error:
        yield fail("policy", str(error), "Correct this; nobody can ask for anything until then.")
        return
    yield ok("policy", f"{path}: rules: {rules}" if path else "none; every action is asked about")
