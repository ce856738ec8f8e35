"""Settings, policies and their conditions: refused with the product's own errors, or read one way."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from hitl_vault.config import settings as module
from hitl_vault.config.settings import Settings, parse_settings
from hitl_vault.domain.policy import Asked
from hitl_vault.domain.times import duration
from hitl_vault.errors import ConfigError, PolicyInvalid
from hitl_vault.policy.evaluate import Judge
from hitl_vault.policy.expressions import ExpressionFailed, ExpressionInvalid, holds
from hitl_vault.policy.parse import parse
from tests.fuzz.target import Target

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CONTEXT = {
    "amount": 900,
    "to": {"name": "ACME"},
    "paths": ["/a", "/b"],
    "environment": "production",
    "bulk": True,
}


def settings(data: bytes) -> str:
    """Settings are refused by file and field, or lie within their bounds, whichever way they are read."""
    if len(data) > module._LARGEST:
        return "refused"  # by whoever reads the file
    text = data.decode(errors="replace")
    found = _settings(text)
    if module._simple(text):
        slow = "".join(f"{line} \n" for line in text.split("\n"))
        assert module._simple(slow) is None or not slow.strip()
        assert _settings(slow) == found
    if found is None:
        return "refused"
    assert all(0 <= value < math.inf for value in (found.settle, found.flag_after))
    assert all(isinstance(name, str) and name for name in found.approvers)
    assert duration(found.lease) == found.lease
    return str(found.mode)


def _settings(text: str) -> Settings | None:
    try:
        return parse_settings(text, Path("vault.yaml"))
    except ConfigError as error:
        assert str(error).startswith("vault.yaml: "), error
        return None


def policy(data: bytes) -> str:
    """A policy is refused by file and line, or answers all requests; only a rule with `allow` allows."""
    try:
        judge = Judge(parse(data, Path("policy.yaml")))
    except PolicyInvalid as error:
        assert str(error).startswith("policy.yaml:"), error
        return "refused"
    verdicts = [str(judge.rule_on(asked).verdict) for asked in ASKED]
    if "allow" in verdicts:
        rules = yaml.load(data.decode("utf-8-sig").replace("\t", " "), yaml.BaseLoader)["rules"]
        assert any(rule["verdict"].strip() == "allow" for rule in rules)
    return " ".join(verdicts)


ASKED = (
    Asked(action="payment", context=CONTEXT, agent="crm-bot", now=AT, run="7"),
    Asked(action="read", context={}, agent="x", now=AT),
)


def expression(data: bytes) -> str:
    """A condition is true, false, or one of two errors."""
    values: dict[str, Any] = {"action": "payment", "context": CONTEXT, "agent": "crm-bot", "run": None}
    values |= {"risk": "high", "score": 70, "now": AT}
    try:
        return str(holds(data.decode(errors="replace"), values))
    except (ExpressionFailed, ExpressionInvalid) as error:
        assert str(error)
        return type(error).__name__


DEEP = {
    "brackets-16000-deep": b"a: " + b"[" * 16_000,
    "lists-8000-deep": b"- " * 8_000,
    "keys-5000-deep": b"? " * 5_000,
    "numbers-of-5000-digits": b"format: " + b"9" * 5_000 + b"\nid: " + b"9" * 5_000,
    "fields-1000": b"format: 1\n" + b"".join(b"a%d: 1\n" % n for n in range(1_000)),
    "alias-bomb": b"a: &a [x,x,x,x,x,x,x,x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (c + 1, c + 1, b",".join([b"*%c" % c] * 8)) for c in range(97, 105)),
}
LONG = {
    "brackets-2000-deep": b"(" * 2_000 + b"1" + b")" * 2_000,
    "signs-4000": b"-" * 4_000 + b"1 == 1",
    "terms-1300": b"true&&" * 680 + b"true",
    "sums-2000": b"1+" * 2_000 + b"1 > 1",
    "members-2000": b"context" + b".a" * 2_000,
    "macros-nested-12": b"[0,1,2,3].all(a, " * 12 + b"true" + b")" * 12,
    "macros-over-long-lists": (b"[" + b"1," * 400 + b"1].all(x, ") * 4 + b"true" + b")" * 4,
    "regex-of-3000-brackets": b"'a'.matches('" + b"(" * 3_000 + b"')",
    "regex-repeated": b"'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.matches('(((a{1,100}){1,100}){1,100}){1,100}b')",
}
TEXTS = (
    Target(name="settings", check=settings, large=DEEP),
    Target(name="policy", check=policy, large=DEEP),
    Target(name="expression", check=expression, large=LONG),
)
