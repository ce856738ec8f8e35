"""The verbs of a gate, by what they are about."""
