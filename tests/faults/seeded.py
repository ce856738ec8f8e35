"""Faults seeded on purpose, one at a time, into a copy of the product: each must be found.

`python -m tests.faults.seeded [NAME …]` plants them and prints what found each; `make seeded` runs all.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from typing import Self

from tests.faults.forking import ROOT
from tests.faults.results import FOLDER, record, recorded

SEEDS = Path(__file__).with_name("seeds")
PARTS = ("hitl_vault", "tests", "templates", "policies", "vault", "pyproject.toml")
"""What a copy of the product is made of."""

_WITHIN = 300.0
_FAILED = re.compile(r"^FAILED (.+?)(?: - (.*))?$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A piece of source text, to be found exactly once in a file of the package, and what takes its place."""

    file: str
    find: str
    put: str

    def applied(self, source: str) -> str:
        """Return the source with this edit."""
        assert source.count(self.find) == 1, (
            f"{self.file}: {self.find!r} is there {source.count(self.find)} times"
        )
        return source.replace(self.find, self.put)


@dataclass(frozen=True, kw_only=True)
class Seed:
    """A fault: what it breaks in one sentence, the edits that make it, and the test that finds it."""

    name: str
    breaks: str
    found_by: str
    edits: tuple[Edit, ...]

    def changed(self, root: Path) -> dict[Path, str]:
        """Return the files below `root` that the fault changes, with their new text."""
        texts: dict[Path, str] = {}
        for edit in self.edits:
            path = root / "hitl_vault" / edit.file
            texts[path] = edit.applied(texts.get(path) or path.read_text())
        return texts


def seeds() -> dict[str, Seed]:
    """Return all seeds by name."""
    found: dict[str, Seed] = {}
    for path in sorted(SEEDS.glob("*.toml")):
        for name, given in tomllib.loads(path.read_text()).items():
            assert name not in found, f"{path.name}: there are two seeds called {name}"
            edits = tuple(Edit(**edit) for edit in given.pop("edit"))
            found[name] = Seed(name=name, edits=edits, **given)
    return found


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a test made of a copy. `why` is the message of the first failure; `failed` names the tests."""

    failed: tuple[str, ...]
    why: str
    seconds: float
    output: str


class Field:
    """A copy of the product, outside of the checkout, in which seeds are planted."""

    def __init__(self, folder: Path) -> None:
        self._root = folder
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, folder / part)

    @classmethod
    @contextmanager
    def fresh(cls) -> Iterator[Self]:
        """Yield a new copy; it is removed afterwards."""
        with tempfile.TemporaryDirectory(
            dir=os.environ.get("HITL_TEST_DIR", "/var/tmp"), prefix="hitl-seeds-"
        ) as at:
            yield cls(Path(at))

    @contextmanager
    def planted(self, seed: Seed) -> Iterator[None]:
        """Have a seed in the copy."""
        texts = seed.changed(self._root)
        before = {path: path.read_text() for path in texts}
        try:
            _write(texts)
            yield
        finally:
            _write(before)

    def test(self, tests: Sequence[str]) -> Verdict:
        """Run tests of the copy against the product of the copy."""
        before = time.monotonic()
        run = subprocess.run(
            [sys.executable, "-c", _RUN, *tests],
            cwd=self._root,
            env=_environment(self._root),
            capture_output=True,
            text=True,
            timeout=_WITHIN,
        )
        output = run.stdout + run.stderr
        failed = _FAILED.findall(output)
        if not failed and "+++ Timeout +++" in output:
            failed = [(tests[0], "it hung")]
        assert failed or run.returncode == 0, f"the tests could not run: {output[-2000:]}"
        return Verdict(
            failed=tuple(name for name, _ in failed),
            why=failed[0][1] if failed else "",
            seconds=time.monotonic() - before,
            output=output,
        )


_RUN = """
import os, pathlib, sys, pytest, hitl_vault
assert pathlib.Path(hitl_vault.__file__).is_relative_to(pathlib.Path.cwd()), hitl_vault.__file__
options = ("-q", "--no-header", "--tb=short", "-rf", "-p", "no:cacheprovider", "--timeout=60")
code = pytest.main([*options, "-m", "faults or not faults", *sys.argv[1:]])
sys.stdout.flush()
os._exit(code)  # a thread that a fault made wait for ever must not keep this from ending
"""


def _environment(root: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "HITL_")) and k != "CI"}
    return kept | {"PYTHONPATH": str(root), "COLUMNS": "300"}


def _write(texts: dict[Path, str]) -> None:
    for path, text in texts.items():
        path.write_text(text)
        # Python knows a changed file by its size and its second of change.
        Path(cache_from_source(str(path))).unlink(missing_ok=True)


def main(names: Sequence[str]) -> int:
    """Plant each seed, print what found it; return how many were not found."""
    chosen = [seed for name, seed in seeds().items() if not names or name in names]
    with Field.fresh() as field:
        sound = field.test(sorted({seed.found_by for seed in chosen}))
        print(f"without a seed: {', '.join(sound.failed) or 'all pass'}, {sound.seconds:.1f} s", flush=True)
        missed = [seed.name for seed in chosen if not _found(field, seed)]
    print(f"{len(chosen) - len(missed)} of {len(chosen)} found. {', '.join(missed)}")
    return len(missed) + len(sound.failed)


def _found(field: Field, seed: Seed) -> bool:
    with field.planted(seed):
        verdict = field.test([seed.found_by])
    found = verdict.failed[0] if verdict.failed else "NOT FOUND"
    print(f"{seed.name}: {found}, {verdict.seconds:.1f} s, {verdict.why[:160]}", flush=True)
    _keep(seed.name, verdict.output)
    record("seeded", seed.name, by=found, seconds=round(verdict.seconds, 1))
    return bool(verdict.failed)


def _keep(name: str, output: str) -> None:
    folder = FOLDER / "seeded"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(output)


def table() -> Iterator[str]:
    """Yield the rows of the last runs as a Markdown table."""
    rows = recorded("seeded")
    yield "| fault | found by | seconds |"
    yield "|---|---|---:|"
    for name, seed in seeds().items():
        if row := rows.get(name):
            yield f"| {seed.breaks} | `{seed.found_by}` | {row['seconds']:.1f} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) > 0)
