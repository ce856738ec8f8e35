"""Policies: what a ruling costs beside evaluating the same expressions bare.

No rule matches, so that every condition is evaluated. Bare is the package `common-expression-language`
alone: the same expressions, compiled before, on the same variables, converted once. Reading is parsing
the file and compiling every condition, which happens once for each version of the file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness import MS, Bench, in_turns, ratio, timed
from benchmarks.report import Check, Table
from hitl_vault.domain.policy import Asked
from hitl_vault.policy.evaluate import Judge
from hitl_vault.policy.parse import parse

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTEXT = {"amount": 20, "to": "ana@example.org", "rows": [{"id": n, "text": "row"} for n in range(20)]}


def run(bench: Bench) -> Iterator[Table]:
    """Measure policies of several sizes."""
    sizes = bench.pick([10], [10, 500], [10, 100, 500])
    yield _rulings(bench, sizes)


def _rulings(bench: Bench, sizes: list[int]) -> Table:
    rows, checks = [], []
    for size in sizes:
        conditions = [f'action == "pay" && context.amount > {100 + n}.5' for n in range(size)]
        judge = Judge(parse(_policy(conditions), Path("policy.yaml")))
        contenders = {
            "bare": _bare(conditions),
            "ruling": _timed(partial(judge.rule_on, _asked())),
        }
        stats = in_turns(contenders, bench.pick(5, 50, 300))
        reading = min(timed(partial(_read, _policy(conditions))) for _ in range(3))
        times = stats["ruling"].p50 / stats["bare"].p50
        rows += [(f"{size} rules, {name}", *s.ms()) for name, s in stats.items()]
        rows.append((f"{size} rules, reading", *["" for _ in MS[:-1]], f"{reading * 1000:.1f} ms"))
        checks.append(Check(f"a ruling by {size} rules, ms", stats["ruling"].p50 * 1000, 5.0))
        if size >= 500:
            checks.append(Check(f"a ruling by {size} rules over bare CEL ({ratio(times)})", times, 1.5))
    return Table("A ruling that no rule of the policy decides", ("", *MS), rows, checks=checks)


def _policy(conditions: list[str]) -> bytes:
    rules = "".join(f"  - name: r{n}\n    when: {c}\n    verdict: ask\n" for n, c in enumerate(conditions))
    return f"format: 1\nrules:\n{rules}".encode()


def _read(text: bytes) -> None:
    from hitl_vault.policy.expressions import compiled

    compiled.cache_clear()
    Judge(parse(text, Path("policy.yaml")))


def _asked() -> Asked:
    return Asked(action="pay", context=CONTEXT, agent="bot", now=NOW)


def _bare(conditions: list[str]) -> Callable[[], float]:
    import cel

    programs = [cel.compile(condition) for condition in conditions]
    values: dict[str, Any] = {"action": "pay", "context": CONTEXT, "agent": "bot", "run": None, "now": NOW}
    values |= {"risk": "low", "score": 0}

    def go() -> None:
        context = cel.Context(values)
        for program in programs:
            program.execute(context)

    return _timed(go)


def _timed(work: Callable[[], Any]) -> Callable[[], float]:
    def once() -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    return once
