"""Formatters that people run over their vaults."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.editors import need

HERE = Path(__file__).parent


def _installed() -> Path:
    """Return the folder that `npm ci` made from the lock file; made once, and again when the lock changes."""
    need("npm", "node")
    lock = HERE / "package-lock.json"
    version = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    place = Path(tempfile.gettempdir()) / f"hitl-vault-test-tools-{version}"
    if not (place / "ready").exists():
        work = Path(tempfile.mkdtemp(prefix="hitl-vault-npm-"))
        for file in (HERE / "package.json", lock):
            shutil.copy(file, work)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        subprocess.run(command, cwd=work, check=True, timeout=100)
        (work / "ready").touch()
        shutil.rmtree(place, ignore_errors=True)
        work.rename(place)
    return place


def prettier(paths: Sequence[Path]) -> None:
    """Save files as Prettier does by default."""
    program = _installed() / "node_modules" / "prettier" / "bin" / "prettier.cjs"
    done = subprocess.run(
        ["node", program, "--write", "--no-config", "--log-level=warn", *paths],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr


def linted(text: str) -> str:
    """Return a note as the Obsidian Linter plugin writes it with its usual rules.

    Those for YAML (keys sorted, arrays on lines of their own, titles and dates added, quotes only where
    needed), for headings, lists, quotes and code fences, and for blank lines and blanks.
    """
    front, body = text.removeprefix("---\n").split("\n---\n", 1)
    fields = re.findall(r"(?m)^[\w]+:.*(?:\n[ -].*)*", front)
    fields += ["title: Payment", "date created: 2026-01-02", "date modified: 2026-01-03T04:05:06+01:00"]
    fields = sorted(re.sub(r'^(\w+): "([\w.+-]+)"$', r"\1: \2", field) for field in fields)
    return f"---\n{chr(10).join(fields)}\n---\n{_linted_body(body)}"


def _linted_body(body: str) -> str:
    parts = re.split(r"(?ms)(^`{3,}.*?^`{3,}$)", body)
    for at in range(0, len(parts), 2):
        text = re.sub(r"[ \t]+$", "", parts[at], flags=re.MULTILINE)
        text = re.sub(r"(?m)^- \[", "* [", text)
        text = re.sub(r"\n{3,}", "\n\n", text)
        parts[at] = re.sub(r"(?m)^(#+) +(.*)$", r"\n\1 \2\n", text)
    return re.sub(r"\n{3,}", "\n\n", "".join(parts)).rstrip("\n") + "\n"
