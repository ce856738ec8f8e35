"""Other ways to let a person approve, each as small as it can be, and each run as its users run it.

A rival is a module that is started as processes: `python -m benchmarks.rivals.NAME ROLE …`. The
`agent` reads how many requests to make, prints when it began and their ids, waits, and prints when
the last of them was resumed. The `person` reads ids and decides them. `serve` is what stands between.
"""
