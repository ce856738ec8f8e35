"""Fuzzing of what reads text from outside: a corpus, mutations of it, and runs guided by coverage."""
