"""Power cuts: a victim on a disk of its own, of which only what had reached the disk is left."""

from __future__ import annotations

import filecmp
import subprocess
import tempfile
from pathlib import Path

from tests.faults import inspection
from tests.faults.crash import Blow, Prepared, ended_badly, order, repaired
from tests.faults.disks import ext4_disk
from tests.faults.tracing import Run, Zygote
from tests.house import House


def cut(
    zygote: Zygote, prepared: Prepared, options: tuple[str, ...], *, bug: str = "", trace: bool = False
) -> Blow:
    """Let one victim act with a fault injected, cut the power as it ends, look, repair, and look again."""
    with tempfile.TemporaryDirectory(dir=prepared.work, prefix="p") as name:
        folder = Path(name)
        run = _perish(zygote, prepared, folder, options, bug=bug, trace=trace)
        with ext4_disk(folder / "disk", folder / "left.img") as disk:
            house = House(disk.path)
            wrong = ended_badly(run)
            wrong += inspection.premature(house, run.said, torn=True)
            wrong += repaired(house, prepared.scenario, prepared.facts, run.said)
    return Blow(run, wrong)


def _perish(
    zygote: Zygote, prepared: Prepared, folder: Path, options: tuple[str, ...], *, bug: str, trace: bool
) -> Run:
    with ext4_disk(folder / "disk") as disk:
        house = prepared.lay(disk.path)
        sync(disk.path)
        # What was acknowledged is heard elsewhere, and survives.
        told = order(prepared, house, bug) | {"out": str(folder / "out")}
        run = zygote.run(told, *options, trace=folder / "trace" if trace else None)
        photograph(folder / "disk.img", folder / "left.img")
    return run


def sync(folder: Path) -> None:
    """Bring a whole file system to its disk."""
    subprocess.run(["sync", "--file-system", str(folder)], check=True)


def photograph(image: Path, copy: Path) -> None:
    """Copy the image of a mounted file system as it is at one moment."""
    for _ in range(20):
        subprocess.run(["cp", "--sparse=always", str(image), str(copy)], check=True)
        if filecmp.cmp(image, copy, shallow=False):  # else it was written to meanwhile
            return
    raise AssertionError(f"{image} does not keep still")
