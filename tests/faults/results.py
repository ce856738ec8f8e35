"""What the campaigns measured, kept as JSON until `report` makes tables of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("FAULTS_RESULTS", ".faults"))


def record(campaign: str, row: str, **values: Any) -> None:
    """Keep one row of a campaign's table; a later run replaces it."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{campaign.replace(' ', '-')}.json"
    rows = json.loads(path.read_text()) if path.exists() else {}
    rows[row] = values
    path.write_text(json.dumps(rows, indent=1))


def recorded(campaign: str) -> dict[str, dict[str, Any]]:
    """Return the rows of a campaign, empty if it has not run."""
    path = FOLDER / f"{campaign.replace(' ', '-')}.json"
    return json.loads(path.read_text()) if path.exists() else {}
