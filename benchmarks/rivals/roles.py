"""What the agents and the persons of all rivals have in common."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping

CONTEXT = {"order": "A-17", "eur": 900, "to": "customer@example.org", "items": ["kettle", "cup"]}


def say(found: object) -> None:
    """Print one line."""
    print(json.dumps(found), flush=True)


def agent(create: Callable[[int], list[str]], wait: Callable[[list[str]], object]) -> None:
    """For each number read, make so many requests and wait for all of them."""
    for line in sys.stdin:
        begin = time.monotonic()
        ids = create(int(line))
        say([begin, ids])
        wait(ids)
        say(time.monotonic())


def person(decide: Callable[[str], object]) -> None:
    """For each list of ids read, say when it begins and decide them one after another."""
    for line in sys.stdin:
        ids = json.loads(line)
        begin = time.monotonic()
        for id in ids:
            decide(id)
        say(begin)


def polling(every: float, decided: Callable[[str], bool]) -> Callable[[list[str]], None]:
    """Return a wait that looks at what is left `every` seconds, as a loop with a sleep does."""

    def wait(ids: list[str]) -> None:
        left = ids
        while left := [id for id in left if not decided(id)]:
            time.sleep(every)

    return wait


def main(roles: Mapping[str, Callable[..., object]]) -> None:
    """Play the role that the command line names."""
    roles[sys.argv[1]](*sys.argv[2:])
