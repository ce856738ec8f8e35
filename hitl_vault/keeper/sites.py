"""Which files belong to which request: by the id in a file's name, or by the name of an adopted note."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from hitl_vault.acts import AUTOMATION
from hitl_vault.domain.identity import is_id
from hitl_vault.domain.record import Record
from hitl_vault.keeper.reading import NOTHING_READ, Read, read
from hitl_vault.keeper.sight import Sighting, sighting
from hitl_vault.vault.ballot import notes_headings
from hitl_vault.vault.fields import ids_of
from hitl_vault.vault.layout import OF_REQUESTS, Layout, Place, folder_of, is_copy


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
        lies_at: Callable[[str], str | None],
    ) -> None:
        self._layout = layout
        self._known = known
        self._sha_at = sha_at
        self._lies_at = lies_at
        self._places: dict[str, dict[str, Place]] = {}
        self._adopted: dict[str, list[str]] = defaultdict(list)
        self._names: dict[str, str] = {}
        self._renamed: dict[str, str] = {}

    def adopt(self, id: str, name: str) -> None:
        """Let files called like the adopted note `name` belong to request `id`."""
        base = PurePosixPath(name).name
        if id not in self._names:
            self._names[id] = name
            self._adopted[base].append(id)

    def is_copy(self, id: str, place: Place) -> bool:
        """Tell whether a file of a request is not its note but a copy beside it."""
        name = self._names.get(id)
        return place.path.name != (PurePosixPath(name).name if name else f"{id}.md")

    def owner(self, place: Place) -> str | None:
        """Return the request that a file belongs to, or None. Remembers the path."""
        id = self._named(place) or self._adopted_owner(place)
        if id is not None:
            self._places.setdefault(id, {})[str(place.path)] = place
        return id

    def rename(self, id: str, place: Place) -> None:
        """Let a file belong to request `id` by its front matter alone: a copy beside the note."""
        self._renamed[str(place.path)] = id
        self._places.setdefault(id, {})[str(place.path)] = place

    def renamed(self, place: Place) -> str | None:
        """Return the request that a file belonged to by its front matter alone when it was looked at last."""
        return self._renamed.get(str(place.path))

    def lies_only_at(self, id: str, path: Path) -> bool:
        """Tell whether a request's file was seen at `path` and nowhere else, and was drawn there."""
        return self._places.get(id, {}).keys() == {str(path)} and self._lies_at(id) == str(path)

    def _named(self, place: Place) -> str | None:
        whole = place.path.name.removesuffix(".md")
        if is_id(whole) and self._known(whole):
            return whole
        return next((id for id in place.ids if self._known(id)), None)

    def _adopted_owner(self, place: Place) -> str | None:
        base = PurePosixPath(place.name).name
        owners = self._adopted.get(base)
        if owners is None:
            owners = next((ids for name, ids in self._adopted.items() if is_copy(base, name)), [])
        same = [id for id in owners if self._names[id] == place.name]
        candidates = same or owners
        return candidates[-1] if candidates else None

    def seek(self, record: Record) -> None:
        """Find the files of a request in every folder of theirs, not only where they were seen and belong."""
        name = os.path.basename(self._home(record))
        for folder in OF_REQUESTS:
            path = str(self._layout.path(folder) / name)
            place = self._layout.classify(path)
            if place and os.path.lexists(path):
                self._places.setdefault(record.id, {})[path] = place

    def forget(self, id: str) -> None:
        """Drop what is remembered of a request that is over."""
        for path in self._places.pop(id, ()):
            self._renamed.pop(path, None)
        name = self._names.pop(id, None)
        if name is not None:
            base = PurePosixPath(name).name
            self._adopted[base].remove(id)
            if not self._adopted[base]:
                del self._adopted[base]

    def see(self, record: Record, fresh: Mapping[Path, Read] = NOTHING_READ) -> list[Sighting]:
        """Return every file of a request that is there now; `fresh` is what was read a moment ago."""
        found = [self._look(record, place, fresh) for place in self._expected(record)]
        return [one for one in found if one]

    def _expected(self, record: Record) -> list[Place]:
        """Return where files of a request were seen, and where they ought to be."""
        places = self._places.setdefault(record.id, {})
        for path in (self._home(record), self._lies_at(record.id)):
            if path is not None and path not in places and (place := self._layout.classify(path)):
                places[path] = place
        return sorted(places.values(), key=lambda place: (place.name.count("/"), place.path))

    def _home(self, record: Record) -> str:
        adopted = record.request.adopted
        if adopted is None:
            return self._layout.spelled(record.id, record.state)
        self.adopt(record.id, adopted.name)
        return str(self._layout.home(record))

    def _look(self, record: Record, place: Place, fresh: Mapping[Path, Read]) -> Sighting | None:
        found = fresh.get(place.path)
        if found is None and not self._layout.link_above(place.path):
            found = read(place.path)
        if found is None:
            self._lose(record.id, place)
            return None
        adopted = record.request.adopted
        seen = sighting(
            place,
            found,
            main=not self.is_copy(record.id, place),
            drawn_sha=self._sha_at(record.id, place.path),
            original=adopted.text.encode() if adopted else None,
            skip=notes_headings(adopted.text) if adopted else 0,
        )
        if (
            self._renamed
            and self.renamed(place)
            and seen.ballot
            and record.id not in ids_of(seen.ballot.fields)
        ):
            self._lose(record.id, place)
            return None
        return seen

    def _lose(self, id: str, place: Place) -> None:
        self._places[id].pop(str(place.path), None)
        self._renamed.pop(str(place.path), None)


def handed_over(record: Record, sightings: Sequence[Sighting]) -> bool:
    """Tell whether an adopted note is where it belongs, or was taken away by the vault's own automation.

    From then on it is theirs; drawing it again could make them run it twice.
    """
    home = folder_of(record.state)
    ran = record.outcome is not None and record.outcome.by == AUTOMATION
    return ran or not sightings or any(s.main and s.place.folder is home for s in sightings)
