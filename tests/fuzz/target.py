"""What is fuzzed: a check of one input, the inputs that it starts from, and its bounds."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
WORDS = Path(__file__).parent / "words"
SECONDS = 1.0
"""Processor time that one input may take."""

MEMORY = 64 * 1024 * 1024
"""Bytes that reading one input may hold at a time."""


class TooSlow(AssertionError):
    """An input took longer than it may."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """`check` raises for a fault, and else says in a word what it made of the input.

    `large` are inputs that would be too long for files.
    """

    name: str
    check: Callable[[bytes], str]
    large: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def dictionary(self) -> Path:
        """The pieces that mean something to the reader, in libFuzzer's form."""
        return WORDS / f"{self.name}.dict"

    @cached_property
    def words(self) -> tuple[bytes, ...]:
        """The pieces in the dictionary."""
        lines = self.dictionary.read_text().splitlines()
        return tuple(ast.literal_eval(f"b{line}") for line in lines if line.startswith('"'))

    def corpus(self) -> dict[str, bytes]:
        """Return the inputs to start from, by name."""
        files = sorted((CORPUS / self.name).iterdir())
        return {path.name: path.read_bytes() for path in files} | dict(self.large)

    def run(self, data: bytes) -> str:
        """Check one input, and that it takes no longer than it may."""
        started = time.process_time()
        outcome = self.check(data)
        if time.process_time() - started > SECONDS:
            raise TooSlow(f"{self.name}: {time.process_time() - started:.1f} s for {len(data)} bytes")
        return outcome
