"""Runs mutmut as `pyproject.toml` says, and holds what survives against the list of what may.

`python -m tests.mutation [--no-run] [PART ...]`. Every survivor is in `survivors.toml` with the reason,
under its name and the hash of the function that it changes: where that changes, it has to be looked at
again. Returns 1 for a survivor without a reason and for a reason without a survivor. What was run before
stands until its function changes (`rm -r mutants` begins anew); a part, such as `domain.text` or
`vault.ballot.x__read`, is run again, and judged alone. Needs mutmut: pip install -e '.[mutants]'.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

MUTANTS = Path("mutants")
STATS = MUTANTS / "mutmut-stats.json"
LIST = Path(__file__).parent / "survivors.toml"
SURVIVED, UNTESTED = 0, (5, 33)
TIMED_OUT = (36, 24, -24, 152)
PACKAGE = "hitl_vault."


def results() -> Iterator[tuple[str, str, int | None]]:
    """Yield the file, the name with the hash of its function, and the exit code of every mutant."""
    for path in sorted(MUTANTS.rglob("*.meta")):
        meta = json.loads(path.read_text())
        file = path.relative_to(MUTANTS).with_suffix("")
        for mutant, code in meta["exit_code_by_key"].items():
            function = mutant.rpartition("__mutmut_")[0]
            hash = meta["hash_by_function_name"][function.rpartition(".")[2]]
            yield str(file), f"{mutant.removeprefix(PACKAGE)}@{hash[:6]}", code


def explained() -> dict[str, str]:
    """Return the reason of each survivor in the list."""
    groups = tomllib.loads(LIST.read_text(encoding="utf-8"))["group"]
    return {mutant: group["why"] for group in groups for mutant in group["mutants"]}


def change_of(mutant: str) -> list[str]:
    """Return the lines that a mutant takes out and puts in."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    diff = get_diff_for_mutant(PACKAGE + mutant.partition("@")[0]).splitlines()
    return [line for line in diff if line[:1] in ("-", "+") and line[:3] not in ("---", "+++")]


def table() -> str:
    """Return how many mutants of each file there are, and what became of them."""
    rows: dict[str, Counter[str]] = {}
    for file, _, code in results():
        rows.setdefault(file, Counter())[_outcome(code)] += 1
    names = ("killed", "timed out", "survived", "untested", "not run")
    lines = ["| file | mutants | " + " | ".join(names) + " |", "|---|" + "---|" * (len(names) + 1)]
    total: Counter[str] = sum(rows.values(), Counter())
    for file, row in [*rows.items(), ("all", total)]:
        lines.append(f"| {file} | {row.total()} | " + " | ".join(str(row[name]) for name in names) + " |")
    return "\n".join(lines)


def _outcome(code: int | None) -> str:
    if code is None:
        return "not run"
    if code in UNTESTED:
        return "untested"
    if code in TIMED_OUT:
        return "timed out"
    return "survived" if code == SURVIVED else "killed"


def run(parts: Sequence[str]) -> None:
    """Run what was not run yet, or these parts once more."""
    subprocess.run([sys.executable, "-m", "tests.mutation.twice"], check=True)
    STATS.unlink(missing_ok=True)  # it maps functions to their tests, and would have none for a new one
    patterns = [f"{PACKAGE}{part}*" for part in parts]
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *patterns]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def judge(parts: Sequence[str]) -> int:
    """Tell what is not explained, and what is explained for nothing; 1 if there is either."""
    names = {name for _, name, code in results() if _outcome(code) in ("survived", "untested", "not run")}
    left = {name for name in names if name.startswith(tuple(parts) or "")}
    known = {name for name in explained() if name.startswith(tuple(parts) or "")}
    for mutant in sorted(left - known):
        print(f"\nnot explained: {mutant}", *change_of(mutant), sep="\n  ")
    print(*(f"explained, and does not survive: {mutant}" for mutant in sorted(known - left)), sep="\n")
    return 1 if left ^ known else 0


def main() -> int:
    """Run mutmut, print what became of the mutants, and tell what is not explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("--no-run", action="store_true", help="look at the last run only")
    parser.add_argument("parts", nargs="*", metavar="PART", help="such as domain.text; all by default")
    chosen = parser.parse_args()
    if not chosen.no_run:
        run(chosen.parts)
    print(table())
    return judge(chosen.parts)


if __name__ == "__main__":
    sys.exit(main())
