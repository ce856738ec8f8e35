"""A script that writes a note and looks at its status every so often; nothing is recorded or synced."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

from benchmarks.rivals import roles

NOTE = (
    "---\ntype: approval_request\naction: refund\nstatus: pending\n---\n\n# Refund\n\n{context}\n\n## Notes\n"
)
_STATUS = re.compile(r"^status: *(\w+)", re.MULTILINE)


def agent(folder: str, every: str) -> None:
    """Write notes into `Pending_Approval/`, poll them, and move them to `Approved/`."""
    pending, approved = Path(folder) / "Pending_Approval", Path(folder) / "Approved"
    numbers = itertools.count()

    def create(count: int) -> list[str]:
        paths = [pending / f"{next(numbers)}.md" for _ in range(count)]
        for path in paths:
            path.write_text(NOTE.format(context=roles.CONTEXT))
        return [str(path) for path in paths]

    def decided(id: str) -> bool:
        found = _STATUS.search(Path(id).read_text())
        if found is None or found[1] != "approved":
            return False
        os.rename(id, approved / Path(id).name)
        return True

    pending.mkdir()
    approved.mkdir()
    roles.agent(create, roles.polling(float(every), decided))


def person() -> None:
    """Edit the status, in place."""

    def decide(id: str) -> None:
        path = Path(id)
        path.write_text(path.read_text().replace("status: pending", "status: approved"))

    roles.person(decide)


if __name__ == "__main__":
    roles.main({"agent": agent, "person": person})
