"""Reads the corpus of a target under a limit of memory, and prints the most bytes that one input took."""

from __future__ import annotations

import resource
import sys
import tracemalloc

from tests.fuzz.targets import TARGETS

LIMIT = 1024**3


def main(name: str) -> None:
    """Print the peak of allocations of the worst input."""
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    target = TARGETS[name]
    inputs = target.corpus().values()
    target.check(next(iter(inputs)))  # what is loaded once is not the input's
    tracemalloc.start()
    worst = 0
    for data in inputs:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        target.check(data)
        _, peak = tracemalloc.get_traced_memory()
        worst = max(worst, peak - before)
    print(worst)


if __name__ == "__main__":
    main(sys.argv[1])
