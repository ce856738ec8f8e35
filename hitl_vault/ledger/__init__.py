"""The record: an append-only, hash-chained ledger, and the fold of it that can be listed."""
