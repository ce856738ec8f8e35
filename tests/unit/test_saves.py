"""What somebody saves while a note is being drawn is not lost, wherever it falls among our system calls.

Every order of their system calls and ours is tried; what cannot be promised is told as exactly.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hitl_vault.vault import placing
from hitl_vault.vault.leftovers import tidy
from hitl_vault.vault.placing import replace_note, take
from tests.interleaving import Killed, Order, Step, ordered, orders, visible

SEEN, DRAWN, SAVED = b"as it was seen", b"as it is drawn", b"what somebody saves"
_DIFFERENT = b"as it was seen, once more"

Way = Callable[[Path], bool]
Writer = Callable[[Path], list[Step]]

one_step = pytest.mark.skipif(placing._renameat2() is None, reason="elsewhere a moment remains")


def replacing(path: Path) -> bool:
    return replace_note(path, DRAWN, SEEN)


def taking(path: Path) -> bool:
    return take(path, SEEN)


def in_place(path: Path) -> list[Step]:
    """As Obsidian saves: truncated while it is opened, then written, here in two pieces."""
    file: list[int] = []
    return [
        lambda: file.append(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)),
        lambda: os.write(file[0], SAVED[:5]),
        lambda: (os.write(file[0], SAVED[5:]), os.close(file[0])),
    ]


def by_renaming(path: Path) -> list[Step]:
    """As GNOME's editors and `sed -i` save."""
    return [lambda: path.with_name("new").write_bytes(SAVED), lambda: path.with_name("new").rename(path)]


def by_renaming_away(path: Path) -> list[Step]:
    """As vim saves."""
    return [lambda: _away(path), *_opened_and_written(path)]


def _away(path: Path) -> None:
    if path.exists():
        path.rename(f"{path}~")


def twice(path: Path) -> list[Step]:
    """Save one version and then another."""
    return [lambda: _put(path, _DIFFERENT), lambda: _put(path, SAVED)]


def _put(path: Path, data: bytes) -> None:
    path.with_name("new").write_bytes(data)
    path.with_name("new").rename(path)


def in_place_after_renaming(path: Path) -> list[Step]:
    """One program saves by renaming, and another in place."""
    return [lambda: _put(path, _DIFFERENT), *_opened_and_written(path)]


def _opened_and_written(path: Path) -> list[Step]:
    opened, first, rest = in_place(path)
    return [opened, lambda: (first(), rest())]


MOVES: dict[Way, str] = {replacing: "renameat2", taking: "rename"}
"""The call by which the note leaves its place."""
WRITERS = (in_place, by_renaming, by_renaming_away, twice, in_place_after_renaming)


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Path]:
    """Give a path of a note at which nothing has happened yet, again and again."""

    def clean() -> Path:
        for path in tmp_path.iterdir():
            path.unlink()
        path = tmp_path / "n.md"
        path.write_bytes(SEEN)
        return path

    return clean


def longest(fresh: Callable[[], Path], way: Way) -> int:
    """Return how many calls it takes at most: when the note is found changed."""
    path = fresh()
    order = Order([lambda: path.write_bytes(SAVED)], [0])
    with ordered(order):
        way(path)
    return len(order.calls) + 2


def played(path: Path, way: Way, order: Order) -> bool:
    """Do it in this order; tell whether what was saved can be found."""
    with ordered(order):
        with contextlib.suppress(Killed):
            way(path)
        order.afterwards()
    return SAVED in visible(path.parent).values()


@one_step
@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("way", [replacing, taking])
def test_no_save_is_lost_however_it_falls(fresh: Callable[[], Path], way: Way, writer: Writer) -> None:
    calls = longest(fresh, way)
    lost = []
    for at in orders(calls, len(writer(Path()))):
        path = fresh()
        order = Order(writer(path), at)
        if not played(path, way, order):
            lost.append((at, order.calls, visible(path.parent)))
    assert lost == []


@one_step
@pytest.mark.slow
@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("way", [replacing, taking])
def test_no_save_is_lost_wherever_we_are_killed_meanwhile(
    fresh: Callable[[], Path], way: Way, writer: Writer
) -> None:
    lost = []
    for killed_at in range(longest(fresh, way)):
        for at in orders(killed_at + 1, len(writer(Path()))):
            path = fresh()
            order = Order(writer(path), at, killed_at)
            found = played(path, way, order)
            tidy(path.parent)
            if not (found or SAVED in visible(path.parent).values()):
                lost.append((at, killed_at, order.calls, visible(path.parent)))
    assert lost == []


@one_step
@pytest.mark.parametrize("way", [replacing, taking])
def test_who_is_killed_leaves_one_note_or_the_one_that_was_there(fresh: Callable[[], Path], way: Way) -> None:
    for killed_at in range(longest(fresh, way)):
        path = fresh()
        played(path, way, Order([], [], killed_at))
        tidy(path.parent)
        assert list(visible(path.parent).values()) in ([SEEN], [DRAWN], [] if way is taking else [SEEN])
        assert [p.name for p in path.parent.iterdir()] in (["n.md"], [])


def into_an_open_note(path: Path) -> list[Step]:
    """Open the note without truncating it, and write later, as `>>` does."""
    file: list[int] = []
    return [
        lambda: file.append(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)),
        lambda: (os.write(file[0], SAVED), os.close(file[0])),
    ]


@one_step
@pytest.mark.parametrize("way", [replacing, taking])
def test_only_who_opened_the_note_before_and_wrote_into_it_after_it_was_read_is_lost(
    fresh: Callable[[], Path], way: Way
) -> None:
    """This is the moment that docs/reliability.md tells of, and there is no other."""
    undisturbed = Order([], [])
    played(fresh(), way, undisturbed)
    moved = next(n for n, call in enumerate(undisturbed.calls) if call == MOVES[way])
    read = max(n for n, call in enumerate(undisturbed.calls) if call == "read")
    lost = set()
    for at in orders(longest(fresh, way), 2):
        path = fresh()
        played(path, way, Order(into_an_open_note(path), at))
        if not any(SAVED in text for text in visible(path.parent).values()):
            lost.add(at)
    opened_before, wrote_after = {at for at in lost if at[0] <= moved}, {at for at in lost if at[1] > read}
    assert lost
    assert lost == opened_before == wrote_after


@pytest.mark.parametrize("writer", [in_place, by_renaming])
def test_where_nothing_trades_places_in_one_step_only_the_moment_from_looking_to_replacing_remains(
    fresh: Callable[[], Path], writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "_renameat2", lambda: None)
    undisturbed = Order([], [])
    played(fresh(), replacing, undisturbed)
    opened = max(n for n, call in enumerate(undisturbed.calls) if call == "open")
    replaced = undisturbed.calls.index("replace")
    number = len(writer(Path()))
    lost = set()
    for at in orders(longest(fresh, replacing), number):
        path = fresh()
        if not played(path, replacing, Order(writer(path), at)):
            lost.add(at)
    assert lost
    assert all(any(opened < moment <= replaced for moment in at) for at in lost)
