"""Notes in `Pending_Approval/` that no request owns: adopted once they lie still, or told of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from hitl_vault import acts
from hitl_vault.config import Config
from hitl_vault.domain.identity import is_id
from hitl_vault.domain.record import Record
from hitl_vault.errors import BallotInvalid, PolicyInvalid, RequestNotFound
from hitl_vault.keeper import adoption
from hitl_vault.keeper.timers import Timers
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.rules import Rules
from hitl_vault.vault.files import read_note
from hitl_vault.vault.layout import Folder, Layout, Place

Tell = Callable[[str], None]


class Strangers:
    """Adopts notes that agents write by themselves. For the active keeper alone."""

    def __init__(
        self,
        config: Config,
        layout: Layout,
        ledger: Ledger,
        *,
        monotonic: Callable[[], float],
        tell: Tell,
    ) -> None:
        self._settings = config.settings
        self._rules = Rules(config)
        self._layout = layout
        self._ledger = ledger
        self._monotonic = monotonic
        self._tell = tell
        self._later: Timers[Path] = Timers()
        self._seen: dict[Path, tuple[str, float]] = {}
        self._told: dict[Path, str] = {}

    def meet(self, place: Place) -> Record | None:
        """Look at a note that no request owns; return the request it became, if it did now."""
        if place.folder is not Folder.PENDING:
            return None
        try:
            data = read_note(place.path)
        except FileNotFoundError:
            self._forget(place.path)
            return None
        except BallotInvalid as problem:
            self._tell_once(place.path, str(problem))
            return None
        return self._adopt(place, data) if self._settled(place.path, data) else None

    def due(self) -> list[Place]:
        """Return the notes whose time to be looked at again has come."""
        places = (self._layout.classify(path) for path in self._later.due(self._monotonic()))
        return [place for place in places if place]

    def next_in(self) -> float | None:
        """Return the seconds until `due` has something, None if nothing waits."""
        first = self._later.next()
        return None if first is None else max(0.0, first - self._monotonic())

    def _settled(self, path: Path, data: bytes) -> bool:
        sha = hashlib.sha256(data).hexdigest()
        if self._seen.get(path, ("", 0.0))[0] == sha:
            return self._monotonic() >= self._seen[path][1] + self._settings.settle
        self._seen[path] = (sha, self._monotonic())
        self._later.set(path, self._monotonic() + self._settings.settle)
        return False

    def _adopt(self, place: Place, data: bytes) -> Record | None:
        try:
            asking = adoption.asking_of(
                place.name, data, requirement=self._settings.requirement, now=self._ledger.now()
            )
            asking = asking and adoption.ruled(asking, self._rules, self._ledger.now())
        except (BallotInvalid, PolicyInvalid) as problem:
            self._tell_once(place.path, f"{place.name} is not adopted: {problem}")
            return None
        if asking is None:
            return None
        if "digest" in asking.context or "hitl_digest" in asking.context:
            return self._returned(place, asking)
        self._forget(place.path)
        return self._ledger.write(adoption.job(asking))

    def _returned(self, place: Place, asking: acts.Asking) -> Record | None:
        """Return the request whose note an editor saved again after it was resolved, if it is one of ours."""
        ids = (asking.context.get(name) for name in ("hitl_id", "id"))
        id = next((id for id in ids if isinstance(id, str) and is_id(id)), "")
        try:
            record = self._ledger.record(id)
        except RequestNotFound:
            self._tell_once(place.path, f"{place.name} belongs to another ledger and is left alone")
            return None
        self._forget(place.path)
        return record if record.request.adopted else None

    def _forget(self, path: Path) -> None:
        self._seen.pop(path, None)
        self._later.cancel(path)
        self._told.pop(path, None)

    def _tell_once(self, path: Path, problem: str) -> None:
        if self._told.get(path) != problem:
            self._told[path] = problem
            self._tell(problem)
