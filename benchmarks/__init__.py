"""Measures what hitl-vault costs. `python -m benchmarks --help` tells how to run it.

A benchmark is a module in this package that has `run(bench)`, a generator of `Table`s (and `Plot`s),
with a docstring whose first line is its title. It gets its folders and sizes from `bench`, times
contenders in turns, and gives every limit that it is held to as a `Check`. Nothing else need be
said anywhere: the runner finds it, prints it, writes its JSON and publishes it.
"""
