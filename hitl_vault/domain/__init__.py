"""The rules of approval as plain values: no files, no clock, no network, no environment."""
