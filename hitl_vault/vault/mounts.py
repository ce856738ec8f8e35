"""Which file systems do not tell of changes that another machine made."""

from __future__ import annotations

import os
from pathlib import Path

# Docker Desktop and virtual machines share folders through 9p, virtiofs, fuse.grpcfuse, vboxsf and the like.
_SILENT = {
    "9p", "afs", "ceph", "cifs", "coda", "drvfs", "fuse", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4",
    "prl_fs", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs",
}  # fmt: skip
_TABLE = Path("/proc/self/mountinfo")


def silent_filesystem(path: Path, table: Path = _TABLE) -> str | None:
    """Return the type of the file system at `path` if changes from elsewhere go unreported, else None.

    A local change is reported even there, so making one would not tell. Systems without a mount
    table, and local FUSE block devices, count as talkative.
    """
    try:
        device = os.stat(path).st_dev
        lines = table.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    wanted = f"{os.major(device)}:{os.minor(device)}"
    kind = next((_kind(line) for line in reversed(lines) if line.split(" ", 3)[2:3] == [wanted]), "")
    return kind if kind in _SILENT or kind.startswith("fuse.") else None


def _kind(line: str) -> str:
    return line.rpartition(" - ")[2].split(" ", 1)[0]
