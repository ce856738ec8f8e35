"""One run of one target, guided by coverage: `python -m tests.fuzz.guided TARGET [libFuzzer's options]`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["hitl_vault"]):
    from tests.fuzz.targets import TARGETS


def main(name: str, options: list[str]) -> None:
    """Fuzz until the options say to stop, or something is found."""
    target = TARGETS[name]

    def one(data: bytes) -> None:
        target.run(data)

    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
