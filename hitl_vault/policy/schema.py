"""The JSON Schema of policy files, from the same table that reads them."""

from __future__ import annotations

from typing import Any

from hitl_vault.policy.keys import TOP
from hitl_vault.policy.mappings import object_schema


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12), for completion and checking in editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hitl-vault policy, format 1",
        **object_schema(TOP),
    }
