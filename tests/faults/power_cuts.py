"""After a power cut what was acknowledged is there, and the rest is put in order (`make faults-power`)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.crash import Prepared
from tests.faults.disks import ext4_disk
from tests.faults.kills import sweep
from tests.faults.power import cut, photograph, sync
from tests.faults.results import record
from tests.faults.scenarios import ALL
from tests.faults.tracing import Zygote

EVERY = int(os.environ.get("POWER_EVERY", "1"))


def test_what_was_not_synced_is_lost_and_what_was_is_not(arena: Path) -> None:
    """So a cut would show what the product forgets to sync."""
    with ext4_disk(arena / "disk") as disk:
        (disk.path / "before").write_text("synced")
        sync(disk.path)
        with (disk.path / "synced").open("w") as file:
            file.write("synced")
            file.flush()
            os.fsync(file.fileno())
        (disk.path / "unsynced").write_text("not synced")
        photograph(arena / "disk.img", arena / "left.img")
    with ext4_disk(arena / "disk", arena / "left.img") as disk:
        left = {path.name for path in disk.path.iterdir()}
        assert {"before", "synced"} <= left
        assert "unsynced" not in left


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", ALL)
def test_a_power_cut_at_every_kill_point(zygote: Zygote, arena: Path, name: str) -> None:
    found = sweep(zygote, Prepared(ALL[name], arena), every=EVERY, strike=cut)
    record("power cuts", name, points=found.total, **found.points)
    assert not found.wrong
    assert found.total >= 3
