"""Campaigns that try to break the product: kills, failing system calls, and a model."""
