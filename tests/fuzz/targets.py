"""Every target, by name."""

from __future__ import annotations

from tests.fuzz.names import NAMES
from tests.fuzz.notes import NOTES
from tests.fuzz.proofs import PROOFS
from tests.fuzz.texts import TEXTS

TARGETS = {target.name: target for target in (*NOTES, *TEXTS, *PROOFS, *NAMES)}
