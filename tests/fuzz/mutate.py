"""Inputs made of others: bytes changed, lines moved, pieces exchanged, words of the format put in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

LARGEST = 64 * 1024
_Mutation = Callable[[Random, bytes, Sequence[bytes], Sequence[bytes]], bytes]


def mutations(inputs: Sequence[bytes], words: Sequence[bytes], seed: str) -> Iterator[bytes]:
    """Yield inputs without end, always the same ones for a seed."""
    random = Random(seed)
    small = [data for data in inputs if len(data) <= LARGEST]
    while True:
        data = random.choice(small)
        for _ in range(random.choice((1, 1, 2, 3, 5))):
            data = random.choice(_MUTATIONS)(random, data, small, words)[:LARGEST]
        yield data


def _span(random: Random, data: bytes) -> tuple[int, int]:
    start = random.randint(0, len(data))
    return start, min(len(data), start + random.choice((0, 1, 1, 2, 4, 8, 40)))


def _insert(random: Random, data: bytes, others: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    start, end = _span(random, data)
    return data[:start] + random.choice(words) + data[random.choice((start, end)) :]


def _swap(random: Random, data: bytes, others: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """Put one of the words in the place of another one that stands there."""
    found = [word for word in words if word and word in data]
    return data.replace(random.choice(found), random.choice(words), 1) if found else data


def _byte(random: Random, data: bytes, others: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    start, end = _span(random, data)
    return data[:start] + random.randbytes(end - start) + data[end:]


def _cut(random: Random, data: bytes, others: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    start, end = _span(random, data)
    return data[:start] + data[end:] if random.random() < 0.8 else data[:start]


def _double(random: Random, data: bytes, others: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    start, end = _span(random, data)
    return data[:end] + data[start:end] * random.choice((1, 1, 2, 16)) + data[end:]


def _lines(random: Random, data: bytes, others: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    lines = data.splitlines(keepends=True)
    if not lines:
        return data
    line = lines.pop(random.randrange(len(lines)))
    copies = random.choice(([], [line], [line, line]))
    at = random.randint(0, len(lines))
    return b"".join([*lines[:at], *copies, *lines[at:]])


def _join(random: Random, data: bytes, others: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """Put the beginning of one input before the end of another, as a broken merge does."""
    other = random.choice(others)
    return data[: random.randint(0, len(data))] + other[random.randint(0, len(other)) :]


def _ends(random: Random, data: bytes, others: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    return data.replace(b"\n", random.choice((b"\r\n", b"\r", b"\n\n", b" \n")))


_MUTATIONS: tuple[_Mutation, ...] = (
    _insert,
    _insert,
    _swap,
    _swap,
    _byte,
    _cut,
    _double,
    _lines,
    _join,
    _ends,
)
