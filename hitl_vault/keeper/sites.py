"""Which files belong to which request: by the id in a file's name, or by the name of an adopted note."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from hitl_vault.domain.record import Record
from hitl_vault.keeper.sight import Sighting, look
from hitl_vault.vault.ballot import notes_headings
from hitl_vault.vault.layout import Layout, Place, folder_of, is_copy


class Sites:
    """The paths at which files of open requests were seen. For the active keeper alone.

    `known` tells whether a request id exists; `sha_at` what was drawn at a path; `lies_at` where
    the note of a request was drawn last, perhaps by an earlier keeper.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        known: Callable[[str], bool],
        sha_at: Callable[[str, Path], str | None],
        lies_at: Callable[[str], Path | None],
    ) -> None:
        self._layout = layout
        self._known = known
        self._sha_at = sha_at
        self._lies_at = lies_at
        self._paths: dict[str, set[Path]] = {}
        self._adopted: dict[str, list[str]] = defaultdict(list)
        self._names: dict[str, str] = {}

    def adopt(self, id: str, name: str) -> None:
        """Let files called like the adopted note `name` belong to request `id`."""
        base = PurePosixPath(name).name
        if id not in self._names:
            self._names[id] = name
            self._adopted[base].append(id)

    def name_of(self, id: str) -> str | None:
        """Return the name of an adopted note below `Pending_Approval/`, None for our own."""
        return self._names.get(id)

    def owner(self, place: Place) -> str | None:
        """Return the request that a file belongs to, or None. Remembers the path."""
        id = next((id for id in place.ids if self._known(id)), None) or self._adopted_owner(place)
        if id is not None:
            self._paths.setdefault(id, set()).add(place.path)
        return id

    def _adopted_owner(self, place: Place) -> str | None:
        base = PurePosixPath(place.name).name
        owners = self._adopted.get(base)
        if owners is None:
            owners = next((ids for name, ids in self._adopted.items() if is_copy(base, name)), [])
        same = [id for id in owners if self._names[id] == place.name]
        candidates = same or owners
        return candidates[-1] if candidates else None

    def forget(self, id: str) -> None:
        """Drop what is remembered of a request that is over."""
        self._paths.pop(id, None)
        name = self._names.pop(id, None)
        if name is not None:
            base = PurePosixPath(name).name
            self._adopted[base].remove(id)
            if not self._adopted[base]:
                del self._adopted[base]

    def see(self, record: Record) -> list[Sighting]:
        """Return every file of a request that is there now."""
        found = (self._look(record, place) for place in self._places(record))
        return [sighting for sighting in found if sighting]

    def _places(self, record: Record) -> Iterator[Place]:
        paths = self._paths.setdefault(record.id, set())
        adopted = record.request.adopted
        if adopted is None:
            paths.add(self._layout.note(record.id, record.state))
        else:
            self.adopt(record.id, adopted.name)
            paths.add(self._layout.path(folder_of(record.state)) / adopted.name)
        if (drawn := self._lies_at(record.id)) is not None:
            paths.add(drawn)
        for path in sorted(paths, key=lambda p: (len(p.parts), p)):
            place = self._layout.classify(path)
            if place:
                yield place

    def _look(self, record: Record, place: Place) -> Sighting | None:
        name = PurePosixPath(self._names.get(record.id, f"{record.id}.md")).name
        main = PurePosixPath(place.name).name == name
        adopted = record.request.adopted
        sighting = look(
            place,
            main=main,
            drawn_sha=self._sha_at(record.id, place.path),
            skip=notes_headings(adopted.text) if adopted else 0,
        )
        if sighting is None:
            self._paths[record.id].discard(place.path)
        return sighting
