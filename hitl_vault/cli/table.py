"""Which commands there are, in the order in which help lists them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

ASK, ANSWER, LOOK, VAULT = "For agents and scripts", "For people", "To look", "The vault"


@dataclass(frozen=True)
class Command:
    """A command: the file and the function that hold it, and the group in which help shows it."""

    module: str
    function: str
    group: str

    def load(self) -> Callable[..., int | None]:
        """Return the function; only now its file is loaded."""
        found: Callable[..., int | None] = getattr(
            import_module(f"hitl_vault.cli.{self.module}"), self.function
        )
        return found


FAMILIES = {
    "keys": "The keys behind codes and signatures.",
    "policy": "Look at the policy: what needs a person, who, how many, by when.",
}
"""What several commands have in common whose names begin with the same word."""

COMMANDS: dict[str, Command] = {
    "list": Command("listing", "list_", ANSWER),
    "show": Command("listing", "show", ANSWER),
    "approve": Command("answer", "approve", ANSWER),
    "reject": Command("answer", "reject", ANSWER),
    "question": Command("thread", "question", ANSWER),
    "settle": Command("outcome", "settle", ANSWER),
    "rules": Command("standing", "rules", ANSWER),
    "revoke": Command("standing", "revoke", ANSWER),
    "request": Command("ask", "request", ASK),
    "wait": Command("ask", "wait", ASK),
    "answer": Command("thread", "answer", ASK),
    "cancel": Command("ask", "cancel", ASK),
    "run": Command("run", "run", ASK),
    "watch": Command("watch", "watch", VAULT),
    "init": Command("vault", "init", VAULT),
    "doctor": Command("vault", "doctor", VAULT),
    "demo": Command("demo", "demo", VAULT),
    "log": Command("proof", "log", LOOK),
    "keys list": Command("keys", "list_", VAULT),
    "keys add-signer": Command("keys", "add_signer", VAULT),
    "keys share-secret": Command("keys", "share_secret", VAULT),
    "keys deliver": Command("keys", "deliver", VAULT),
    "keys rotate": Command("keys", "rotate", VAULT),
    "keys revoke": Command("keys", "revoke", VAULT),
    "policy check": Command("policy", "check", VAULT),
    "policy explain": Command("policy", "explain", VAULT),
    "policy test": Command("policy", "try_", VAULT),
    "policy show": Command("policy", "show", VAULT),
    "policy accept": Command("accept", "accept", VAULT),
    "policy schema": Command("policy", "schema", VAULT),
    "stats": Command("stats", "stats", LOOK),
    "verify": Command("proof", "verify", LOOK),
}
